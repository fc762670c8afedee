"""The catalog's public API: the Schaufenster and the reference data, readable without a token. Only translates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from services.catalog.access import capacities, unknown
from services.catalog.catalogue import Listed, ReferenceReader, place_in
from services.catalog.domain.completeness import shortcomings
from services.catalog.domain.transitions import Actor
from services.catalog.repository import Offerings
from services.catalog.schemas.listing import (
    Cursor,
    DetailReply,
    FacetWords,
    KnownReply,
    SearchQuery,
    SearchReply,
    Words,
    place_of,
)
from services.catalog.schemas.offering import OfferingReply
from services.catalog.schemas.reference import LeikaReply, OzgReply, RequirementReply, TopicReply
from services.catalog.search import Schaufenster
from shared.http.dependencies import OptionalCaller
from shared.http.etag import json_reply
from shared.http.found_page import FoundPage, mark_of
from shared.http.paging import Limit, Page
from shared.messages.values import OfferingState

R = TypeVar("R")
T = TypeVar("T", bound=BaseModel)


def public_routes(offerings: Offerings, reference: ReferenceReader, schaufenster: Schaufenster, words: FacetWords) -> APIRouter:
    """Return the routes that everybody may read."""
    router = APIRouter(prefix="/v1")

    @router.get("/offerings", tags=["offerings"])
    async def search_offerings(query: Annotated[SearchQuery, Query()]) -> SearchReply:
        """Search offers and known EfA services.

        Best first: what the words name in the title, then what has them in the official names of its keys, its provider or text;
        what can be ordered before the others.
        """
        found, today = await schaufenster.search(query.search())
        return SearchReply.of(found, query.mark, words, today)

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
        lacking = None
        if Actor.BEREITSTELLER in actors and offering.state is OfferingState.ENTWURF:
            lacking = tuple(shortcomings(offering.form, (await reference.current()).catalogue))
        return json_reply(OfferingReply.of(offering, actors, lacking), rev=rev)

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
    async def ozg(q: Words = "", topic_id: str | None = None, cursor: Cursor = None, limit: Limit = 20) -> FoundPage[OzgReply]:
        """Search the OZG services by name, id, Leistungsschlüssel, or the names of their LeiKa entries."""
        snapshot = await reference.current()
        found = snapshot.ozg.find(q)
        rows = [hit for hit in found.rows if topic_id is None or hit[1].topic_id == topic_id]
        mark = mark_of({"list": "ozg", "q": q, "topic_id": topic_id})
        return _page(replace(found, rows=rows), OzgReply.of, mark, cursor, limit)

    @router.get("/reference/leika", tags=["reference"])
    async def leika(q: Words = "", ozg_id: str | None = None, cursor: Cursor = None, limit: Limit = 20) -> FoundPage[LeikaReply]:
        """Search the Leistungskatalog by name or Leistungsschlüssel."""
        snapshot = await reference.current()
        found = snapshot.leika.find(q)
        rows = [hit for hit in found.rows if ozg_id is None or hit[1].ozg_id == ozg_id]
        mark = mark_of({"list": "leika", "q": q, "ozg_id": ozg_id})
        return _page(replace(found, rows=rows), LeikaReply.of, mark, cursor, limit)

    return router


def _page(found: Listed[R], reply: Callable[[R], T], mark: str, cursor: str | None, limit: int) -> FoundPage[T]:
    rest = found.rows[place_in(found.rows, place_of(cursor, mark)) :]
    page = Page.cut(rest, limit, lambda hit: (mark, *hit[0]), lambda hit: reply(hit[1]))
    return FoundPage(items=page.items, next=page.next, match=found.understood, suggestion=found.meant)
