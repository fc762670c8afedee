"""What is known of a Bereitstellungsvertrag: from the catalogue, or from an order that presupposes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.contracts.domain.request import Request
from shared.ids import bereitstellung_id
from shared.messages.catalog import Offering
from shared.messages.values import Channel, Party


@dataclass(frozen=True, slots=True)
class Provision:
    """An offer that an Anbieter lists. ``number`` None: the catalogue's word of it has not come yet."""

    channel: Channel
    offering_id: str
    offering_title: str
    offering_version: int
    provider: Party
    number: str | None
    signed_at: datetime

    @property
    def contract_id(self) -> str:
        """Id of the Bereitstellungsvertrag."""
        return bereitstellung_id(self.channel.value, self.offering_id)

    @classmethod
    def listed(cls, offering: Offering, channel: Channel) -> Iterator[Provision]:
        """Yield what the catalogue states of an offer's Bereitstellungsvertrag with a channel, if it is listed there."""
        for listing in offering.channels:
            if listing.channel is channel:
                yield cls(
                    channel=channel,
                    offering_id=offering.id,
                    offering_title=offering.title,
                    offering_version=offering.version,
                    provider=offering.provider,
                    number=listing.bereitstellungsvertrag,
                    signed_at=listing.signed_at,
                )

    @classmethod
    def presupposed(cls, request: Request) -> Provision:
        """Return what an order says of it: an offer can be ordered only where the Bereitstellungsvertrag is signed.

        For a request that overtakes the catalogue's event, or whose offer the catalogue has removed.
        """
        order = request.body.order
        return cls(
            channel=request.channel,
            offering_id=order.offering_id,
            offering_title=order.offering_title,
            offering_version=order.offering_version,
            provider=order.provider,
            number=None,
            signed_at=min(request.body.ordered_at, request.requested_at),
        )
