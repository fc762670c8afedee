"""The general terms (AGB) of an Anbieter as everybody reads them before an order. Only translates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Final, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.contracts.domain.agb import AgbInForce
from services.contracts.domain.rules import Terms
from shared.calendar import day_of
from shared.errors import NotFoundError
from shared.http.cached import NOT_MODIFIED, public_reply
from shared.messages.values import Channel

FRESH_SECONDS: Final = 60


class AgbView(BaseModel):
    """The version in force for new contracts of Nachnutzung: its text, where the Anbieter has filed it, or its address.

    ``source`` says in German whence the version is known.
    """

    channel: Channel
    name: str
    version: str
    valid_from: date
    valid_to: date | None
    url: str | None
    text: str | None
    source: str

    @classmethod
    def of(cls, channel: Channel, agb: AgbInForce) -> Self:
        """Return the view of a version."""
        return cls(channel=channel, **agb.model_dump(include=set(cls.model_fields) - {"channel"}))


def agb_routes(terms: Mapping[Channel, Terms], clock: Callable[[], datetime]) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1", tags=["contracts"])

    @router.get(
        "/agb/{channel}",
        response_model=AgbView,
        responses=dict(NOT_MODIFIED),
        summary="The general terms (AGB) that contracts through a channel are concluded under today",
    )
    async def in_force(
        request: Request, channel: Annotated[Channel, Path(description="Channel of the Anbieter.", examples=["govdigital"])]
    ) -> Response:
        today = day_of(clock())
        found = terms[channel].agb.version_on(today) if channel in terms else None
        if found is None:
            raise NotFoundError(f"At {channel} no general terms are in force on {today.isoformat()}.", code="no_agb_in_force")
        return public_reply(request, AgbView.of(channel, found), FRESH_SECONDS)

    return router
