"""A store in a dictionary, for tests that decide who runs when: it pauses before and after each operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from shared.errors import StoreUnavailableError
from shared.store.documents import encoded, plain, plain_inserts, plain_saves
from shared.store.plan import Plan, plan, scanned, shape
from shared.store.port import PORTION_BYTES, Collection, Document, Portion, Query, Save

Documents = dict[str, dict[str, Document]]
"""What is stored, by the name of its collection and its id."""


async def _no_pause(_: str) -> None:
    return


class MemoryStore:
    """Keeps copies of documents. ``pause`` is awaited as ``insert.before``, ``insert.after``, ``save.before`` and so on.

    A pause may let others run, or raise: before the operation it did not happen, after it, it did.
    Stores that are made with the same ``documents`` are the ways of several processes to one store.
    """

    def __init__(self, pause: Callable[[str], Awaitable[None]] = _no_pause, documents: Documents | None = None) -> None:
        self.pause = pause
        self.documents: Documents = {} if documents is None else documents
        self._closed = False

    async def prepare(self, collections: Sequence[Collection]) -> None:
        for collection in collections:
            self._in(collection)

    async def get(self, collection: Collection, document_id: str) -> Document | None:
        return (await self.get_many(collection, [document_id])).get(document_id)

    async def get_many(self, collection: Collection, ids: Sequence[str]) -> dict[str, Document]:
        await self.pause("get.before")
        documents = self._in(collection)
        found = {document_id: plain(collection, documents[document_id]) for document_id in ids if document_id in documents}
        await self.pause("get.after")
        return found

    async def get_portion(
        self, collection: Collection, ids: Sequence[str], most_bytes: int, only: tuple[str, ...] = ()
    ) -> tuple[dict[str, Document], list[str]]:
        expected, parts = sorted(set(ids)), shape(collection.name, only=only)
        documents = await self.get_many(collection, expected)
        found = [parts.of(documents[document_id]) for document_id in expected if document_id in documents]
        fitting = _fitting(collection, found, most_bytes)
        left = expected[expected.index(found[fitting - 1]["_id"]) + 1 :] if fitting < len(found) else []
        return {document["_id"]: document for document in found[:fitting]}, left

    async def insert_many(self, collection: Collection, documents: Sequence[Document]) -> set[str]:
        copies = plain_inserts(collection, documents)
        for copy in copies.values():
            encoded(collection, copy)
        await self.pause("insert.before")
        stored = self._in(collection)
        new = copies.keys() - stored.keys()
        stored.update({document_id: copies[document_id] for document_id in new})
        await self.pause("insert.after")
        return new

    async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
        copies = plain_saves(collection, saves)
        for save in copies.values():
            encoded(collection, save.document)
        await self.pause("save.before")
        stored = self._in(collection)
        conflicts = {
            document_id
            for document_id, save in copies.items()
            if document_id not in stored or stored[document_id].get("rev") != save.expected_rev
        }
        stored.update({document_id: save.document for document_id, save in copies.items() if document_id not in conflicts})
        await self.pause("save.after")
        return conflicts

    async def find(self, collection: Collection, query: Query) -> list[Document]:
        steps = plan(collection, query)
        await self.pause("find.before")
        found = [document for document in self._in(collection).values() if _matches(document, steps)]
        found.sort(key=lambda document: _position(document, steps), reverse=steps.descending)
        await self.pause("find.after")
        return [plain(collection, steps.shape.of(document)) for document in found[: steps.limit]]

    async def find_portion(self, collection: Collection, query: Query, most_bytes: int) -> Portion:
        found = await self.find(collection, query)
        fitting = _fitting(collection, found, most_bytes)
        return Portion(found[:fitting], cut=fitting < len(found))

    async def scan(self, collection: Collection, after: str | None = None, limit: int = 500) -> list[Document]:
        size = scanned(limit)
        await self.pause("scan.before")
        beyond = (after or "").encode()
        found = sorted(
            (item for item in self._in(collection).values() if item["_id"].encode() > beyond), key=lambda d: d["_id"].encode()
        )
        return [plain(collection, document) for document in found[: _fitting(collection, found[:size], PORTION_BYTES)]]

    async def count(self, collection: Collection, query: Query) -> int:
        steps = plan(collection, query)
        await self.pause("count.before")
        return len([document for document in self._in(collection).values() if _matches(document, steps)])

    async def delete(self, collection: Collection, ids: Sequence[str]) -> int:
        await self.pause("delete.before")
        stored = self._in(collection)
        count = len([stored.pop(document_id) for document_id in set(ids) if document_id in stored])
        await self.pause("delete.after")
        return count

    async def ping(self) -> None:
        self._answer()

    async def close(self) -> None:
        self._closed = True

    def _in(self, collection: Collection) -> dict[str, Document]:
        self._answer()
        return self.documents.setdefault(collection.name, {})

    def _answer(self) -> None:
        if self._closed:
            raise StoreUnavailableError("The store in memory is closed.")


def _fitting(collection: Collection, documents: Sequence[Document], most_bytes: int) -> int:
    """Return how many of the documents are needed to reach a number of bytes; at least one."""
    size = count = 0
    for document in documents:
        if size >= most_bytes and count:
            break
        size += len(encoded(collection, document))
        count += 1
    return count


def _position(document: Document, steps: Plan) -> tuple[Any, ...]:
    return tuple(_comparable(document.get(name)) for name in steps.order)


def _comparable(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _matches(document: Document, steps: Plan) -> bool:
    position = _position(document, steps)
    if any(document.get(name) != value for name, value in steps.fixed) or None in position:
        return False
    if steps.at_least is not None and position[0] < _comparable(steps.at_least):
        return False
    if steps.below is not None and position[0] >= _comparable(steps.below):
        return False
    if steps.after is None:
        return True
    after = tuple(_comparable(value) for value in steps.after)
    return position < after if steps.descending else position > after
