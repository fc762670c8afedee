"""The general terms (AGB) of an Anbieter as everybody reads them, before an order and after it. Only translates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.contracts.chain.contract import Leg
from services.contracts.domain.agb import AgbInForce
from services.contracts.domain.rules import Terms
from shared.calendar import day_of
from shared.errors import NotFoundError
from shared.http.cached import FRESH_SECONDS, NOT_MODIFIED, public_reply
from shared.messages.values import Channel, Line

OfChannel = Annotated[Channel, Path(description="Channel of the Anbieter.", examples=["govdigital"])]


class AgbView(BaseModel):
    """One version of the general terms: its text, where the Anbieter has filed it, or its address.

    ``legs`` are the kinds of contracts that it is for; ``source`` says in German whence the version is known.
    """

    channel: Channel
    name: str
    version: str
    valid_from: date
    valid_to: date | None
    legs: list[Leg]
    url: str | None
    text: str | None
    source: str

    @classmethod
    def of(cls, channel: Channel, agb: AgbInForce) -> Self:
        """Return the view of a version."""
        return cls(channel=channel, **agb.model_dump(include=set(cls.model_fields) - {"channel"}))


class AgbListed(BaseModel):
    """One version in the list. ``filed``: its wording can be read here, by its name and one of its ``legs``."""

    name: str
    version: str
    valid_from: date
    valid_to: date | None
    legs: list[Leg]
    url: str | None
    filed: bool

    @classmethod
    def of(cls, agb: AgbInForce) -> Self:
        """Return the row of a version."""
        return cls(filed=agb.text is not None, **agb.model_dump(include=set(cls.model_fields) - {"filed"}))


class AgbVersions(BaseModel):
    """All versions of an Anbieter's general terms, the newest first."""

    channel: Channel
    items: list[AgbListed]


def agb_routes(terms: Mapping[Channel, Terms], clock: Callable[[], datetime]) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["contracts"])

    @router.get(
        "/agb/{channel}",
        response_model=AgbView,
        responses=dict(NOT_MODIFIED),
        summary="The general terms (AGB) that contracts through a channel are concluded under today",
    )
    async def in_force(
        request: Request,
        channel: OfChannel,
        leg: Annotated[Leg, Query(description="Kind of contract.")] = "NACHNUTZUNG",
        version: Annotated[
            Line | None, Query(description="This version instead, as a contract of before names it.", examples=["2022"])
        ] = None,
    ) -> Response:
        today, known = day_of(clock()), terms[channel].agb if channel in terms else None
        if version is not None:
            named = None if known is None else known.named(version, leg)
            if named is None:
                raise NotFoundError(f"{channel} has no general terms of version {version} for this leg.", code="agb_not_found")
            return public_reply(request, AgbView.of(channel, named), FRESH_SECONDS)
        found = None if known is None else known.version_on(today, leg)
        if found is None:
            raise NotFoundError(f"At {channel} no general terms are in force on {today.isoformat()}.", code="no_agb_in_force")
        return public_reply(request, AgbView.of(channel, found), FRESH_SECONDS)

    @router.get(
        "/agb/{channel}/versions",
        response_model=AgbVersions,
        responses=dict(NOT_MODIFIED),
        summary="All versions of the general terms (AGB) of an Anbieter, of each kind of contract",
    )
    async def versions(request: Request, channel: OfChannel) -> Response:
        known = terms[channel].agb.versions if channel in terms else ()
        newest = sorted(known, key=lambda it: it.valid_from, reverse=True)
        return public_reply(request, AgbVersions(channel=channel, items=[AgbListed.of(it) for it in newest]), FRESH_SECONDS)

    return router
