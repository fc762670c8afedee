"""Accreditation of one organisation at one Anbieter in one role: who may do what when, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.eligibility.rules.facts import holds
from shared.aggregate.base import StateMachine, Transition
from shared.errors import InvalidError
from shared.messages import eligibility as wire
from shared.messages.base import Value
from shared.messages.values import AccreditationState, Channel, EntityId, PersonRef, Role, Text, Time

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
OPEN = frozenset({S.BEANTRAGT, S.IN_PRUEFUNG, S.RUECKFRAGE})
TRANSITIONS = StateMachine(
    (
        _row(Command.REQUEST, {S.ABGELEHNT, S.ABGELAUFEN, S.ENTZOGEN}, S.BEANTRAGT, Actor.ORGANISATION),
        _row(Command.REVIEW, {S.BEANTRAGT}, S.IN_PRUEFUNG, Actor.ANBIETER),
        _row(Command.QUERY, {S.IN_PRUEFUNG}, S.RUECKFRAGE, Actor.ANBIETER),
        _row(Command.ANSWER, {S.RUECKFRAGE}, S.IN_PRUEFUNG, Actor.ORGANISATION),
        # A grant in force may be granted anew: with a longer term, or on further statements.
        _row(Command.GRANT, {S.IN_PRUEFUNG, S.RUECKFRAGE, S.ERTEILT}, S.ERTEILT, Actor.ANBIETER),
        _row(Command.REFUSE, {S.IN_PRUEFUNG, S.RUECKFRAGE}, S.ABGELEHNT, Actor.ANBIETER),
        _row(Command.REVOKE, {S.ERTEILT}, S.ENTZOGEN, Actor.ANBIETER),
        _row(Command.EXPIRE, {S.ERTEILT}, S.ABGELAUFEN, Actor.SYSTEM),
    )
)


class Step(Value):
    """One entry of the history. ``person`` is a reference and stays in this store."""

    command: Command
    state: AccreditationState
    actor: Actor
    person: PersonRef | None = None
    note: Text | None = None
    at: Time


class AccreditationRecord(Value):
    """Standing, grounds and history. ``statements`` are those it rests on; [valid_from, valid_to) is its term once granted."""

    channel: Channel
    role: Role
    state: AccreditationState
    statements: tuple[EntityId, ...] = ()
    question: Text | None = None
    reason: Text | None = None
    decider: PersonRef | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    requested_at: Time
    history: tuple[Step, ...] = ()

    def public(self) -> wire.Accreditation:
        """Return what others may know of it."""
        return wire.Accreditation(
            channel=self.channel, role=self.role, state=self.state, valid_from=self.valid_from, valid_to=self.valid_to
        )

    def confirms(self, statement_id: str) -> bool:
        """Tell whether the Anbieter stands behind a statement: it granted on it and the grant is in force."""
        return self.state is AccreditationState.ERTEILT and statement_id in self.statements


@dataclass(frozen=True, slots=True)
class Term:
    """What a grant says: its period and the statements it rests on. None leaves what is there, or takes the default."""

    valid_from: date | None = None
    valid_to: date | None = None
    statements: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One command on one accreditation. ``note``: the question, the answer or the reason."""

    command: Command
    channel: Channel
    role: Role
    actor: Actor
    at: datetime
    person: str | None = None
    note: str | None = None


def moved(record: AccreditationRecord, move: Move, state: AccreditationState) -> AccreditationRecord:
    """Return the record after a move into ``state`` that the table allows."""
    step = Step(command=move.command, state=state, actor=move.actor, person=move.person, note=move.note, at=move.at)
    update: dict[str, object] = {"state": state, "history": (*record.history, step)}
    match move.command:
        case Command.QUERY:
            update["question"] = move.note
        case Command.GRANT | Command.REFUSE | Command.REVOKE:
            update |= {"decider": move.person, "reason": move.note}
        case Command.REQUEST:
            update |= {"requested_at": move.at, "question": None, "reason": None, "decider": None}
            update |= {"valid_from": None, "valid_to": None}
    return record.model_copy(update=update)


def granted(record: AccreditationRecord, term: Term, today: date, default_end: date) -> AccreditationRecord:
    """Return the record with the term of a grant. Raises InvalidError (``term_invalid``) for an empty or past period."""
    renewed = record.state is AccreditationState.ERTEILT
    valid_from = term.valid_from or (record.valid_from if renewed else today)
    valid_to = term.valid_to or (record.valid_to if renewed else default_end)
    if valid_to is not None and (valid_to <= today or not holds(None, valid_to, valid_from or today)):
        raise InvalidError(
            f"The accreditation would end before {valid_to}; it must end after today and after it begins.",
            code="term_invalid",
            valid_from=str(valid_from),
            valid_to=str(valid_to),
        )
    statements = record.statements if term.statements is None else term.statements
    return record.model_copy(update={"valid_from": valid_from, "valid_to": valid_to, "statements": statements})
