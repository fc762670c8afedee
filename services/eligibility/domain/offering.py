"""What eligibility knows of an offer: who provides it and through which channels. A projection of the catalogue's events."""

from __future__ import annotations

from shared.errors import ConflictError
from shared.followed_offers import FollowedOffer, open_channels
from shared.messages.catalog import Offering
from shared.messages.values import Channel, Party


class OfferedService(FollowedOffer):
    """The part of an offer that a pre-check needs. It follows the catalogue and makes no events."""

    provider: Party
    channels: tuple[Channel, ...]

    @classmethod
    def of(cls, offering: Offering) -> OfferedService:
        """Return the projection of the full state that each event of the catalogue carries."""
        return cls(
            id=offering.id,
            version=offering.version,
            state=offering.state,
            title=offering.title,
            provider=offering.provider,
            channels=open_channels(offering),
        )

    def require_channel(self, channel: Channel) -> None:
        """Return if the offer is made through the channel. Raises ConflictError (``channel_not_offered``)."""
        if channel not in self.channels:
            listed = ", ".join(self.channels) or "none"
            raise ConflictError(
                f"{self.title} is not offered through {channel}. Channels: {listed}.",
                code="channel_not_offered",
                offering_id=self.id,
                channels=[str(c) for c in self.channels],
            )
