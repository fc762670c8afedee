"""What is stored of an organisation, what others may know of it, and by what its documents are found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, computed_field, model_serializer

from services.eligibility.domain.accreditation import AccreditationRecord, Reminded
from services.eligibility.domain.membership import Membership
from services.eligibility.domain.registration import Capacity
from services.eligibility.domain.statement import FormerStatement, Statement, StatementStanding
from services.eligibility.domain.transitions import CLOSED, OPEN
from services.eligibility.domain.vollmacht import Vollmacht
from shared.errors import NotFoundError
from shared.ids import person_mark
from shared.messages import eligibility as wire
from shared.messages.base import is_absent
from shared.messages.values import AccreditationState, Ars, Channel, Line, OrganisationType, PersonRef, Role, Time

NO_END = date.max
"""Stands in the index for the end of a grant without one: it comes after all others."""


class OrganisationState(Membership):
    """State of a registered organisation."""

    type: OrganisationType
    state_code: Line | None = None
    ars: Ars | None = None
    leitweg_id: Line | None = None
    invoice_address: Annotated[wire.InvoiceAddress | None, Field(exclude_if=is_absent)] = None
    roles: tuple[Role, ...]
    registered_by: PersonRef
    capacity: Capacity
    statements: tuple[Statement, ...] = ()
    former_statements: tuple[FormerStatement, ...] = ()
    accreditations: tuple[AccreditationRecord, ...] = ()
    reminded: tuple[Reminded, ...] = ()
    """Which reminders were given of accreditations that are open (``services.eligibility.domain.reminders``)."""
    vollmacht: Vollmacht | None = None
    registered_at: Time
    changed_at: Time
    rights_recorded: str | None = None
    """Digest of the rights that were published last (``services.eligibility.domain.rights``), None: none yet."""

    @computed_field  # type: ignore[prop-decorator] # pydantic's own way to store a derived field
    @property
    def expires_on(self) -> date | None:
        """The first day on which a granted accreditation no longer holds; index of the expiry run."""
        ends = [a.valid_to for a in self.accreditations if a.state is AccreditationState.ERTEILT and a.valid_to]
        return min(ends, default=None)

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

    def standing_of(self, statement_id: str, channel: Channel | None = None) -> StatementStanding:
        """Return what the Anbieter have made of a statement, what is in force or open before what is over.

        How the organisation stands at other Anbieter than that of ``channel`` is left out, but for that one stands by it.
        """
        cited = [a for a in self.accreditations if statement_id in a.statements]
        states = {a.state for a in cited if channel in (None, a.channel)}
        cases = (
            (self.confirmed(statement_id), StatementStanding.CONFIRMED),
            (bool(states & OPEN), StatementStanding.OPEN),
            (AccreditationState.ENTZOGEN in states, StatementStanding.REVOKED),
            (AccreditationState.ABGELEHNT in states, StatementStanding.REFUSED),
            (AccreditationState.ABGELAUFEN in states, StatementStanding.EXPIRED),
        )
        return next((standing for met, standing in cases if met), StatementStanding.OPEN)

    def public(self) -> wire.Organisation:
        """Return the state that others may know: no person, not even a reference; marks for those who have left."""
        return wire.Organisation(
            id=self.id,
            name=self.name,
            type=self.type,
            state_code=self.state_code,
            ars=self.ars,
            leitweg_id=self.leitweg_id,
            invoice_address=self.invoice_address,
            roles=self.roles,
            accreditations=tuple(accreditation.public() for accreditation in self.accreditations),
            registered_at=self.registered_at,
            changed_at=self.changed_at,
            former_users=tuple(person_mark(self.id, user) for user in self.former_users),
        )

    def waiting_since(self, channel: Channel) -> datetime | None:
        """Return since when the Anbieter of the channel has an open accreditation of this organisation, None if it has none."""
        return min((a.requested_at for a in self.accreditations if a.channel is channel and a.state in OPEN), default=None)

    def first_end(self, channel: Channel) -> date | None:
        """Return when the first grant of a channel's Anbieter ends, ``NO_END`` if none of them does, None without a grant."""
        at_channel = [a for a in self.accreditations if a.channel is channel and a.state is AccreditationState.ERTEILT]
        return min((a.valid_to or NO_END for a in at_channel), default=None)

    def closed_since(self, channel: Channel) -> datetime | None:
        """Return since when the Anbieter of the channel has refused, ended or withdrawn something, None if it has not."""
        ends = (a.history[-1].at for a in self.accreditations if a.channel is channel and a.state in CLOSED and a.history)
        return min(ends, default=None)

    @model_serializer(mode="wrap")
    def _with_index_fields(self, handler: SerializerFunctionWrapHandler) -> Mapping[str, Any]:
        """Add by what each Anbieter's lists are ordered: what waits for it, what it has granted, what has ended."""
        document: dict[str, Any] = handler(self)
        return document | self.list_fields()

    def list_fields(self) -> dict[str, date | datetime | None]:
        """Return the index fields of the lists by name."""
        fields: dict[str, date | datetime | None] = {}
        for channel in Channel:
            fields[waiting_at(channel)] = self.waiting_since(channel)
            fields[granted_at(channel)] = self.first_end(channel)
            fields[closed_at(channel)] = self.closed_since(channel)
        return fields


def waiting_at(channel: Channel) -> str:
    """Return the name of the index field that holds since when the Anbieter of ``channel`` has something to decide."""
    return f"waiting_{channel.value}"


def granted_at(channel: Channel) -> str:
    """Return the name of the index field that holds when the first grant of the Anbieter of ``channel`` ends."""
    return f"granted_{channel.value}"


def closed_at(channel: Channel) -> str:
    """Return the name of the index field that holds since when something at the Anbieter of ``channel`` has ended."""
    return f"closed_{channel.value}"
