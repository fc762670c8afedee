"""The operators' view of federated portals. Only translates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.responses import Response

from services.catalog.portals.judgement import PortalState, Standing, worst
from services.catalog.portals.repository import Portal, Portals
from services.catalog.portals.watch import PortalWatch
from shared.errors import NotFoundError
from shared.http.auth import Caller, needs
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.catalog_portals import PortalHealth
from shared.messages.values import Role

Operator = Annotated[Caller, Depends(needs(Role.BETREIBER))]


class PortalReply(BaseModel):
    """A portal as operators see it: how it stands by the own checkpoints, and what it said of itself last."""

    id: str
    state: PortalState
    received_at: datetime
    standings: tuple[Standing, ...]
    reported: PortalHealth

    @classmethod
    def of(cls, portal: Portal) -> PortalReply:
        """Return the answer about a portal."""
        return cls(
            id=portal.id,
            state=worst(portal.standings),
            received_at=portal.received_at,
            standings=portal.standings,
            reported=portal.health,
        )


def portal_routes(portals: Portals, watch: PortalWatch, clock: Callable[[], datetime]) -> APIRouter:
    """Return the routes, all for operators only."""
    router = APIRouter(prefix="/v1", tags=["portals"])

    @router.get("/portals")
    async def list_portals(
        _caller: Operator,
        state: PortalState | None = None,
        cursor: Annotated[str | None, Query()] = None,
        limit: Limit = 50,
    ) -> Page[PortalReply]:
        """List the federated portals that report, by id: in step, behind by how many records since when, differing, silent."""
        after = decode_cursor(cursor, (str,))
        at, checkpoints = clock(), await watch.checkpoints()
        found = [watch.judged_now(portal, checkpoints, at)[0] for _, portal in sorted((await portals.all()).items())]
        chosen = [
            portal
            for portal in found
            if (state is None or worst(portal.standings) is state) and (after is None or portal.id > str(after[0]))
        ]
        return Page.cut(chosen, limit, lambda portal: (portal.id,), PortalReply.of)

    @router.get("/portals/{portal_id}")
    async def get_portal(portal_id: str, _caller: Operator) -> PortalReply:
        """Read how a federated portal stands."""
        portal = await portals.get(portal_id)
        if portal is None:
            raise _unknown(portal_id)
        return PortalReply.of(watch.judged_now(portal, await watch.checkpoints(), clock())[0])

    @router.delete("/portals/{portal_id}", status_code=204, response_class=Response)
    async def remove_portal(portal_id: str, _caller: Operator) -> Response:
        """Remove a portal that has stopped for good, so that nobody is alarmed by its silence. Its next report brings it back."""
        if not await portals.remove(portal_id):
            raise _unknown(portal_id)
        return Response(status_code=204)

    return router


def _unknown(portal_id: str) -> NotFoundError:
    return NotFoundError(f"No portal {portal_id} has reported.", code="portal_not_found", id=portal_id)
