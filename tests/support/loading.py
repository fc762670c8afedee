"""What a store gave out to answer a request, so that tests can weigh it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bson
import pytest

from shared.store.port import Collection, Document, Portion, Query, Store


@contextmanager
def loaded_from(store: Store) -> Iterator[list[Document]]:
    """Collect every document that a query or a portion of ids returns meanwhile."""
    found: list[Document] = []
    find, find_portion, get_portion = store.find, store.find_portion, store.get_portion

    async def watched(collection: Collection, query: Query) -> list[Document]:
        documents = await find(collection, query)
        found.extend(documents)
        return documents

    async def watched_portion(collection: Collection, query: Query, most_bytes: int) -> Portion:
        portion = await find_portion(collection, query, most_bytes)
        found.extend(portion.documents)
        return portion

    async def watched_ids(
        collection: Collection, ids: Sequence[str], most_bytes: int, only: tuple[str, ...] = ()
    ) -> tuple[dict[str, Document], list[str]]:
        documents, rest = await get_portion(collection, ids, most_bytes, only)
        found.extend(documents.values())
        return documents, rest

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "get_portion", watched_ids)
        patch.setattr(store, "find", watched)
        patch.setattr(store, "find_portion", watched_portion)
        yield found


def weight(document: dict[str, Any]) -> int:
    """Return the bytes of a document as it is stored."""
    return len(bson.encode(document))
