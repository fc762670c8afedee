"""Accreditation of one organisation at one Anbieter in one role: its record, and its events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from services.eligibility.domain.transitions import FIRST_STATE, Actor, Command
from shared.errors import InvalidError
from shared.messages import eligibility as wire
from shared.messages.base import Message, Value
from shared.messages.values import AccreditationState, Channel, EntityId, PersonRef, Role, Text, Time


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


class Step(Value):
    """One entry of the history. ``person`` is a reference and stays in this store; a grant holds the term that it gave."""

    command: Command
    state: AccreditationState
    actor: Actor
    person: PersonRef | None = None
    note: Text | None = None
    at: Time
    valid_from: date | None = None
    valid_to: date | None = None


class Proposal(Value):
    """A decision that a second person of the Anbieter has still to confirm (four eyes). Only the Anbieter knows of it."""

    command: Command
    person: PersonRef
    note: Text | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    statements: tuple[EntityId, ...] | None = None
    at: Time

    @property
    def term(self) -> Term:
        """The term that was proposed."""
        return Term(self.valid_from, self.valid_to, self.statements)

    @classmethod
    def of(cls, move: Move, term: Term) -> Proposal:
        """Return a decision as a proposal. Raises InvalidError (``person_missing``) if nobody answers for it."""
        if move.person is None:
            raise InvalidError("A decision needs a person who answers for it.", code="person_missing")
        return cls(
            command=move.command,
            person=move.person,
            note=move.note,
            valid_from=term.valid_from,
            valid_to=term.valid_to,
            statements=term.statements,
            at=move.at,
        )

    def confirmed_by(self, move: Move, term: Term) -> bool:
        """Return whether another person takes the same decision: the same command, and no other term."""
        return move.command is self.command and move.person != self.person and term in (Term(), self.term)


class Reminded(Value):
    """That so many reminders of the wait at an accreditation that began then were given, the last one at a moment."""

    channel: Channel
    role: Role
    since: Time
    count: Annotated[int, Field(ge=1)]
    at: Time


class AccreditationRecord(Value):
    """State, grounds and history. ``statements`` are those it rests on; [valid_from, valid_to) is its term once granted.

    ``decider`` has decided; ``proposer``, another person, has proposed it where two must (four eyes), None elsewhere.
    """

    channel: Channel
    role: Role
    state: AccreditationState
    statements: tuple[EntityId, ...] = ()
    question: Text | None = None
    reason: Text | None = None
    decider: PersonRef | None = None
    proposer: PersonRef | None = None
    proposal: Proposal | None = None
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

    def without(self, statement_id: str) -> AccreditationRecord:
        """Return the record resting on all its statements but this one."""
        return self.model_copy(update={"statements": tuple(known for known in self.statements if known != statement_id)})

    def confirms(self, statement_id: str) -> bool:
        """Return whether the Anbieter stands behind a statement: it granted on it and the grant is in force."""
        return self.state is AccreditationState.ERTEILT and statement_id in self.statements


def moved(record: AccreditationRecord, move: Move, state: AccreditationState) -> AccreditationRecord:
    """Return the record after a move into ``state`` that the table allows."""
    term = (record.valid_from, record.valid_to) if move.command is Command.GRANT else (None, None)
    step = Step(
        command=move.command,
        state=state,
        actor=move.actor,
        person=move.person,
        note=move.note,
        at=move.at,
        valid_from=term[0],
        valid_to=term[1],
    )
    update: dict[str, object] = {"state": state, "history": (*record.history, step), "proposal": None}
    match move.command:
        case Command.QUERY:
            update["question"] = move.note
        case Command.GRANT | Command.REFUSE | Command.REVOKE:
            proposer = None if record.proposal is None else record.proposal.person
            update |= {"decider": move.person, "proposer": proposer, "reason": move.note}
        case Command.REQUEST:
            update |= {"requested_at": move.at, "question": None, "reason": None, "decider": None, "proposer": None}
            update |= {"valid_from": None, "valid_to": None}
    return record.model_copy(update=update)


def granted(record: AccreditationRecord, term: Term, today: date, default_end: date) -> AccreditationRecord:
    """Return the record with the term of a grant. Raises InvalidError (``term_invalid``) for an empty or past period."""
    renewed = record.state is AccreditationState.ERTEILT
    valid_from = term.valid_from or (record.valid_from if renewed else today)
    valid_to = term.valid_to or (record.valid_to if renewed else default_end)
    if valid_to is not None and valid_to <= max(today, valid_from or today):
        raise InvalidError(
            f"The accreditation would end before {valid_to}; it must end after today and after it begins.",
            code="term_invalid",
            valid_from=str(valid_from),
            valid_to=str(valid_to),
        )
    statements = record.statements if term.statements is None else term.statements
    return record.model_copy(update={"valid_from": valid_from, "valid_to": valid_to, "statements": statements})


def event_of(move: Move, organisation: wire.Organisation, record: AccreditationRecord) -> Message:
    """Return the event of a move, with the public state after it."""
    accreditation = record.public()
    match move.command:
        case Command.REQUEST:
            return wire.AccreditationRequested(organisation=organisation, accreditation=accreditation)
        case Command.ANSWER:
            return wire.AccreditationAnswered(
                organisation=organisation, accreditation=accreditation, question=record.question, answer=move.note or "-"
            )
        case Command.QUERY:
            return wire.AccreditationQueried(organisation=organisation, accreditation=accreditation, question=move.note or "-")
        case Command.REVIEW:
            return wire.OrganisationChanged(organisation=organisation)
        case _:
            return wire.AccreditationDecided(organisation=organisation, accreditation=accreditation, reason=move.note)
