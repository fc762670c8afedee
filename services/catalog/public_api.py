"""The catalog's public API: the Schaufenster and the reference data, readable without a token. Only translates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from services.catalog.access import capacities, unknown
from services.catalog.catalogue import Position, ReferenceReader
from services.catalog.repository import Offerings
from services.catalog.schemas.listing import Cursor, DetailReply, KnownReply, SearchQuery, SearchReply, Words, place_of
from services.catalog.schemas.offering import OfferingReply
from services.catalog.schemas.reference import LeikaReply, OzgReply, RequirementReply, TopicReply
from services.catalog.search import Schaufenster
from shared.http.dependencies import OptionalCaller
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page

R = TypeVar("R")
T = TypeVar("T", bound=BaseModel)


def public_routes(offerings: Offerings, reference: ReferenceReader, schaufenster: Schaufenster) -> APIRouter:
    """Return the routes that everybody may read."""
    router = APIRouter(prefix="/v1")

    @router.get("/offerings", tags=["offerings"])
    async def search_offerings(query: Annotated[SearchQuery, Query()]) -> SearchReply:
        """Search offers and known EfA services. Best first: words in the title, then keys and provider, then text."""
        return SearchReply.of(await schaufenster.search(query.search()))

    @router.get("/offerings/{offering_id}", tags=["offerings"], response_model=DetailReply)
    async def get_offering(offering_id: str, caller: OptionalCaller) -> Response:
        """Read an offer, or a known EfA service by its id. Drafts and submissions are there for those in charge only."""
        found = await offerings.find(offering_id, caller)
        if found is None:
            known = await schaufenster.find_known(offering_id)
            if known is None:
                raise unknown(offering_id)
            return json_reply(KnownReply.of(known))
        offering, rev = found
        actors = [] if caller is None else capacities(offering, caller)
        return json_reply(OfferingReply.of(offering, actors), rev=rev)

    @router.get("/reference/topics", tags=["reference"])
    async def topics() -> Page[TopicReply]:
        """List the Themenfelder."""
        snapshot = await reference.current()
        return Page(items=[TopicReply.of(row) for row in snapshot.topics])

    @router.get("/reference/requirements", tags=["reference"])
    async def requirements() -> Page[RequirementReply]:
        """List the EfA-Mindestanforderungen, the checklist of the form."""
        snapshot = await reference.current()
        return Page(items=[RequirementReply.of(row) for row in snapshot.requirements])

    @router.get("/reference/ozg", tags=["reference"])
    async def ozg(q: Words = "", topic_id: str | None = None, cursor: Cursor = None, limit: Limit = 20) -> Page[OzgReply]:
        """Search the OZG services by name, id or Leistungsschlüssel."""
        snapshot = await reference.current()
        found = [(place, row) for place, row in snapshot.ozg.find(q) if topic_id is None or row.topic_id == topic_id]
        return _page(found, OzgReply.of, cursor, limit)

    @router.get("/reference/leika", tags=["reference"])
    async def leika(q: Words = "", ozg_id: str | None = None, cursor: Cursor = None, limit: Limit = 20) -> Page[LeikaReply]:
        """Search the Leistungskatalog by name or Leistungsschlüssel."""
        snapshot = await reference.current()
        found = [(place, row) for place, row in snapshot.leika.find(q) if ozg_id is None or row.ozg_id == ozg_id]
        return _page(found, LeikaReply.of, cursor, limit)

    return router


def _page(found: list[tuple[Position, R]], reply: Callable[[R], T], cursor: str | None, limit: int) -> Page[T]:
    after = place_of(cursor)
    rest = found if after is None else [hit for hit in found if hit[0] > after]
    return Page.cut(rest, limit, lambda hit: hit[0], lambda hit: reply(hit[1]))
