"""The ways to order: which kind of body orders where, and by which rules that is checked. The rules are eligibility's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.apis.contracts import Contracts
from services.portal.apis.eligibility import Channel, Eligibility
from services.portal.pages.parts import or_none
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit
from shared.messages.values import OrganisationType

KINDS = tuple(kind.value for kind in OrganisationType if kind is not OrganisationType.ANBIETER)


@dataclass(frozen=True, slots=True)
class Way:
    """Whether a kind of body orders directly through a channel."""

    channel: str
    direct: bool


def ways_of(kind: str, channels: Sequence[Channel]) -> list[Way]:
    """Return the ways of a kind of body, in the order of the channels."""
    return [Way(it.channel, kind not in it.excluded_types) for it in channels]


def ways_routes(pages: Pages, eligibility: Eligibility, contracts: Contracts | None) -> APIRouter:
    """Return the routes. ``contracts``: where the AGB are read, None at a portal that nothing is ordered at."""
    router = APIRouter(include_in_schema=False)

    @router.get("/channels")
    async def listed(visit: CurrentVisit) -> Response:
        channels = await eligibility.channels()
        table = [(kind, ways_of(kind, channels)) for kind in KINDS]
        return pages.show(visit, "pages/channels.html", channels=channels, table=table)

    @router.get("/channels/{channel}")
    async def one(visit: CurrentVisit, channel: str) -> Response:
        found = await eligibility.channel(channel)
        agb = None if contracts is None else await or_none(contracts.agb(channel), "channel")
        return pages.show(visit, "pages/channel.html", channel=found, agb=agb)

    return router
