"""Events of the catalogue, as changes of the offers of one channel."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.domain.offer import ChannelOffer, offer_id
from services.contracts.repository import SERVICE
from shared.aggregate.change import Cause, Change
from shared.aggregate.ledger import Ledger, aggregate_collection
from shared.bus.handling import Received, Rejection, rejections
from shared.calendar import day_of
from shared.errors import NotFoundError
from shared.followed_offers import NOT_LISTED, WITH_STATE
from shared.messages.base import Message
from shared.messages.catalog import Offering, OfferingRemoved
from shared.messages.values import Channel
from shared.process.service import Resources

OFFERS = aggregate_collection("contract_offers")
FOLLOWED: frozenset[type[Message]] = frozenset({*WITH_STATE, OfferingRemoved})
"""The events by which offers are followed."""


class ChannelOffers:
    """The offers of all channels."""

    def __init__(self, resources: Resources) -> None:
        self.ledger: Ledger[ChannelOffer] = resources.ledger(ChannelOffer, OFFERS, service=SERVICE)

    async def get(self, offering_id: str, channel: Channel) -> ChannelOffer:
        """Return an offer of a channel. Raises NotFoundError (``offering_not_found``)."""
        found = await self.ledger.get(offer_id(channel, offering_id))
        if found is None:
            raise NotFoundError(
                f"There is no offer {offering_id} through {channel.value}.",
                code=NOT_LISTED,
                offering_id=offering_id,
                channel=channel.value,
            )
        return found[0]

    async def follow(self, channel: Channel, batch: Sequence[Received]) -> Sequence[Rejection]:
        """Bring the offers of a channel to the newest state; a removed offer stays, as a withdrawn one."""
        events: list[Received] = []
        changes: list[Change[ChannelOffer]] = []
        for event in batch:
            change = _change(event, channel)
            if change is not None:
                events.append(event)
                changes.append(change)
        found = rejections(events, await self.ledger.apply(changes))
        # A reader that comes late gets the end of offers that it never knew.
        return [it for it in found if not (isinstance(it.event.message, OfferingRemoved) and it.code == NOT_LISTED)]


def _change(event: Received, channel: Channel) -> Change[ChannelOffer] | None:
    message = event.message
    if isinstance(message, OfferingRemoved):
        return _removed(event.key, channel, event.cause)
    if not isinstance(message, WITH_STATE):
        raise TypeError(f"{message.TYPE} states no offer")
    return _followed(message.offering, channel, event.cause)


def _followed(offering: Offering, channel: Channel, cause: Cause) -> Change[ChannelOffer] | None:
    listed = ChannelOffer.listed(offering, channel)
    if listed is None:
        return None

    def decide(before: ChannelOffer | None) -> tuple[ChannelOffer, Sequence[Message]]:
        return listed.after(before, day_of(offering.changed_at)), []

    return Change(listed.id, decide, cause)


def _removed(offering_id: str, channel: Channel, cause: Cause) -> Change[ChannelOffer]:
    def decide(offer: ChannelOffer | None) -> tuple[ChannelOffer, Sequence[Message]]:
        if offer is None:
            raise NotFoundError(f"There is no offer {offering_id} here.", code=NOT_LISTED, offering_id=offering_id)
        return offer.withdrawn(), []

    return Change(offer_id(channel, offering_id), decide, cause)
