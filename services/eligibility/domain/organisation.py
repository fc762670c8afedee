"""The registered organisation: roles, members, statements and accreditations. Its id is the key of its public body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from services.eligibility.domain.accreditation import AccreditationRecord, Move, Proposal, Term, event_of, granted, moved
from services.eligibility.domain.invoice_address import AddressChange
from services.eligibility.domain.members import (
    Member,
    checked,
    with_functions,
    with_people,
    without_people,
)
from services.eligibility.domain.organisation_members import OrganisationMembers
from services.eligibility.domain.registration import (
    ACCREDITED,
    REGISTERABLE,
    LeitwegChange,
    PublicBody,
    Registration,
    customer_details,
    known_roles,
    require_ordering,
)
from services.eligibility.domain.statement import FormerStatement, Statement
from services.eligibility.domain.transitions import DECISIONS, NOTE_NEEDED, OPEN, TRANSITIONS, Actor, Command
from services.eligibility.domain.vollmacht import Vollmacht
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.messages import eligibility as wire
from shared.messages.base import Message
from shared.messages.values import AccreditationState, Channel, Function, Role

MOST_STATEMENTS = 50


class Organisation(OrganisationMembers):
    """A registered organisation. Every change makes an event with the full public state."""

    @classmethod
    def register(cls, body: PublicBody, registration: Registration, at: datetime) -> tuple[Organisation, list[Message]]:
        """Register a body for the first time. Raises InvalidError for roles or details that do not fit."""
        roles = known_roles(registration.roles)
        if not roles:
            raise InvalidError("A registration needs at least one role.", code="roles_missing")
        details = customer_details(body, registration, roles)
        organisation = cls(
            id=body.id,
            name=body.name,
            type=body.type,
            state_code=body.state_code,
            ars=details.ars,
            leitweg_id=details.leitweg_id,
            invoice_address=details.invoice_address,
            roles=roles,
            members=(Member(person=registration.person),),
            registered_by=registration.person,
            capacity=registration.capacity,
            vollmacht=registration.vollmacht,
            registered_at=at,
            changed_at=at,
        )
        requested = registration.accreditations(roles)
        for channel, role in requested:
            organisation._add_accreditation(channel, role, registration.person, at)
        events: list[Message] = [wire.OrganisationRegistered(organisation=organisation.public())]
        events += [
            wire.AccreditationRequested(organisation=organisation.public(), accreditation=accreditation.public())
            for accreditation in organisation.accreditations
        ]
        return organisation, events

    def registered_again(self, registration: Registration) -> list[Message]:
        """Accept a repeat of the registration by the same person, with the same data.

        Raises ConflictError (``already_registered``) for any other, InvalidError for data that fit nobody.
        """
        body = PublicBody(self.id, self.name, self.type, self.state_code, self.ars)
        details = customer_details(body, registration, known_roles(registration.roles))
        channels = {accreditation.channel for accreditation in self.accreditations}
        given = (
            registration.capacity,
            details.ars or self.ars,
            details.leitweg_id or self.leitweg_id,
            details.invoice_address or self.invoice_address,
        )
        same_details = (
            given == (self.capacity, self.ars, self.leitweg_id, self.invoice_address)
            and set(registration.roles) <= set(self.roles)
            and {channel for channel, _ in registration.accreditations(self.roles)} <= channels
        )
        if registration.person == self.registered_by and same_details:
            return []
        if registration.person in self.users:
            detail = f"{self.name} is registered already; change roles and details on the organisation itself."
        else:
            detail = f"{self.name} is registered already by its first authorised person; ask an active user to add you."
        raise ConflictError(detail, code="already_registered", organisation=self.id)

    def change(
        self,
        person: str,
        at: datetime,
        *,
        add_roles: Sequence[Role] = (),
        add_users: Sequence[str] = (),
        remove_users: Sequence[str] = (),
        functions: Mapping[str, Sequence[Function]] | None = None,
        leitweg_id: LeitwegChange | None = None,
        invoice_address: AddressChange | None = None,
    ) -> list[Message]:
        """Add roles, add or remove users, give functions by person, set or remove Leitweg-ID and invoice address.

        Raises ForbiddenError without VERWALTUNG, InvalidError (``require_ordering`` too), and ConflictError as ``checked``.
        """
        self.require(person, Function.VERWALTUNG)
        appointed = tuple(role for role in self.roles if role not in REGISTERABLE)
        roles = (*known_roles((*(role for role in self.roles if role not in appointed), *add_roles)), *appointed)
        wished = with_functions(with_people(self.members, add_users), functions or {})
        members = checked(self.name, without_people(wished, remove_users))
        leitweg = self.leitweg_id if leitweg_id is None else leitweg_id.parsed()
        address = self.invoice_address if invoice_address is None else invoice_address.parsed()
        if leitweg not in (None, self.leitweg_id) or address not in (None, self.invoice_address):
            require_ordering(roles)
        if (roles, members, leitweg, address) == (self.roles, self.members, self.leitweg_id, self.invoice_address):
            return []
        self._set_members(members)
        self.roles, self.leitweg_id, self.invoice_address, self.changed_at = roles, leitweg, address, at
        return [wire.OrganisationChanged(organisation=self.public())]

    def put_vollmacht(self, vollmacht: Vollmacht | None, person: str, at: datetime) -> list[Message]:
        """Record the Vollmacht of the authorised person in place of the one before, None: delete it."""
        self.require(person, Function.VERWALTUNG)
        if vollmacht == self.vollmacht:
            return []
        self.vollmacht, self.changed_at = vollmacht, at
        return [wire.OrganisationChanged(organisation=self.public())]

    def expire_vollmacht(self, before: datetime, at: datetime) -> list[Message]:
        """Delete a Vollmacht that was brought before a moment."""
        if self.vollmacht is None or self.vollmacht.brought_at >= before:
            return []
        self.vollmacht, self.changed_at = None, at
        return [wire.OrganisationChanged(organisation=self.public())]

    def state_relation(self, statement: Statement, person: str, at: datetime) -> list[Message]:
        """Record a statement; open accreditations rest on it too. The same statement again changes nothing."""
        self.require(person, Function.BEARBEITUNG)
        if statement.path[0] != self.id:
            raise InvalidError("The first leg of the path must be the organisation's own.", code="own_leg_missing")
        if any(known.id == statement.id for known in self.statements):
            return []
        if len(self.statements) >= MOST_STATEMENTS:
            raise ConflictError(f"{self.name} has {MOST_STATEMENTS} statements on file.", code="too_many_statements")
        self.statements = (*self.statements, statement)
        self.accreditations = tuple(
            a.model_copy(update={"statements": (*a.statements, statement.id)}) if a.state in OPEN else a
            for a in self.accreditations
        )
        self.changed_at = at
        return [wire.OrganisationChanged(organisation=self.public())]

    def take_back(self, statement_id: str, person: str, at: datetime, reason: str | None) -> list[Message]:
        """Withdraw a statement: no open accreditation rests on it any more. One taken back already changes nothing.

        Raises NotFoundError, and ConflictError (``statement_confirmed``) while an Anbieter has granted on it.
        """
        self.require(person, Function.BEARBEITUNG)
        statement = next((known for known in self.statements if known.id == statement_id), None)
        if statement is None:
            if any(former.statement.id == statement_id for former in self.former_statements):
                return []
            raise NotFoundError(f"{self.name} has no such statement on file.", code="statement_unknown", statement=statement_id)
        standing_by = [a.channel.value for a in self.accreditations if a.confirms(statement_id)]
        if standing_by:
            raise ConflictError(
                f"{', '.join(standing_by)} has accredited {self.name} on this statement; ask for a grant on another one first.",
                code="statement_confirmed",
                channels=standing_by,
            )
        self.statements = tuple(known for known in self.statements if known.id != statement_id)
        former = FormerStatement(statement=statement, taken_back_by=person, taken_back_at=at, reason=reason)
        self.former_statements = (*self.former_statements, former)[-MOST_STATEMENTS:]
        self.accreditations = tuple(a.without(statement_id) if a.state in OPEN else a for a in self.accreditations)
        self.changed_at = at
        return [wire.OrganisationChanged(organisation=self.public())]

    def request_accreditation(self, channel: Channel, role: Role, person: str, at: datetime) -> list[Message]:
        """Ask an Anbieter for accreditation in a role that the organisation holds, for the first time or again."""
        self.require(person, Function.VERWALTUNG)
        if role not in ACCREDITED or role not in self.roles:
            raise InvalidError(
                f"{self.name} cannot be accredited as {role}: it must hold the role first.", code="role_not_held", role=role.value
            )
        if self.find_accreditation(channel, role) is None:
            self._add_accreditation(channel, role, person, at)
            self.changed_at = at
            record = self.get_accreditation(channel, role)
            return [wire.AccreditationRequested(organisation=self.public(), accreditation=record.public())]
        move = Move(Command.REQUEST, channel, role, Actor.ORGANISATION, at, person)
        return self.move(move)

    def move(self, move: Move, *, four_eyes: bool = False) -> list[Message]:
        """Apply a command other than a grant. ``four_eyes``: a decision holds once a second person confirms it.

        Raises ForbiddenError, IllegalMoveError, NotFoundError, InvalidError.
        """
        record = self.get_accreditation(move.channel, move.role)
        state = TRANSITIONS.check(move.command, record.state, move.actor)
        if state is None:
            return []
        if move.actor is Actor.ORGANISATION and move.person is not None:
            self.require(move.person, Function.VERWALTUNG if move.command is Command.REQUEST else Function.BEARBEITUNG)
        if move.command in NOTE_NEEDED and not move.note:
            raise InvalidError(f"'{move.command}' needs a text that says what it is about.", code="note_missing")
        if four_eyes and move.command in DECISIONS and not _confirms(record, move, Term()):
            return self._propose(record, Proposal.of(move, Term()))
        after = moved(record, move, state)
        if move.command in (Command.REQUEST, Command.ANSWER):
            after = after.model_copy(update={"statements": tuple(statement.id for statement in self.statements)})
        self._replace(after, move.at)
        return [event_of(move, self.public(), after)]

    def grant(self, move: Move, term: Term, today: date, default_end: date, *, four_eyes: bool = False) -> list[Message]:
        """Grant, or renew with another term. The same grant again changes nothing. Raises as ``move``, and InvalidError."""
        record = self.get_accreditation(move.channel, move.role)
        state = TRANSITIONS.check(Command.GRANT, record.state, move.actor)
        unknown = set(term.statements or ()) - {statement.id for statement in self.statements}
        if unknown:
            raise InvalidError(
                f"{self.name} has no such statement on file.", code="statement_unknown", statements=sorted(unknown)
            )
        confirmed = record.proposal if four_eyes and _confirms(record, move, term) else None
        if confirmed is not None:
            term, move = confirmed.term, replace(move, note=move.note or confirmed.note)
        with_term = granted(record, term, today, default_end)
        if state is None or (record.state is state and with_term.model_copy(update={"proposal": None}) == record):
            return []
        if four_eyes and confirmed is None:
            return self._propose(record, Proposal.of(move, term))
        after = moved(with_term, move, state)
        self._replace(after, move.at)
        return [event_of(move, self.public(), after)]

    def _propose(self, record: AccreditationRecord, proposal: Proposal) -> list[Message]:
        present = record.proposal
        if present is not None and present.model_copy(update={"at": proposal.at}) == proposal:
            return []
        self._replace(record.model_copy(update={"proposal": proposal}), proposal.at)
        return [wire.OrganisationChanged(organisation=self.public())]

    def expire(self, today: date, at: datetime) -> list[Message]:
        """Expire every granted accreditation whose term has ended."""
        due = [
            a
            for a in self.accreditations
            if a.state is AccreditationState.ERTEILT and a.valid_to is not None and a.valid_to <= today
        ]
        return [event for a in due for event in self.move(Move(Command.EXPIRE, a.channel, a.role, Actor.SYSTEM, at))]

    def restate(self) -> list[Message]:
        """Republish the public state, for readers of a rebuilt topic."""
        return [wire.OrganisationRestated(organisation=self.public())]

    def _add_accreditation(self, channel: Channel, role: Role, person: str, at: datetime) -> None:
        statements = tuple(statement.id for statement in self.statements)
        record = AccreditationRecord.request(channel, role, statements, person, at)
        self.accreditations = (*self.accreditations, record)

    def _replace(self, after: AccreditationRecord, at: datetime) -> None:
        self.accreditations = tuple(
            after if (a.channel, a.role) == (after.channel, after.role) else a for a in self.accreditations
        )
        self.changed_at = at


def _confirms(record: AccreditationRecord, move: Move, term: Term) -> bool:
    return record.proposal is not None and record.proposal.confirmed_by(move, term)
