"""Pages of the export: read from the store, written once per content and form, and held for whoever asks next."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from rdflib import Graph

from services.catalog.catalogue import ReferenceReader
from services.catalog.dcat.graph import Leaf, Terms, graph_of
from services.catalog.dcat.vocabulary import PREFIXES
from services.catalog.repository import Offerings, Place
from shared.http.cached import content_tag
from shared.http.paging import encode_cursor

HELD_BYTES = 16 * 1024 * 1024


class Form(StrEnum):
    """The media types in which a page is written."""

    JSON_LD = "application/ld+json"
    RDF_XML = "application/rdf+xml"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page: its entity tag, the address of the next one, and the bytes unless the client holds them."""

    tag: str
    next: str | None
    body: bytes


class Exporter:
    """Writes pages of live offers as DCAT-AP.de, at most one at a time: each is work for the processor."""

    def __init__(self, offerings: Offerings, reference: ReferenceReader, terms: Terms) -> None:
        self._offerings = offerings
        self._reference = reference
        self._terms = terms
        self._writing = asyncio.Lock()
        self._held: OrderedDict[str, bytes] = OrderedDict()

    async def page(self, form: Form, base: str, after: Place | None, limit: int, cursor: str | None) -> Rendered:
        """Return a page of at most ``limit`` offers in a form; ``base`` is the address of the catalog's API.

        Raises ReferenceNotLoadedError before the reference data are loaded.
        """
        snapshot = await self._reference.current()
        found, following = await self._offerings.live_page(after, limit)
        address = f"{base}/v1/offerings/dcat"
        leaf = Leaf(
            offerings=[offering for offering, _ in found],
            base=base,
            here=_at(address, limit, cursor),
            first=_at(address, limit, None),
            next=None if following is None else _at(address, limit, encode_cursor(following)),
        )
        revisions = [(offering.id, rev) for offering, rev in found]
        # The order of members and blank space may differ from process to process, the statements do not.
        tag = content_tag(form, leaf.here, leaf.next, self._terms, snapshot.digests, revisions, weak=True)
        topics = {topic.topic_id: topic.name for topic in snapshot.topics}
        async with self._writing:
            body = self._held.get(tag)
            if body is None:
                body = await asyncio.to_thread(_written, form, leaf, self._terms, topics)
                self._hold(tag, body)
            else:
                self._held.move_to_end(tag)
        return Rendered(tag, leaf.next, body)

    def _hold(self, tag: str, body: bytes) -> None:
        self._held[tag] = body
        size = sum(map(len, self._held.values()))
        while size > HELD_BYTES and len(self._held) > 1:
            size -= len(self._held.popitem(last=False)[1])


def _written(form: Form, leaf: Leaf, terms: Terms, topics: Mapping[str, str]) -> bytes:
    graph: Graph = graph_of(leaf, terms, topics)
    if form is Form.RDF_XML:
        return graph.serialize(format="xml", encoding="utf-8")
    return graph.serialize(format="json-ld", context=dict(PREFIXES), encoding="utf-8")


def _at(address: str, limit: int, cursor: str | None) -> str:
    query = {"limit": str(limit)} | ({} if cursor is None else {"cursor": cursor})
    return f"{address}?{urlencode(query)}"
