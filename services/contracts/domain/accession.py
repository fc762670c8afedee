"""The accession (Beitritt): one body uses what a contract passes on, without a contract of its own."""

from __future__ import annotations

from datetime import date

from pydantic import computed_field

from services.contracts.chain.contract import Accession as Link
from services.contracts.domain.agreed import EndReminders
from services.contracts.domain.contract import Contract
from shared.aggregate.base import Aggregate
from shared.errors import InvalidError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.contracts_accessions import AccessionDeclared, AccessionEnded, AccessionHead
from shared.messages.values import Channel, EntityId, Line, Party, PersonRef, Time


def accession_id(contract_id: str, organisation: str, valid_from: date) -> str:
    """Return the id of the accession of a body to a contract from a day on; a repeat of it is the same one."""
    return derived_id("accession", contract_id, organisation, valid_from.isoformat())


class Accession(Aggregate):
    """An accession of a body to the contract ``contract_id`` of the ``licensee``.

    ``valid_to`` is its last day, None as long as none is known. ``because``: the contract whose end has ended it. ``ended_at``:
    when its last day was set, None if it was declared with it. ``end_reminders``: which reminders of that day were given.
    """

    channel: Channel
    contract_id: EntityId
    offering_id: EntityId
    offering_title: Line
    organisation: Party
    licensee: Party
    provider: Party
    valid_from: date
    valid_to: date | None = None
    declared_by: PersonRef | None = None
    declared_at: Time
    because: EntityId | None = None
    ended_at: Time | None = None
    end_reminders: EndReminders | None = None

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def organisation_id(self) -> str:
        """The body's key, for the index."""
        return self.organisation.id

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def licensee_id(self) -> str:
        """Key of whose contract passes the use on, for the index."""
        return self.licensee.id

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def provider_id(self) -> str:
        """The Bereitsteller's key, for the index."""
        return self.provider.id

    @classmethod
    def to(cls, contract: Contract, body: Party, first: date, last: date | None, person: str, at: Time) -> Accession:
        """Return the accession of a body to a contract, from a first to a last day."""
        return cls(
            id=accession_id(contract.id, body.id, first),
            channel=contract.channel,
            contract_id=contract.id,
            offering_id=contract.offering_id,
            offering_title=contract.offering_title,
            organisation=body,
            licensee=contract.customer,
            provider=contract.provider,
            valid_from=first,
            valid_to=last,
            declared_by=person,
            declared_at=at,
        )

    def declare(self, at: Time) -> list[Message]:
        """Return the event of the declaration."""
        return [AccessionDeclared(accession=self.head(), at=at)]

    def end(self, last_day: date, today: date, at: Time) -> list[Message]:
        """End it for the body on a last day. Raises InvalidError (``accession_date_invalid``) for a day that has passed."""
        if last_day < today:
            raise InvalidError(f"{last_day.isoformat()} has passed.", code="accession_date_invalid", day=last_day.isoformat())
        return self._shorten(last_day, None, at)

    def lose(self, last_day: date, because: str, at: Time) -> list[Message]:
        """End with the contract ``because`` that it rests on."""
        return self._shorten(last_day, because, at)

    def _shorten(self, last_day: date, because: str | None, at: Time) -> list[Message]:
        if self.valid_to is not None and self.valid_to <= last_day:
            return []
        self.valid_to, self.because, self.ended_at = last_day, because, at
        return [AccessionEnded(accession=self.head(), at=at, because=because)]

    def linked(self) -> Link:
        """Return it as the chain's rules see it."""
        return Link(
            id=self.id,
            org=self.organisation.id,
            contract=self.contract_id,
            valid_from=self.valid_from.isoformat(),
            valid_to=None if self.valid_to is None else self.valid_to.isoformat(),
        )

    def head(self) -> AccessionHead:
        """Return what every event holds of it."""
        return AccessionHead(
            id=self.id,
            contract_id=self.contract_id,
            channel=self.channel,
            offering_id=self.offering_id,
            offering_title=self.offering_title,
            organisation=self.organisation,
            licensee=self.licensee,
            provider=self.provider,
            valid_from=self.valid_from,
            ends_on=self.valid_to,
        )
