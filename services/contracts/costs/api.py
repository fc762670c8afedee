"""Routes about what an offer costs: binding cost information, and what a body will pay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from services.contracts.chain.days import Interval
from services.contracts.costs.information import CostInformation, CostVersion, Issue, versions_of_sheets
from services.contracts.costs.inputs import Costs, Joining, Priced, needs_uses
from services.contracts.costs.own_costs import OwnYear, own_year, periods
from services.contracts.costs.schemas import (
    CostInformationRequest,
    CostInformationView,
    CostVersionView,
    CostYearView,
    OwnCostsView,
)
from services.contracts.domain.offer import ChannelOffer
from shared.calendar import day_of
from shared.errors import ForbiddenError, InvalidError, NotFoundError
from shared.http.auth import SIGNING, Caller, needs
from shared.http.days import Day
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch
from shared.http.etag import json_reply
from shared.messages.values import Channel, EntityId, OrganisationId, Role

CREATED = 201
Bereitsteller = Annotated[Caller, Depends(needs(Role.BEREITSTELLER))]
ThroughChannel = Annotated[Channel, Query(description="Anbieter through whom the offer is used.")]


@dataclass
class CostBackend:
    """What the routes work with. One statement is computed at a time: it may have ten thousand participants."""

    costs: Costs
    clock: Callable[[], datetime]
    computing: asyncio.Lock = field(default_factory=asyncio.Lock)


def cost_routes(backend: CostBackend) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/offers/{offering_id}", tags=["costs"])
    _information_routes(router, backend)

    @router.get("/costs", summary="What a body will pay if it takes part, line by line, before it orders")
    async def own_costs(
        caller: CurrentCaller,
        offering_id: EntityId,
        channel: ThroughChannel,
        organisation: Annotated[OrganisationId | None, Query(description="The body; without it that of the caller.")] = None,
        first: Annotated[Day | None, Query(alias="from", description="First day; without it today.")] = None,
        uses: Annotated[int | None, Query(ge=0, le=10**9, description="Uses that it expects in a year.")] = None,
        target_group: Annotated[int | None, Query(ge=0, le=10**9, description="Size of its target group.")] = None,
    ) -> OwnCostsView:
        body = organisation or caller.organisation
        _require_own(caller, body, channel)
        day = first or day_of(backend.clock())
        if not 1990 <= day.year < 2190:  # noqa: PLR2004 - days of statements
            raise InvalidError("The day lies outside the calendar of statements.", code="day_out_of_range")
        priced = await backend.costs.priced(offering_id, channel)
        years = await _years(backend, priced, Joining(body, day.isoformat(), uses or 0, target_group), periods(day))
        shown = [CostYearView.of(year) for year in years]
        return OwnCostsView(
            organisation=body,
            offering_id=offering_id,
            channel=channel,
            from_=day,
            uses=uses,
            needs_uses=needs_uses(priced.versions),
            first_year=shown[0],
            full_year=shown[1],
        )

    return router


def _information_routes(router: APIRouter, backend: CostBackend) -> None:
    costs = backend.costs

    @router.post(
        "/cost-information",
        response_model=CostVersionView,
        status_code=CREATED,
        summary="Issue a version of the cost information",
        openapi_extra=SIGNING,
    )
    async def issue(
        request: CostInformationRequest, caller: Bereitsteller, offering_id: EntityId, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        async def run() -> Response:
            offer = await costs.offers.get(offering_id, request.channel)
            if offer.provider.id != caller.organisation:
                raise ForbiddenError(f"{offer.title} is an offer of {offer.provider.name}.", code="not_the_provider")
            items = [item.model_dump(mode="json") for item in request.items]
            added = Issue(items, request.effective_from, key.derived_id("cost version"))
            version, rev = await costs.issue(offer, added, day_of(backend.clock()), condition)
            view = CostVersionView.of(version, offering_id, request.channel, published=False)
            return json_reply(view, rev=rev, status=CREATED)

        return await key.run(run)

    @router.get(
        "/cost-information",
        response_model=CostInformationView,
        summary="All versions of the cost information in a channel, oldest first",
    )
    async def listed(caller: CurrentCaller, offering_id: EntityId, channel: ThroughChannel) -> Response:
        """The entity tag is there once a version was issued: the next one is issued on that state, or not."""
        offer, issued = await costs.offers.get(offering_id, channel), await costs.issued(offering_id, channel)
        issues = Role.BEREITSTELLER in caller.roles and offer.provider.id == caller.organisation
        view = CostInformationView(
            offering_id=offering_id,
            channel=channel,
            versions=_versions(offer, issued),
            allowed_moves=["cost-information"] if issues else [],
        )
        return json_reply(view, rev=None if issued is None else issued.rev)

    @router.get("/cost-information/{version}", summary="A version of the cost information in a channel")
    async def one(
        _: CurrentCaller, offering_id: EntityId, version: Annotated[int, Path(ge=1, le=10**6)], channel: ThroughChannel
    ) -> CostVersionView:
        offer, issued = await costs.offers.get(offering_id, channel), await costs.issued(offering_id, channel)
        found = [it for it in _versions(offer, issued) if it.version == version]
        if not found:
            raise NotFoundError(f"There is no version {version}.", code="version_not_found")
        return found[0]


def _require_own(caller: Caller, organisation: str, channel: Channel) -> None:
    """Return if the costs of the body are for the caller: its own, or those of any body at one's own channel."""
    if organisation == caller.organisation or (Role.ANBIETER in caller.roles and caller.channel is channel):
        return
    raise ForbiddenError("What another body would pay is shown to it and to the Anbieter only.", code="other_organisation")


async def _years(backend: CostBackend, priced: Priced, joining: Joining, both: Sequence[Interval]) -> list[OwnYear]:
    reference = await backend.costs.reference()
    found = await backend.costs.participants.of(priced.offer.channel, priced.offer.offering_id)
    async with backend.computing:
        return [await asyncio.to_thread(partial(own_year, period, priced, found, joining, reference)) for period in both]


def _versions(offer: ChannelOffer, issued: CostInformation | None) -> list[CostVersionView]:
    published = versions_of_sheets(offer) if issued is None else issued.versions[: issued.published]
    versions: tuple[CostVersion, ...] = published if issued is None else issued.versions
    return [
        CostVersionView.of(version, offer.offering_id, offer.channel, published=place < len(published))
        for place, version in enumerate(versions)
    ]
