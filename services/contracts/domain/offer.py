"""What contracts knows of an offer in one channel: a projection of the catalogue's events."""

from __future__ import annotations

from datetime import date

from shared.aggregate.base import Aggregate
from shared.calendar import day_of
from shared.ids import derived_id
from shared.messages.base import Value
from shared.messages.catalog import Offering
from shared.messages.values import Channel, EntityId, Line, OfferingState, Party, PriceItem


class PriceSheet(Value):
    """The price sheet of an offer as it was published on a day, and held until the next one."""

    issued_on: date
    items: tuple[PriceItem, ...]


def offer_id(channel: Channel, offering_id: str) -> str:
    """Return the id under which the offer of a channel is known here."""
    return derived_id("offer", channel.value, offering_id)


class ChannelOffer(Aggregate):
    """An offer that a channel lists, or has listed. It follows the catalogue and makes no events.

    ``channels`` list it. ``sheets`` are its price sheets, oldest first: each is another one than that before it.
    """

    offering_id: EntityId
    channel: Channel
    title: Line
    version: int
    state: OfferingState
    provider: Party
    channels: tuple[Channel, ...]
    sheets: tuple[PriceSheet, ...]

    @classmethod
    def listed(cls, offering: Offering, channel: Channel) -> ChannelOffer | None:
        """Return the offer as a channel lists it, None if the channel does not."""
        channels = tuple(listing.channel for listing in offering.channels)
        if channel not in channels:
            return None
        return cls(
            id=offer_id(channel, offering.id),
            offering_id=offering.id,
            channel=channel,
            title=offering.title,
            version=offering.version,
            state=offering.state,
            provider=offering.provider,
            channels=channels,
            sheets=(PriceSheet(issued_on=day_of(offering.published_at), items=offering.price_items),),
        )

    def after(self, before: ChannelOffer | None, changed_on: date) -> ChannelOffer:
        """Return the offer with the price sheets that came before.

        A sheet is binding from the day on which it was published: another one begins on the day of the change.
        """
        if before is None:
            return self
        (sheet,) = self.sheets
        sheets = before.sheets
        if sheet.items != sheets[-1].items:
            changed = PriceSheet(issued_on=max(changed_on, sheets[-1].issued_on), items=sheet.items)
            sheets = (*(it for it in sheets if it.issued_on < changed.issued_on), changed)
        return self.model_copy(update={"sheets": sheets})

    def withdrawn(self) -> ChannelOffer:
        """Return the offer after its end in the catalogue; what contracts need of it stays."""
        return self.model_copy(update={"state": OfferingState.ZURUECKGEZOGEN})
