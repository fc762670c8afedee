"""What is known of a Bereitstellungsvertrag: from the catalogue, or from an order that presupposes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.contracts.domain.request import Request
from shared.ids import bereitstellung_id
from shared.messages.catalog import Offering
from shared.messages.values import Channel, Party


@dataclass(frozen=True, slots=True)
class Provision:
    """An offer that an Anbieter lists. ``number`` None: the catalogue's word of it has not come yet.

    Or its listing names the contract by its id, and only contracts knows the number.
    """

    contract_id: str
    channel: Channel
    offering_id: str
    offering_title: str
    offering_version: int
    provider: Party
    number: str | None
    signed_at: datetime

    @classmethod
    def listed(cls, offering: Offering, channel: Channel) -> Iterator[Provision]:
        """Yield what the catalogue states of an offer's Bereitstellungsvertrag with a channel, if it is listed there."""
        for listing in offering.channels:
            if listing.channel is channel:
                contract_id, number = _named(listing.bereitstellungsvertrag, channel, offering.id)
                yield cls(
                    contract_id=contract_id,
                    channel=channel,
                    offering_id=offering.id,
                    offering_title=offering.title,
                    offering_version=offering.version,
                    provider=offering.provider,
                    number=number,
                    signed_at=listing.signed_at,
                )

    @classmethod
    def presupposed(cls, request: Request) -> Provision:
        """Return what an order says of it: an offer can be ordered only where the Bereitstellungsvertrag is signed.

        For a request that overtakes the catalogue's event, or whose offer the catalogue has removed.
        """
        order = request.body.order
        return cls(
            contract_id=bereitstellung_id(request.channel.value, order.offering_id),
            channel=request.channel,
            offering_id=order.offering_id,
            offering_title=order.offering_title,
            offering_version=order.offering_version,
            provider=order.provider,
            number=None,
            signed_at=min(request.body.ordered_at, request.requested_at),
        )


def _named(listed: str, channel: Channel, offering_id: str) -> tuple[str, str | None]:
    """Return id and number of a listed contract: named by its id, or in version 0.1.0 by the number that somebody typed."""
    try:
        return str(UUID(listed)), None
    except ValueError:
        return bereitstellung_id(channel.value, offering_id), listed
