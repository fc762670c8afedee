"""The states of an accreditation and who may lead it from one to the next, as a table."""

from __future__ import annotations

from enum import StrEnum

from shared.aggregate.base import StateMachine, Transition
from shared.messages.values import AccreditationState

S = AccreditationState


class Command(StrEnum):
    """What can be done with an accreditation."""

    REQUEST = "request"
    REVIEW = "review"
    QUERY = "query"
    ANSWER = "answer"
    GRANT = "grant"
    REFUSE = "refuse"
    REVOKE = "revoke"
    EXPIRE = "expire"


class Actor(StrEnum):
    """Who acts: staff of the Anbieter of the channel, a user of the organisation, or the clock."""

    ANBIETER = "ANBIETER"
    ORGANISATION = "ORGANISATION"
    SYSTEM = "SYSTEM"


def _row(command: Command, sources: set[S], target: S, actor: Actor) -> Transition[Command, S, Actor]:
    return Transition(command, frozenset(sources), target, frozenset({actor}))


FIRST_STATE = S.BEANTRAGT
NOTE_NEEDED = frozenset({Command.QUERY, Command.ANSWER, Command.REFUSE, Command.REVOKE})
DECISIONS = frozenset({Command.GRANT, Command.REFUSE, Command.REVOKE})
"""What two persons of the Anbieter must do where four eyes are set."""
OPEN = frozenset({S.BEANTRAGT, S.IN_PRUEFUNG, S.RUECKFRAGE})
CLOSED = frozenset({S.ABGELEHNT, S.ABGELAUFEN, S.ENTZOGEN})
TRANSITIONS = StateMachine(
    (
        _row(Command.REQUEST, {S.ABGELEHNT, S.ABGELAUFEN, S.ENTZOGEN}, S.BEANTRAGT, Actor.ORGANISATION),
        _row(Command.REVIEW, {S.BEANTRAGT}, S.IN_PRUEFUNG, Actor.ANBIETER),
        _row(Command.QUERY, {S.IN_PRUEFUNG}, S.RUECKFRAGE, Actor.ANBIETER),
        _row(Command.ANSWER, {S.RUECKFRAGE}, S.IN_PRUEFUNG, Actor.ORGANISATION),
        # A grant in force may be renewed: with a longer term, or on further statements.
        _row(Command.GRANT, {S.IN_PRUEFUNG, S.RUECKFRAGE, S.ERTEILT}, S.ERTEILT, Actor.ANBIETER),
        _row(Command.REFUSE, {S.IN_PRUEFUNG, S.RUECKFRAGE}, S.ABGELEHNT, Actor.ANBIETER),
        _row(Command.REVOKE, {S.ERTEILT}, S.ENTZOGEN, Actor.ANBIETER),
        _row(Command.EXPIRE, {S.ERTEILT}, S.ABGELAUFEN, Actor.SYSTEM),
    )
)
