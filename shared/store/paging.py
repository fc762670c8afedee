"""Whole results, page by page: each page begins behind the last document of the one before it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from shared.store.port import Collection, Document, Portion, Query, Scalar, Store


def position_of(collection: Collection, query: Query, document: Document) -> tuple[Scalar, ...]:
    """Return the position of a document in what a query finds: where the next page begins (``Query.after``)."""
    free = (name for name in collection.index(query.index).fields if name not in query.equals)
    return (*(document[name] for name in free), document["_id"])


async def pages(store: Store, collection: Collection, query: Query) -> AsyncIterator[list[Document]]:
    """Yield all that a query finds, ``query.limit`` documents at a time. ``query.only`` must hold the fields of the index.

    A page that is changed while it is worked on does not shift the next one: positions, not offsets, are counted.
    """
    while documents := await store.find(collection, query):
        after = position_of(collection, query, documents[-1])
        yield documents
        if len(documents) < query.limit:
            return
        query = replace(query, after=after)


async def portions(store: Store, collection: Collection, query: Query, most_bytes: int) -> AsyncIterator[Portion]:
    """Yield all that a query finds as ``pages`` does, each page also bounded in bytes (``Store.find_portion``)."""
    while documents := (portion := await store.find_portion(collection, query, most_bytes)).documents:
        after = position_of(collection, query, documents[-1])
        # Counted now: whoever gets the portion may change its documents.
        more = portion.cut or len(documents) == query.limit
        yield portion
        if not more:
            return
        query = replace(query, after=after)


async def documents_of(store: Store, collection: Collection, query: Query) -> AsyncIterator[Document]:
    """Yield all that a query finds, document by document."""
    async for page in pages(store, collection, query):
        for document in page:
            yield document


async def scanned(store: Store, collection: Collection, limit: int = 500) -> AsyncIterator[list[Document]]:
    """Yield all documents of a collection in the order of their ids, page by page, each as it is when its page is read."""
    after: str | None = None
    while documents := await store.scan(collection, after, limit):
        after = documents[-1]["_id"]
        yield documents
