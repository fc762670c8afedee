"""The states of a contract and who may lead it from one to the next, as a table."""

from __future__ import annotations

from enum import StrEnum

from shared.aggregate.base import StateMachine, Transition


class ContractState(StrEnum):
    """States of a contract. ANGEFORDERT is the draft in a processor's hands and is never stored.

    ENTWURF, ANGEBOTEN: nobody, or one side, has signed. GESCHLOSSEN, GEKUENDIGT, BEENDET: binding. The others: dead.
    """

    ANGEFORDERT = "ANGEFORDERT"
    ENTWURF = "ENTWURF"
    ANGEBOTEN = "ANGEBOTEN"
    GESCHLOSSEN = "GESCHLOSSEN"
    GEKUENDIGT = "GEKUENDIGT"
    BEENDET = "BEENDET"
    ABGELEHNT = "ABGELEHNT"
    ZURUECKGEZOGEN = "ZURUECKGEZOGEN"
    VERFALLEN = "VERFALLEN"
    NICHTIG = "NICHTIG"


RUNNING = frozenset({ContractState.GESCHLOSSEN, ContractState.GEKUENDIGT})
BINDING = RUNNING | {ContractState.BEENDET}


class Command(StrEnum):
    """What can be done with a contract."""

    OFFER = "offer"
    SIGN = "sign"
    RELEASE = "release"
    CONCLUDE = "conclude"
    DECLINE = "decline"
    REFUSE = "refuse"
    TERMINATE = "terminate"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    TURN_DOWN = "turn_down"
    TAKE_BACK = "take_back"
    END = "end"
    PROPOSE_CHANGE = "propose_change"
    CONSENT_TO_CHANGE = "consent_to_change"
    RELEASE_CHANGE = "release_change"
    REFUSE_CHANGE = "refuse_change"


class Actor(StrEnum):
    """Who acts on a contract. Its processor alone forms it and gives it a number; the Anbieter countersigns."""

    PROZESSOR = "PROZESSOR"
    ANBIETER = "ANBIETER"
    KUNDE = "KUNDE"
    BEREITSTELLER = "BEREITSTELLER"


PENDING = frozenset({ContractState.ENTWURF, ContractState.ANGEBOTEN})
"""Stored, and neither binding nor dead yet."""
DEAD = frozenset(ContractState) - BINDING - PENDING - {ContractState.ANGEFORDERT}
"""Nothing rests on it any more."""
_DRAFT = frozenset({ContractState.ANGEFORDERT})
_OFFERED = frozenset({ContractState.ANGEBOTEN})
_PROCESSOR = frozenset({Actor.PROZESSOR})
_ANBIETER = frozenset({Actor.ANBIETER})
_PARTY = frozenset({Actor.KUNDE, Actor.BEREITSTELLER})
_SIDES = frozenset({Actor.KUNDE, Actor.ANBIETER, Actor.BEREITSTELLER})
TRANSITIONS = StateMachine(
    (
        Transition(Command.OFFER, _DRAFT, ContractState.ANGEBOTEN, _PROCESSOR),
        Transition(Command.SIGN, _OFFERED, None, _ANBIETER),
        Transition(Command.RELEASE, _OFFERED, None, _ANBIETER),
        Transition(Command.CONCLUDE, _DRAFT | _OFFERED, ContractState.GESCHLOSSEN, _PROCESSOR),
        Transition(Command.DECLINE, _OFFERED, ContractState.ABGELEHNT, _ANBIETER),
        Transition(Command.REFUSE, _DRAFT | _OFFERED, ContractState.ABGELEHNT, _PROCESSOR),
        Transition(Command.TERMINATE, RUNNING, ContractState.GEKUENDIGT, frozenset(Actor)),
        Transition(Command.WITHDRAW, PENDING, ContractState.ZURUECKGEZOGEN, _PROCESSOR),
        Transition(Command.ACCEPT, _OFFERED, None, _PARTY),
        Transition(Command.TURN_DOWN, _OFFERED, ContractState.ABGELEHNT, _PARTY),
        Transition(Command.TAKE_BACK, _OFFERED, ContractState.ZURUECKGEZOGEN, _PARTY),
        Transition(Command.END, RUNNING, ContractState.BEENDET, _PROCESSOR),
        Transition(Command.PROPOSE_CHANGE, RUNNING, None, _SIDES),
        Transition(Command.CONSENT_TO_CHANGE, RUNNING, None, _SIDES),
        Transition(Command.RELEASE_CHANGE, RUNNING, None, _ANBIETER),
        Transition(Command.REFUSE_CHANGE, RUNNING, None, _SIDES),
    )
)
