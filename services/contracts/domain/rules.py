"""What an Anbieter decides for its channel. Everything else is the same in every channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.contracts.domain.agb import AgbSet
from services.contracts.domain.agreed import LegTerms, Territory
from services.contracts.domain.bodies import body_of
from services.contracts.domain.prices import Total
from services.contracts.numbering import NumberFormat
from shared.channels import channel_file
from shared.messages.contracts import AgbVersion, Leg
from shared.messages.values import Channel, CostKind, Line, Party


class Attached(StrEnum):
    """When a document belongs to a contract."""

    ALWAYS = "ALWAYS"
    WITH_CONDITIONS = "WITH_CONDITIONS"


@dataclass(frozen=True, slots=True)
class ContractDocument:
    """A document that makes up the contract, by its title."""

    title: Line
    attached: Attached = Attached.ALWAYS


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """Number format, names, documents and price rules of one Anbieter. ``documents`` stand in order of precedence."""

    channel: Channel
    number_format: NumberFormat
    contract_names: Mapping[Leg, Line]
    documents: tuple[ContractDocument, ...]
    price_kinds: frozenset[CostKind]

    @property
    def anbieter(self) -> Party:
        """The Anbieter as a party to contracts, by its legal name."""
        return Party(id=self.channel.value, name=channel_file(self.channel.value).name)

    def documents_for(self, *, conditions: bool) -> tuple[Line, ...]:
        """Return the titles of the documents of a contract with or without agreed conditions."""
        return tuple(item.title for item in self.documents if conditions or item.attached is Attached.ALWAYS)


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules of a channel together with its AGB versions: all that a processor needs besides the request."""

    rules: ChannelRules
    agb: AgbSet
    agreed: Mapping[Leg, LegTerms]
    """What is agreed in the contracts of a leg where nothing else is recorded."""
    automatic_up_to_cents: int | None = None
    """Sum of the prices up to which the processor countersigns by itself on the Anbieter's offer; None: always."""

    @property
    def channel(self) -> Channel:
        """The channel."""
        return self.rules.channel

    @property
    def processor(self) -> str:
        """Reference that stands for the processor where it signs in place of a second person."""
        return f"processor.{self.channel.value}"

    @property
    def countersigns_provisions(self) -> bool:
        """Whether the processor countersigns by itself what the Anbieter has accepted of an offer.

        A Bereitstellungsvertrag has no sum of prices of its own: where a channel has a limit for them, two persons sign it.
        """
        return self.automatic_up_to_cents is None

    def countersigns(self, totals: Iterable[Total]) -> bool:
        """Return whether the processor countersigns a contract with these sums by itself."""
        return self.automatic_up_to_cents is None or sum(total.cents for total in totals) <= self.automatic_up_to_cents

    def territory_of(self, leg: Leg, grantee: Party) -> Territory:
        """Return the territory of a contract of a leg: as agreed, else the grantee's own, else the whole one."""
        agreed = self.agreed[leg].territory
        if agreed is not None:
            return agreed
        own = body_of(grantee.id).ars
        return (own,) if own is not None else self.agreed[Leg.BEREITSTELLUNG].territory or ()

    def agb_on(self, day: date) -> AgbVersion | None:
        """Return the AGB version in force on a day, or None."""
        return self.agb.on(day)
