"""The states of a notification and who may lead it from one to the next, as a table."""

from __future__ import annotations

from enum import StrEnum

from shared.aggregate.base import StateMachine, Transition


class NotificationState(StrEnum):
    """States of a notification. IN_ZUSTELLUNG: a worker holds the claim on it."""

    VORGEMERKT = "VORGEMERKT"
    IN_ZUSTELLUNG = "IN_ZUSTELLUNG"
    ZUGESTELLT = "ZUGESTELLT"
    GELESEN = "GELESEN"
    FEHLGESCHLAGEN = "FEHLGESCHLAGEN"
    VERWORFEN = "VERWORFEN"


class Command(StrEnum):
    """What may be done with a notification."""

    FILE = "FILE"
    CLAIM = "CLAIM"
    RELEASE = "RELEASE"
    POSTPONE = "POSTPONE"
    DELIVER = "DELIVER"
    FAIL = "FAIL"
    DROP = "DROP"
    RETRY = "RETRY"
    READ = "READ"


class Actor(StrEnum):
    """Who does it: the marketplace itself, a worker that sends mail, the recipient, whoever runs the marketplace."""

    SYSTEM = "SYSTEM"
    WORKER = "WORKER"
    RECIPIENT = "RECIPIENT"
    OPERATOR = "OPERATOR"


_S = NotificationState
_QUEUED = frozenset({_S.VORGEMERKT, _S.IN_ZUSTELLUNG})
_CLAIMED = frozenset({_S.IN_ZUSTELLUNG})

TRANSITIONS = StateMachine(
    (
        Transition(Command.FILE, frozenset({_S.VORGEMERKT}), _S.ZUGESTELLT, frozenset({Actor.SYSTEM})),
        Transition(Command.CLAIM, _QUEUED, _S.IN_ZUSTELLUNG, frozenset({Actor.WORKER})),
        Transition(Command.RELEASE, _CLAIMED, _S.VORGEMERKT, frozenset({Actor.WORKER})),
        Transition(Command.POSTPONE, _CLAIMED, _S.VORGEMERKT, frozenset({Actor.WORKER})),
        Transition(Command.DELIVER, _CLAIMED, _S.ZUGESTELLT, frozenset({Actor.WORKER})),
        Transition(Command.FAIL, _CLAIMED, _S.FEHLGESCHLAGEN, frozenset({Actor.WORKER})),
        Transition(Command.DROP, _QUEUED, _S.VERWORFEN, frozenset({Actor.SYSTEM, Actor.WORKER})),
        Transition(Command.RETRY, frozenset({_S.FEHLGESCHLAGEN}), _S.VORGEMERKT, frozenset({Actor.OPERATOR})),
        Transition(Command.READ, frozenset({_S.ZUGESTELLT}), _S.GELESEN, frozenset({Actor.RECIPIENT})),
    )
)
