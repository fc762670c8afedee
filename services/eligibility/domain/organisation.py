"""The registered organisation: roles, users, statements and accreditations. Its id is the key of its public body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import SerializerFunctionWrapHandler, computed_field, model_serializer

from services.eligibility.domain.accreditation import AccreditationRecord, Move, Term, event_of, granted, moved
from services.eligibility.domain.registration import (
    ACCREDITED,
    Capacity,
    PublicBody,
    Registration,
    customer_details,
    known_roles,
)
from services.eligibility.domain.statement import Statement
from services.eligibility.domain.transitions import NOTE_NEEDED, OPEN, TRANSITIONS, Actor, Command
from shared.aggregate.base import Aggregate
from shared.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from shared.ids import person_mark
from shared.leitweg import parse_leitweg_id
from shared.messages import eligibility as wire
from shared.messages.base import Message
from shared.messages.values import AccreditationState, Ars, Channel, Line, OrganisationType, PersonRef, Role, Time

MOST_STATEMENTS = 50
MOST_USERS = 200
MOST_FORMER_USERS = 200


class Organisation(Aggregate):
    """State of a registered organisation. Every change makes an event with the full public state."""

    name: Line
    type: OrganisationType
    state_code: Line | None = None
    ars: Ars | None = None
    leitweg_id: Line | None = None
    roles: tuple[Role, ...]
    users: tuple[PersonRef, ...]
    former_users: tuple[PersonRef, ...] = ()
    registered_by: PersonRef
    capacity: Capacity
    statements: tuple[Statement, ...] = ()
    accreditations: tuple[AccreditationRecord, ...] = ()
    registered_at: Time
    changed_at: Time

    @computed_field  # type: ignore[prop-decorator] # pydantic's own way to store a derived field
    @property
    def expires_on(self) -> date | None:
        """The first day on which a granted accreditation no longer holds; index of the expiry run."""
        ends = [a.valid_to for a in self.accreditations if a.state is AccreditationState.ERTEILT and a.valid_to]
        return min(ends, default=None)

    @classmethod
    def register(cls, body: PublicBody, registration: Registration, at: datetime) -> tuple[Organisation, list[Message]]:
        """Register a body for the first time. Raises InvalidError for roles, ARS or Leitweg-ID that do not fit."""
        roles = known_roles(registration.roles)
        if not roles:
            raise InvalidError("A registration needs at least one role.", code="roles_missing")
        ars, leitweg_id = customer_details(body, registration, roles)
        organisation = cls(
            id=body.id,
            name=body.name,
            type=body.type,
            state_code=body.state_code,
            ars=ars,
            leitweg_id=leitweg_id,
            roles=roles,
            users=(registration.person,),
            registered_by=registration.person,
            capacity=registration.capacity,
            registered_at=at,
            changed_at=at,
        )
        requested = [(c, r) for c in dict.fromkeys(registration.anbieter) for r in roles if r in ACCREDITED]
        for channel, role in requested:
            organisation._add_accreditation(channel, role, registration.person, at)
        events: list[Message] = [wire.OrganisationRegistered(organisation=organisation.public())]
        events += [
            wire.AccreditationRequested(organisation=organisation.public(), accreditation=accreditation.public())
            for accreditation in organisation.accreditations
        ]
        return organisation, events

    def registered_again(self, registration: Registration) -> list[Message]:
        """Accept a repeated registration by the same person. Raises ConflictError (``already_registered``) for any other."""
        same_details = set(registration.roles) <= set(self.roles) and set(registration.anbieter) <= {
            accreditation.channel for accreditation in self.accreditations
        }
        if registration.person == self.registered_by and same_details:
            return []
        if registration.person in self.users:
            detail = f"{self.name} is registered already; change roles and details on the organisation itself."
        else:
            detail = f"{self.name} is registered already by its first authorised person; ask an active user to add you."
        raise ConflictError(detail, code="already_registered", organisation=self.id)

    def require_user(self, person: str) -> None:
        """Return if the person is an active user. Raises ForbiddenError (``not_a_user``)."""
        if person not in self.users:
            raise ForbiddenError(f"You are no active user of {self.name}; an active user can add you.", code="not_a_user")

    def change(
        self,
        person: str,
        at: datetime,
        *,
        add_roles: Sequence[Role] = (),
        add_users: Sequence[str] = (),
        remove_users: Sequence[str] = (),
        leitweg_id: str | None = None,
    ) -> list[Message]:
        """Add roles, add or remove users, set the Leitweg-ID. Raises InvalidError; ConflictError if no user would be left."""
        self.require_user(person)
        roles = known_roles((*self.roles, *add_roles))
        users = tuple(user for user in dict.fromkeys((*self.users, *add_users)) if user not in remove_users)
        if not users:
            raise ConflictError(f"{self.name} would have no active user left.", code="last_user")
        if len(users) > MOST_USERS:
            raise InvalidError(f"An organisation has at most {MOST_USERS} users.", code="too_many_users")
        leitweg = self.leitweg_id if leitweg_id is None else parse_leitweg_id(leitweg_id)
        if (roles, users, leitweg) == (self.roles, self.users, self.leitweg_id):
            return []
        left = (*self.former_users, *self.users)
        self.former_users = tuple(user for user in dict.fromkeys(left) if user not in users)[-MOST_FORMER_USERS:]
        self.roles, self.users, self.leitweg_id, self.changed_at = roles, users, leitweg, at
        return [wire.OrganisationChanged(organisation=self.public())]

    def state_relation(self, statement: Statement, person: str, at: datetime) -> list[Message]:
        """Record a statement; open accreditations rest on it too. The same statement again changes nothing."""
        self.require_user(person)
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

    def request_accreditation(self, channel: Channel, role: Role, person: str, at: datetime) -> list[Message]:
        """Ask an Anbieter for accreditation in a role that the organisation holds, for the first time or again."""
        self.require_user(person)
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

    def move(self, move: Move) -> list[Message]:
        """Apply a command other than a grant. Raises ForbiddenError, IllegalMoveError, NotFoundError."""
        record = self.get_accreditation(move.channel, move.role)
        state = TRANSITIONS.check(move.command, record.state, move.actor)
        if state is None:
            return []
        if move.actor is Actor.ORGANISATION and move.person is not None:
            self.require_user(move.person)
        if move.command in NOTE_NEEDED and not move.note:
            raise InvalidError(f"'{move.command}' needs a text that says what it is about.", code="note_missing")
        after = moved(record, move, state)
        if move.command in (Command.REQUEST, Command.ANSWER):
            after = after.model_copy(update={"statements": tuple(statement.id for statement in self.statements)})
        self._replace(after, move.at)
        return [event_of(move, self.public(), after.public())]

    def grant(self, move: Move, term: Term, today: date, default_end: date) -> list[Message]:
        """Grant, or renew with another term. The same grant again changes nothing. Raises as ``move``, and InvalidError."""
        record = self.get_accreditation(move.channel, move.role)
        state = TRANSITIONS.check(Command.GRANT, record.state, move.actor)
        unknown = set(term.statements or ()) - {statement.id for statement in self.statements}
        if unknown:
            raise InvalidError(
                f"{self.name} has no such statement on file.", code="statement_unknown", statements=sorted(unknown)
            )
        with_term = granted(record, term, today, default_end)
        if state is None or (record.state is state and with_term == record):
            return []
        after = moved(with_term, move, state)
        self._replace(after, move.at)
        return [event_of(move, self.public(), after.public())]

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

    def find_accreditation(self, channel: Channel, role: Role) -> AccreditationRecord | None:
        """Return the accreditation at an Anbieter in a role, or None."""
        return next((a for a in self.accreditations if a.channel is channel and a.role is role), None)

    def get_accreditation(self, channel: Channel, role: Role) -> AccreditationRecord:
        """Return the accreditation at an Anbieter in a role. Raises NotFoundError."""
        record = self.find_accreditation(channel, role)
        if record is None:
            raise NotFoundError(
                f"{self.name} has asked for no accreditation as {role} at {channel}.", code="accreditation_not_found"
            )
        return record

    def confirmed(self, statement_id: str) -> bool:
        """Return whether an Anbieter has granted on this statement and still stands by it."""
        return any(accreditation.confirms(statement_id) for accreditation in self.accreditations)

    def public(self) -> wire.Organisation:
        """Return the state that others may know: no person, not even a reference; marks for those who have left."""
        return wire.Organisation(
            id=self.id,
            name=self.name,
            type=self.type,
            state_code=self.state_code,
            ars=self.ars,
            leitweg_id=self.leitweg_id,
            roles=self.roles,
            accreditations=tuple(accreditation.public() for accreditation in self.accreditations),
            registered_at=self.registered_at,
            changed_at=self.changed_at,
            former_users=tuple(person_mark(self.id, user) for user in self.former_users),
        )

    def waiting_since(self, channel: Channel) -> datetime | None:
        """Return since when the Anbieter of the channel has an open accreditation of this organisation, None if it has none."""
        return min((a.requested_at for a in self.accreditations if a.channel is channel and a.state in OPEN), default=None)

    @model_serializer(mode="wrap")
    def _with_index_fields(self, handler: SerializerFunctionWrapHandler) -> Mapping[str, Any]:
        """Add since when each Anbieter has something to decide: the index of its work list."""
        document: dict[str, Any] = handler(self)
        return document | {waiting_at(channel): self.waiting_since(channel) for channel in Channel}

    def _add_accreditation(self, channel: Channel, role: Role, person: str, at: datetime) -> None:
        statements = tuple(statement.id for statement in self.statements)
        record = AccreditationRecord.request(channel, role, statements, person, at)
        self.accreditations = (*self.accreditations, record)

    def _replace(self, after: AccreditationRecord, at: datetime) -> None:
        self.accreditations = tuple(
            after if (a.channel, a.role) == (after.channel, after.role) else a for a in self.accreditations
        )
        self.changed_at = at


def waiting_at(channel: Channel) -> str:
    """Return the name of the index field that holds since when the Anbieter of ``channel`` has something to decide."""
    return f"waiting_{channel.value}"
