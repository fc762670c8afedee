"""Accreditation of one organisation at one Anbieter in one role: its record, and its events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.eligibility.domain.transitions import FIRST_STATE, Actor, Command
from services.eligibility.rules.facts import holds
from shared.errors import InvalidError
from shared.messages import eligibility as wire
from shared.messages.base import Message, Value
from shared.messages.values import AccreditationState, Channel, EntityId, PersonRef, Role, Text, Time


class Step(Value):
    """One entry of the history. ``person`` is a reference and stays in this store."""

    command: Command
    state: AccreditationState
    actor: Actor
    person: PersonRef | None = None
    note: Text | None = None
    at: Time


class AccreditationRecord(Value):
    """State, grounds and history. ``statements`` are those it rests on; [valid_from, valid_to) is its term once granted."""

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

    @classmethod
    def request(cls, channel: Channel, role: Role, statements: tuple[str, ...], person: str, at: datetime) -> AccreditationRecord:
        """Return the record of a first request, which rests on these statements."""
        step = Step(command=Command.REQUEST, state=FIRST_STATE, actor=Actor.ORGANISATION, person=person, at=at)
        return cls(channel=channel, role=role, state=FIRST_STATE, statements=statements, requested_at=at, history=(step,))

    def public(self) -> wire.Accreditation:
        """Return what others may know of it."""
        return wire.Accreditation(
            channel=self.channel, role=self.role, state=self.state, valid_from=self.valid_from, valid_to=self.valid_to
        )

    def confirms(self, statement_id: str) -> bool:
        """Return whether the Anbieter stands behind a statement: it granted on it and the grant is in force."""
        return self.state is AccreditationState.ERTEILT and statement_id in self.statements


@dataclass(frozen=True, slots=True)
class Term:
    """What a grant holds: its period and the statements it rests on. None leaves what is there, or takes the default."""

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


def event_of(move: Move, organisation: wire.Organisation, accreditation: wire.Accreditation) -> Message:
    """Return the event of a move, with the public state after it."""
    match move.command:
        case Command.REQUEST | Command.ANSWER:
            return wire.AccreditationRequested(organisation=organisation, accreditation=accreditation)
        case Command.QUERY:
            return wire.AccreditationQueried(organisation=organisation, accreditation=accreditation, question=move.note or "-")
        case Command.REVIEW:
            return wire.OrganisationChanged(organisation=organisation)
        case _:
            return wire.AccreditationDecided(organisation=organisation, accreditation=accreditation, reason=move.note)
