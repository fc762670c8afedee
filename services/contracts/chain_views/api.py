"""Routes about chains: the tree around a contract, and what a body still lacks for an offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from services.contracts.access import viewer_of
from services.contracts.accessions.repository import Accessions
from services.contracts.chain_views.licence import Asked, licence
from services.contracts.chain_views.schemas import ChainView, LicenceView
from services.contracts.chain_views.tree import tree_of
from services.contracts.domain.offer import ChannelOffer, offer_id
from services.contracts.domain.rules import Terms
from services.contracts.offers.follow import ChannelOffers
from services.contracts.repository import Contracts
from shared.calendar import day_of
from shared.errors import NotFoundError
from shared.followed_offers import NOT_LISTED
from shared.http.days import Day
from shared.http.dependencies import CurrentCaller
from shared.messages.values import Channel, EntityId


@dataclass(frozen=True, slots=True)
class ChainBackend:
    """What the routes work with."""

    contracts: Contracts
    accessions: Accessions
    offers: ChannelOffers
    terms: Mapping[Channel, Terms]
    clock: Callable[[], datetime]


def chain_routes(backend: ChainBackend) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["chains"])

    @router.get("/contracts/{contract_id}/chain", summary="The chain of a contract, from its root down to what rests on it")
    async def chain(caller: CurrentCaller, contract_id: EntityId) -> ChainView:
        viewer = viewer_of(caller)
        stored = await backend.contracts.find(viewer, contract_id)
        if stored is None:
            raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)
        return ChainView.of(await tree_of(stored.contract, viewer, backend.contracts, backend.accessions))

    @router.get("/offers/{offering_id}/licence", summary="Whether the caller's organisation may use an offer, and what is to do")
    async def licensed(
        caller: CurrentCaller,
        offering_id: EntityId,
        on: Annotated[Day | None, Query(description="The day; without it today.")] = None,
        channel: Annotated[Channel | None, Query(description="Only this channel; without it all that list the offer.")] = None,
    ) -> LicenceView:
        """Such as: licensed by the Land through FITKO, still to do: accede."""
        day = on or day_of(backend.clock())
        offers = await _offers(backend, offering_id, channel)
        found = await licence(Asked(caller.party, offers, day), backend.terms, backend.contracts, backend.accessions)
        return LicenceView.of(caller.party, offering_id, day, found)

    return router


async def _offers(backend: ChainBackend, offering_id: str, channel: Channel | None) -> list[ChannelOffer]:
    found = []
    for one in [channel] if channel is not None else list(Channel):
        known = await backend.offers.ledger.get(offer_id(one, offering_id))
        if known is not None and one in backend.terms:
            found.append(known[0])
    if not found:
        raise NotFoundError(f"There is no offer {offering_id}.", code=NOT_LISTED, offering_id=offering_id)
    return found
