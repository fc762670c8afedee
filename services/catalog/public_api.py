"""The catalog's public API: the Schaufenster and the reference data, readable without a token. Only translates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Final, Protocol, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.catalog.access import Seen, seen_by, unknown
from services.catalog.catalogue import Listed, ReferenceReader, place_in
from services.catalog.domain.completeness import shortcomings
from services.catalog.domain.offering import Offering
from services.catalog.domain.transitions import Actor
from services.catalog.entries import InUse
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
from services.catalog.schemas.offering import InUseReply, OfferingReply
from services.catalog.schemas.reference import LeikaReply, OzgReply, RequirementReply, TopicReply
from services.catalog.search import Schaufenster
from services.catalog.versions.api import Recorded, version_of
from services.catalog.vocabulary import Vocabulary
from shared.http.cached import FRESH_SECONDS, NOT_MODIFIED, content_tag, public_reply
from shared.http.caller import Caller
from shared.http.dependencies import OptionalCaller
from shared.http.etag import etag, json_reply
from shared.http.found_page import FoundPage, mark_of
from shared.http.paging import Limit, Page
from shared.messages.values import OfferingState

REFERENCE_SECONDS: Final = 3600
"""How long everybody may hold what changes with a release or a load of reference data."""
Version = Annotated[
    int | None, Query(ge=1, le=2**31 - 1, description="Number of the version to read; without it the latest.", examples=[2])
]
R = TypeVar("R")
T = TypeVar("T", bound=BaseModel)


class Shown(Protocol):
    """Where one offer is found: the store, or what has followed the topic of offers."""

    async def find(self, offering_id: str, caller: Caller | None) -> tuple[Offering, int] | None:
        """Return an offer that the caller may see, with its revision, or None."""


class Counts(Protocol):
    """Where it is known who reuses an offer."""

    async def of(self, offering_id: str) -> InUse | None:
        """Return how many bodies reuse an offer and in which Länder, None if none does."""


def public_routes(
    offerings: Shown,
    reference: ReferenceReader,
    schaufenster: Schaufenster,
    words: FacetWords,
    vocabulary: Vocabulary,
    versions: Recorded,
    reuses: Counts | None = None,
) -> APIRouter:
    """Return the routes that everybody may read. Without ``reuses`` nothing is known of who reuses an offer."""
    router = APIRouter(prefix="/v1")

    get = partial(router.get, responses=dict(NOT_MODIFIED))

    @get("/offerings", tags=["offerings"], response_model=SearchReply)
    async def search_offerings(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
        """Search offers and known EfA services.

        Best first: what the words name in the title, then what has them in the official names of its keys, its provider or text;
        what can be ordered before the others.
        """
        found, today = await schaufenster.search(query.search())
        return public_reply(request, SearchReply.of(found, query.mark, words, today), FRESH_SECONDS)

    @get("/offerings/{offering_id}", tags=["offerings"], response_model=DetailReply)
    async def get_offering(request: Request, offering_id: str, caller: OptionalCaller, version: Version = None) -> Response:
        """Read an offer, or a known EfA service by its id. Drafts and submissions are there for those in charge only.

        A withdrawn offer stays readable with the reason, and so does every version (`version`).
        """
        found = await offerings.find(offering_id, caller)
        if found is None:
            known = await schaufenster.find_known(offering_id)
            if known is None or version is not None:
                raise unknown(offering_id)
            return public_reply(request, KnownReply.of(*known), FRESH_SECONDS)
        offering, rev = found
        if version is not None and version != offering.version:
            shown = await version_of(offering, version, versions)
            return public_reply(request, shown, FRESH_SECONDS) if caller is None else json_reply(shown)
        used = None if reuses is None else await reuses.of(offering_id)
        in_use = None if used is None else InUseReply.model_validate(used)
        if caller is None:
            shown = OfferingReply.of(offering, Seen())
            shown.in_use = in_use
            # Who reuses it changes without its revision.
            return public_reply(request, shown, FRESH_SECONDS, tag=etag(rev) if used is None else content_tag(rev, used))
        seen = seen_by(offering, caller)
        lacking = None
        if Actor.BEREITSTELLER in seen.actors and offering.state is OfferingState.ENTWURF:
            lacking = tuple(shortcomings(offering.form, (await reference.current()).catalogue, schaufenster.today()))
        reply = OfferingReply.of(offering, seen, lacking)
        reply.in_use = in_use
        return json_reply(reply, rev=rev)

    _reference_routes(router, reference, vocabulary)
    return router


def _reference_routes(router: APIRouter, reference: ReferenceReader, vocabulary: Vocabulary) -> None:
    get = partial(router.get, tags=["reference"], responses=dict(NOT_MODIFIED))

    @get("/reference/vocabulary", response_model=Vocabulary)
    async def words(request: Request) -> Response:
        """Words for all codes of offers, German and English, and the transition table."""
        return public_reply(request, vocabulary, REFERENCE_SECONDS)

    @get("/reference/topics", response_model=Page[TopicReply])
    async def topics(request: Request) -> Response:
        """List the Themenfelder."""
        snapshot = await reference.current()
        page = Page[TopicReply](items=[TopicReply.of(row) for row in snapshot.topics])
        return public_reply(request, page, REFERENCE_SECONDS)

    @get("/reference/requirements", response_model=Page[RequirementReply])
    async def requirements(request: Request) -> Response:
        """List the EfA-Mindestanforderungen, the checklist of the form."""
        snapshot = await reference.current()
        page = Page[RequirementReply](items=[RequirementReply.of(row) for row in snapshot.requirements])
        return public_reply(request, page, REFERENCE_SECONDS)

    @get("/reference/ozg", response_model=FoundPage[OzgReply])
    async def ozg(
        request: Request, q: Words = "", topic_id: str | None = None, cursor: Cursor = None, limit: Limit = 20
    ) -> Response:
        """Search the OZG services by name, id, Leistungsschlüssel, or the names of their LeiKa entries."""
        snapshot = await reference.current()
        found = snapshot.ozg.find(q)
        rows = [hit for hit in found.rows if topic_id is None or hit[1].topic_id == topic_id]
        mark = mark_of({"list": "ozg", "q": q, "topic_id": topic_id})
        page = _page(replace(found, rows=rows), OzgReply.of, mark, cursor, limit)
        return public_reply(request, page, REFERENCE_SECONDS)

    @get("/reference/leika", response_model=FoundPage[LeikaReply])
    async def leika(
        request: Request, q: Words = "", ozg_id: str | None = None, cursor: Cursor = None, limit: Limit = 20
    ) -> Response:
        """Search the Leistungskatalog by name or Leistungsschlüssel."""
        snapshot = await reference.current()
        found = snapshot.leika.find(q)
        rows = [hit for hit in found.rows if ozg_id is None or hit[1].ozg_id == ozg_id]
        mark = mark_of({"list": "leika", "q": q, "ozg_id": ozg_id})
        page = _page(replace(found, rows=rows), LeikaReply.of, mark, cursor, limit)
        return public_reply(request, page, REFERENCE_SECONDS)


def _page(found: Listed[R], reply: Callable[[R], T], mark: str, cursor: str | None, limit: int) -> FoundPage[T]:
    rest = found.rows[place_in(found.rows, place_of(cursor, mark)) :]
    page = Page.cut(rest, limit, lambda hit: (mark, *hit[0]), lambda hit: reply(hit[1]))
    return FoundPage(items=page.items, next=page.next, match=found.understood, suggestion=found.meant)
