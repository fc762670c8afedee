"""The store over the MongoDB wire protocol: PyMongo's async client, or Motor where it is still in use.

Beside the document each record holds ``_w``, the token of its last write: a bulk result only counts the matches, the
tokens show which documents they were.
"""

from __future__ import annotations

import secrets
import sys
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from inspect import isawaitable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient, ReplaceOne
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    InvalidOperation,
    OperationFailure,
    WriteConcernError,
)

from shared import failpoints
from shared.errors import StoreUnavailableError
from shared.store.documents import decode, encoded, plain_inserts, plain_saves
from shared.store.mongo.failures import is_passing, require_only_duplicates
from shared.store.mongo.probe import probe
from shared.store.mongo.queries import among, filter_of
from shared.store.plan import plan, scanned, shape
from shared.store.port import PORTION_BYTES, Collection, Document, Portion, Query, Save
from shared.store.slices import Shape, paths_of

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(RawBSONDocument, tz_aware=True, tzinfo=UTC)
_TOKEN = "_w"  # noqa: S105 - the name of a field
_INDEX_DIFFERS = (85, 86)
# Durability is not for a URL to weaken; the rest are defaults.
_FIXED: Mapping[str, Any] = {
    "w": "majority",
    "journal": True,
    "readConcernLevel": "majority",
    "readPreference": "primary",
    "tz_aware": True,
    "tzinfo": UTC,
    "uuidRepresentation": "standard",
}
_DEFAULTS: Mapping[str, Any] = {
    "appName": "marktplatz",
    "maxPoolSize": 50,
    "retryWrites": True,
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 20_000,
    "wTimeoutMS": 10_000,
}

ClientFactory = Callable[..., Any]
"""Makes an ``AsyncMongoClient`` or what behaves like one."""


def motor_client(url: str, **options: Any) -> Any:  # noqa: ANN401 - Motor is an extra and has no types
    """Return a Motor client. Raises ModuleNotFoundError if the extra is not installed."""
    from motor.motor_asyncio import AsyncIOMotorClient  # noqa: PLC0415 - an extra

    return AsyncIOMotorClient(url, **options)


class MongoStore:
    """Store over one database of a MongoDB server. Raises ValueError for a URL without database name."""

    def __init__(self, url: str, *, client_factory: ClientFactory = AsyncMongoClient) -> None:
        parts = urlsplit(url)
        self._name = parts.path.strip("/")
        if not self._name:
            raise ValueError("a MongoDB store URL ends in a database name: mongodb://host/database")
        given = {name.lower() for name, _ in parse_qsl(parts.query)}
        defaults = {name: value for name, value in _DEFAULTS.items() if name.lower() not in given}
        self._connect: Callable[[], Any] = lambda: client_factory(url, **defaults, **_FIXED)
        self._client: Any = None
        self._closed = False
        self._projects_parts = False

    async def prepare(self, collections: Sequence[Collection]) -> None:
        """Probe the server and create missing indexes. Raises StoreUnfitError, naming what the server lacks."""
        with self._answering():
            findings = await probe(self._database())
            self._projects_parts = findings.projects_parts
            for collection in collections:
                for index in collection.indexes:
                    keys = [(name, 1) for name in index.fields] + [("_id", 1)] * findings.indexes_with_id
                    await self._create_index(collection, index.name, keys)

    async def get(self, collection: Collection, document_id: str) -> Document | None:
        """Return one document or None."""
        return (await self.get_many(collection, [document_id])).get(document_id)

    async def get_many(self, collection: Collection, ids: Sequence[str]) -> dict[str, Document]:
        """Return the documents that exist, by id."""
        if not ids:
            return {}
        with self._answering():
            found = await self._in(collection).find(among(ids), batch_size=max(len(ids), 2)).to_list(None)
        return {document["_id"]: _stripped(document) for document in found}

    async def get_portion(
        self, collection: Collection, ids: Sequence[str], most_bytes: int, only: tuple[str, ...] = ()
    ) -> tuple[dict[str, Document], list[str]]:
        """Return the documents that exist among the first of these ids, and the ids not looked for yet."""
        ordered = sorted(set(ids))
        parts = shape(collection.name, only=only)
        if not ordered:
            return {}, []
        with self._answering():
            cursor = self._raw_in(collection).find(among(ordered), self._projection(parts))
            portion = await _portion(cursor.sort([("_id", 1)]), parts, most_bytes)
        found = {document["_id"]: document for document in portion.documents}
        return found, ordered[bisect(ordered, max(found)) :] if portion.cut else []

    async def insert_many(self, collection: Collection, documents: Sequence[Document]) -> set[str]:
        """Insert those whose ``_id`` is free and return their ids."""
        copies = plain_inserts(collection, documents)
        if not copies:
            return set()
        bodies = [_raw(collection, copy) for copy in copies.values()]
        taken: set[str] = set()
        failpoints.passing("store.insert", "before")
        with self._answering():
            try:
                await self._in(collection).insert_many(bodies, ordered=False)
            except BulkWriteError as error:
                require_only_duplicates(error)
                ids = list(copies)
                taken = {ids[failure["index"]] for failure in error.details["writeErrors"]}
        failpoints.passing("store.insert", "after")
        return copies.keys() - taken

    async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
        """Replace documents under their guards and return the ids that conflicted.

        Raises StoreUnavailableError also if others replaced documents so soon that it is unknown which were written.
        """
        guarded = plain_saves(collection, saves)
        if not guarded:
            return set()
        token = secrets.token_hex(8)
        replacements: list[Any] = [
            ReplaceOne({"_id": document_id, "rev": save.expected_rev}, _raw(collection, {**save.document, _TOKEN: token}))
            for document_id, save in guarded.items()
        ]
        conflicts: set[str] = set()
        failpoints.passing("store.save", "before")
        with self._answering():
            result = await self._in(collection).bulk_write(replacements, ordered=False)
            if result.matched_count == 0:
                conflicts = set(guarded)
            elif result.matched_count < len(guarded):
                conflicts = await self._conflicts(collection, guarded, token, result.matched_count)
        failpoints.passing("store.save", "after")
        return conflicts

    async def find(self, collection: Collection, query: Query) -> list[Document]:
        """Return documents by a declared index. Raises ValueError for a query that the index cannot answer."""
        steps = plan(collection, query)
        if steps.shape.deep:
            return (await self.find_portion(collection, query, sys.maxsize)).documents
        way = -1 if steps.descending else 1
        with self._answering():
            shape, size = self._projection(steps.shape), max(steps.limit, 2)
            cursor = self._in(collection).find(filter_of(steps), shape, limit=steps.limit, batch_size=size)
            found = await cursor.sort([(name, way) for name in steps.order]).to_list(None)
        return [_stripped(document) for document in found]

    async def find_portion(self, collection: Collection, query: Query, most_bytes: int) -> Portion:
        """Return what a query finds, up to the document that reaches ``most_bytes`` of BSON."""
        steps = plan(collection, query)
        way = -1 if steps.descending else 1
        with self._answering():
            cursor = self._raw_in(collection).find(filter_of(steps), self._projection(steps.shape), limit=steps.limit)
            return await _portion(cursor.sort([(name, way) for name in steps.order]), steps.shape, most_bytes)

    async def scan(self, collection: Collection, after: str | None = None, limit: int = 500) -> list[Document]:
        """Return documents in the order of their ``_id``, from the one after ``after`` on."""
        size = scanned(limit)
        with self._answering():
            cursor = self._raw_in(collection).find({"_id": {"$gt": after or ""}}, limit=size)
            portion = await _portion(cursor.sort([("_id", 1)]), Shape(), PORTION_BYTES)
        return portion.documents

    async def count(self, collection: Collection, query: Query) -> int:
        """Return how many documents a query finds, whatever its ``limit``.

        By the command ``count``: the driver's own counting is an aggregation, which not every compatible server has.
        """
        where = filter_of(plan(collection, query))
        with self._answering():
            answer = await self._database().command("count", collection.name, query=where)
        return int(answer["n"])

    async def delete(self, collection: Collection, ids: Sequence[str]) -> int:
        """Delete documents and return how many existed."""
        if not ids:
            return 0
        failpoints.passing("store.delete", "before")
        with self._answering():
            result = await self._in(collection).delete_many(among(ids))
        failpoints.passing("store.delete", "after")
        return int(result.deleted_count)

    async def ping(self) -> None:
        """Return if the server answers."""
        with self._answering():
            await self._database().command("ping")

    async def close(self) -> None:
        """Close the connections."""
        client, self._client, self._closed = self._client, None, True
        if client is not None:
            closing = client.close()
            if isawaitable(closing):
                await closing

    async def _create_index(self, collection: Collection, name: str, keys: list[tuple[str, int]]) -> None:
        documents = self._in(collection)
        try:
            await documents.create_index(keys, name=name)
        except OperationFailure as error:
            if error.code not in _INDEX_DIFFERS:
                raise
            await documents.drop_index(name)
            await documents.create_index(keys, name=name)

    async def _conflicts(self, collection: Collection, guarded: Mapping[str, Save], token: str, matched: int) -> set[str]:
        """Return which saves did not take effect, knowing how many did."""
        shape = {"rev": 1, _TOKEN: 1}
        found = await self._in(collection).find(among(guarded), shape, batch_size=max(len(guarded), 2)).to_list(None)
        ours = {document["_id"] for document in found if document.get(_TOKEN) == token}
        if len(ours) < matched:
            # Some were replaced again before this look. Revisions only grow: where one has not reached ours, ours failed.
            revs = {document["_id"]: document.get("rev", -1) for document in found}
            ours |= {document_id for document_id, save in guarded.items() if revs.get(document_id, -1) >= save.document["rev"]}
        if len(ours) != matched:
            raise StoreUnavailableError(
                f"{self._name}: other writers were faster than this one could find out what it had written."
            )
        return guarded.keys() - ours

    def _database(self) -> Any:  # noqa: ANN401 - two drivers, one behaviour
        if self._closed:
            raise StoreUnavailableError(f"MongoDB store {self._name} is closed.")
        if self._client is None:
            # Not earlier: a client belongs to the event loop that it first runs in.
            self._client = self._connect()
        return self._client[self._name]

    def _in(self, collection: Collection) -> Any:  # noqa: ANN401 - two drivers, one behaviour
        return self._database()[collection.name]

    def _raw_in(self, collection: Collection) -> Any:  # noqa: ANN401 - two drivers, one behaviour
        """Return the collection whose documents come undecoded, so that a batch of large ones takes no more than its bytes."""
        return self._in(collection).with_options(codec_options=_RAW)

    def _projection(self, shape: Shape) -> Document | None:
        """Return what to ask the server for: the parts themselves if it can give them, else the fields that hold them."""
        if shape.only is not None:
            return dict.fromkeys(paths_of(shape.only) if self._projects_parts else shape.only, 1)
        return dict.fromkeys(shape.without, 0) or None

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn the driver's errors into those of the port."""
        try:
            yield
        except (ConnectionFailure, ExecutionTimeout, WriteConcernError, InvalidOperation) as error:
            raise StoreUnavailableError(f"MongoDB store {self._name}: {type(error).__name__}.") from error
        except OperationFailure as error:
            if not is_passing(error):
                raise
            raise StoreUnavailableError(f"MongoDB store {self._name}: {type(error).__name__}.") from error


async def _portion(cursor: Any, shape: Shape, most_bytes: int) -> Portion:  # noqa: ANN401 - two drivers, one behaviour
    """Return what is asked for of a cursor's documents until it reaches a number of bytes, and whether there are more."""
    bodies: list[bytes] = []
    size = 0
    try:
        async for document in cursor:
            if size >= most_bytes and bodies:
                return Portion([_stripped(decode(body)) for body in bodies], cut=True)
            # What the server has left out already need not be there to be left out here.
            body = bytes(document.raw)
            bodies.append(shape.cut(body) if shape.deep else body)
            size += len(bodies[-1])
    finally:
        await cursor.close()
    return Portion([_stripped(decode(body)) for body in bodies], cut=False)


def _raw(collection: Collection, document: Document) -> RawBSONDocument:
    """Encode before anything is sent: one bad document then keeps the whole batch out."""
    return RawBSONDocument(encoded(collection, document))


def _stripped(document: Document) -> Document:
    document.pop(_TOKEN, None)
    return document
