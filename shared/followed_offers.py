"""Offers of the catalogue as another service follows them: a projection of each one's newest state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from shared.aggregate.base import Aggregate
from shared.aggregate.change import Cause, Change
from shared.aggregate.ledger import Ledger
from shared.bus.handling import Consumer, Received, Rejection, rejections
from shared.errors import NotFoundError
from shared.messages.base import Message
from shared.messages.catalog import (
    Offering,
    OfferingChanged,
    OfferingPublished,
    OfferingRemoved,
    OfferingRestated,
    OfferingResumed,
    OfferingSuspended,
    OfferingWithdrawn,
)
from shared.messages.values import Channel, OfferingState

NOT_LISTED: Final = "offering_not_found"

WITH_STATE: Final = (
    OfferingPublished,
    OfferingChanged,
    OfferingSuspended,
    OfferingResumed,
    OfferingWithdrawn,
    OfferingRestated,
)
"""The events that carry the full state of an offer."""


class FollowedOffer(Aggregate):
    """The part of an offer that every projection has. It follows the catalogue and makes no events."""

    version: int
    state: OfferingState
    title: str


O = TypeVar("O", bound=FollowedOffer)  # noqa: E741 - no digit beside it


def offers_consumer(group: str, ledger: Ledger[O], project: Callable[[Offering], O]) -> Consumer:
    """Return the consumer that brings projections to the newest state; a removed offer stays, as a withdrawn one."""

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        changes: list[Change[O]] = []
        for event in batch:
            message = event.message
            if isinstance(message, OfferingRemoved):
                changes.append(follow_removal(event.key, event.cause))
            elif isinstance(message, WITH_STATE):
                changes.append(_follow(project(message.offering), event.cause))
        found = rejections(batch, await ledger.apply(changes))
        # A reader that comes late gets the end of offers that it never knew.
        return [it for it in found if not (isinstance(it.event.message, OfferingRemoved) and it.code == NOT_LISTED)]

    return Consumer(group, frozenset({*WITH_STATE, OfferingRemoved}), handle)


def follow_removal(offering_id: str, cause: Cause) -> Change[O]:
    """Mark an offer that has left its topic as withdrawn; what running Vorgänge need of it stays. Raises NotFoundError."""

    def decide(offer: O | None) -> tuple[O, Sequence[Message]]:
        if offer is None:
            raise NotFoundError(f"There is no offer {offering_id} here.", code=NOT_LISTED, offering_id=offering_id)
        offer.state = OfferingState.ZURUECKGEZOGEN
        return offer, []

    return Change(offering_id, decide, cause)


def open_channels(offering: Offering) -> tuple[Channel, ...]:
    """Return the channels of an offer that take interest now; of one that takes none at all, those that it has kept.

    A record that does not state them is of a version that closed none.
    """
    if offering.orderable_channels is None or offering.state is not OfferingState.VEROEFFENTLICHT:
        withdrawn = {it.channel for it in offering.channel_withdrawals}
        return tuple(listing.channel for listing in offering.channels if listing.channel not in withdrawn)
    return offering.orderable_channels


async def get_offer(ledger: Ledger[O], offering_id: str) -> O:
    """Return an offer. Raises NotFoundError with a hint where the offers are listed."""
    found = await ledger.get(offering_id)
    if found is None:
        raise NotFoundError(
            f"There is no published offer {offering_id}. Those that can be ordered: GET /v1/offerings?orderable=true",
            code=NOT_LISTED,
            offering_id=offering_id,
        )
    return found[0]


def _follow(offer: O, cause: Cause) -> Change[O]:
    return Change(offer.id, lambda _: (offer, []), cause)
