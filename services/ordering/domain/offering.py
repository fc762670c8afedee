"""What ordering knows of an offer: a projection of the catalogue's events."""

from __future__ import annotations

from services.ordering.domain.lazy_json import LazyJson
from shared.errors import ConflictError, InvalidError
from shared.followed_offers import FollowedOffer, open_channels
from shared.messages.catalog import Offering
from shared.messages.values import Anbindungsart, Channel, OfferingState, Party, PriceItem


class ListedOffering(FollowedOffer):
    """The part of an offer that an order needs. It follows the catalogue and makes no events.

    ``channels`` are those that take interest now; of an offer that takes none, any that it has.
    """

    provider_id: str
    provider_name: str
    channels: list[Channel]
    anbindungsarten: list[Anbindungsart]
    price_items: LazyJson[list[PriceItem]]

    @classmethod
    def of(cls, offering: Offering) -> ListedOffering:
        """Return the projection of the full state that each event of the catalogue carries."""
        return cls(
            id=offering.id,
            version=offering.version,
            state=offering.state,
            title=offering.title,
            provider_id=offering.provider.id,
            provider_name=offering.provider.name,
            channels=list(open_channels(offering)),
            anbindungsarten=list(offering.anbindungsarten),
            price_items=list(offering.price_items),
        )

    def require_orderable(self, channel: Channel, customer: Party) -> None:
        """Return if the customer may declare interest in it through the channel.

        Raises ConflictError (``offering_not_orderable``, ``channel_not_offered``, with the channels that there are) or
        InvalidError (``own_offering``).
        """
        open_now = self.state is OfferingState.VEROEFFENTLICHT
        context = {
            "offering_id": self.id,
            "offering_state": str(self.state),
            "channels": [str(c) for c in self.channels if open_now],
        }
        if not open_now:
            raise ConflictError(
                f"{self.title} takes no interest now: it is {self.state}.", code="offering_not_orderable", **context
            )
        if channel not in self.channels:
            listed = ", ".join(self.channels) or "none"
            raise ConflictError(
                f"{self.title} is not offered through {channel}; it may have been, if the accreditation of {self.provider_name} "
                f"there has ended. Channels: {listed}.",
                code="channel_not_offered",
                **context,
            )
        if customer.id == self.provider_id:
            raise InvalidError(f"{customer.name} provides {self.title} itself.", code="own_offering", offering_id=self.id)
