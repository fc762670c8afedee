"""The embedded store: one SQLite file, shared by the processes of one machine, or a private one in memory.

A collection is a table: ``_id``, ``rev``, the document as BSON (MongoDB's own codec, so that types behave alike) and one
column for each field of a declared index. Processes that share a file declare the same indexes.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from shared import failpoints
from shared.errors import StoreUnavailableError, StoreUnfitError
from shared.store.documents import decode, plain_inserts, plain_saves
from shared.store.plan import plan, scanned, shape
from shared.store.port import PORTION_BYTES, Collection, Document, Portion, Query, Save
from shared.store.slices import Shape
from shared.store.sqlite.table import Table

T = TypeVar("T")

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_AWAY = (
    *_BUSY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
)
# An aggregate is often larger than the usual page of 4 KiB and would lie in a chain of them; measured, a batch of saves takes
# a fifth less CPU like this.
_PAGE_BYTES = 8192
_CACHE_KIB = 16 * 1024
_CLOSING_PATIENCE_MS = 100


class SqliteStore:
    """Store over one SQLite file in WAL mode, or in memory if ``path`` is None.

    Every method is one hop to a thread and one transaction. ``busy_timeout`` is how long to wait for other processes.
    """

    def __init__(self, path: Path | None, *, busy_timeout: timedelta = timedelta(seconds=5)) -> None:
        self._writer = _Lane(path, busy_timeout)
        # A database in memory belongs to its connection; a file lets one connection read while another writes.
        self._reader = self._writer if path is None else _Lane(path, busy_timeout)
        self._tables: dict[Collection, Table] = {}

    async def prepare(self, collections: Sequence[Collection]) -> None:
        """Create missing tables, columns and indexes; fill new columns from the stored documents."""
        tables = [self._table(collection) for collection in collections]

        def work(connection: sqlite3.Connection) -> None:
            with _writing(connection):
                for table in tables:
                    table.prepare(connection)

        await self._writer.run(work)

    async def get(self, collection: Collection, document_id: str) -> Document | None:
        """Return one document or None."""
        return (await self.get_many(collection, [document_id])).get(document_id)

    async def get_many(self, collection: Collection, ids: Sequence[str]) -> dict[str, Document]:
        """Return the documents that exist, by id."""
        table = self._table(collection)
        ids_as_json = json.dumps(list(ids))
        rows = await self._reader.run(lambda connection: connection.execute(table.select, (ids_as_json,)).fetchall())
        return {document_id: decode(body) for document_id, body in rows}

    async def get_portion(
        self, collection: Collection, ids: Sequence[str], most_bytes: int, only: tuple[str, ...] = ()
    ) -> tuple[dict[str, Document], list[str]]:
        """Return the documents that exist among the first of these ids, and the ids not looked for yet."""
        table, ordered = self._table(collection), sorted(set(ids))
        parts = shape(collection.name, only=only)

        def work(connection: sqlite3.Connection) -> tuple[list[bytes], bool]:
            rows = connection.execute(table.select_in_order, (json.dumps(ordered),))
            return _portion(rows, parts, most_bytes)

        bodies, cut = await self._reader.run(work)
        found = {document["_id"]: document for document in map(decode, bodies)}
        return found, ordered[bisect(ordered, max(found)) :] if cut else []

    async def insert_many(self, collection: Collection, documents: Sequence[Document]) -> set[str]:
        """Insert those whose ``_id`` is free and return their ids."""
        table = self._table(collection)
        rows = {document_id: table.row(copy) for document_id, copy in plain_inserts(collection, documents).items()}
        if not rows:
            return set()

        def work(connection: sqlite3.Connection) -> set[str]:
            with _writing(connection):
                taken = {row[0] for row in connection.execute(table.select_rev, (json.dumps(list(rows)),))}
                new = rows.keys() - taken
                connection.executemany(table.insert, [rows[document_id] for document_id in new])
            return set(new)

        failpoints.passing("store.insert", "before")
        new = await self._writer.run(work)
        failpoints.passing("store.insert", "after")
        return new

    async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
        """Replace documents under their guards and return the ids that conflicted."""
        table = self._table(collection)
        guarded = plain_saves(collection, saves)
        rows = {document_id: (table.row(save.document), save.expected_rev) for document_id, save in guarded.items()}
        if not rows:
            return set()

        def work(connection: sqlite3.Connection) -> set[str]:
            with _writing(connection):
                revs = dict(connection.execute(table.select_rev, (json.dumps(list(rows)),)).fetchall())
                free = [row for document_id, (row, expected) in rows.items() if revs.get(document_id) == expected]
                connection.executemany(table.update, [(*row[1:], row[0]) for row in free])
            return rows.keys() - {row[0] for row in free}

        failpoints.passing("store.save", "before")
        conflicts = await self._writer.run(work)
        failpoints.passing("store.save", "after")
        return conflicts

    async def find(self, collection: Collection, query: Query) -> list[Document]:
        """Return documents by a declared index. Raises ValueError for a query that the index cannot answer."""
        steps = plan(collection, query)
        sql, values = self._table(collection).find(steps)
        if steps.shape.whole:
            rows = await self._reader.run(lambda connection: connection.execute(sql, values).fetchall())
            return [decode(body) for (body,) in rows]
        # One by one: the page as a whole may be far larger than what is left of it.
        parts = await self._reader.run(lambda connection: [steps.shape.cut(body) for (body,) in connection.execute(sql, values)])
        return [decode(part) for part in parts]

    async def find_portion(self, collection: Collection, query: Query, most_bytes: int) -> Portion:
        """Return what a query finds, up to the document that reaches ``most_bytes`` of BSON."""
        steps = plan(collection, query)
        sql, values = self._table(collection).find(steps)
        parts, cut = await self._reader.run(lambda connection: _portion(connection.execute(sql, values), steps.shape, most_bytes))
        return Portion([decode(part) for part in parts], cut)

    async def scan(self, collection: Collection, after: str | None = None, limit: int = 500) -> list[Document]:
        """Return documents in the order of their ``_id``, from the one after ``after`` on."""
        table, values = self._table(collection), (after or "", scanned(limit))
        parts, _ = await self._reader.run(
            lambda connection: _portion(connection.execute(table.scan, values), Shape(), PORTION_BYTES)
        )
        return [decode(part) for part in parts]

    async def count(self, collection: Collection, query: Query) -> int:
        """Return how many documents a query finds, whatever its ``limit``."""
        sql, values = self._table(collection).count(plan(collection, query))
        found: tuple[int] = await self._reader.run(lambda connection: connection.execute(sql, values).fetchone())
        return found[0]

    async def delete(self, collection: Collection, ids: Sequence[str]) -> int:
        """Delete documents and return how many existed."""
        table = self._table(collection)
        if not ids:
            return 0

        def work(connection: sqlite3.Connection) -> int:
            with _writing(connection):
                return connection.execute(table.delete, (json.dumps(list(ids)),)).rowcount

        failpoints.passing("store.delete", "before")
        count = await self._writer.run(work)
        failpoints.passing("store.delete", "after")
        return count

    async def ping(self) -> None:
        """Return if the file can be read."""
        await self._reader.run(lambda connection: connection.execute("SELECT count(*) FROM sqlite_master").fetchone())

    async def close(self) -> None:
        """Close the connections and end their threads."""
        for lane in {self._reader, self._writer}:
            await lane.close()

    def _table(self, collection: Collection) -> Table:
        table = self._tables.get(collection)
        if table is None:
            table = self._tables[collection] = Table(collection)
        return table


class _Lane:
    """One connection and the one thread that uses it."""

    def __init__(self, path: Path | None, busy_timeout: timedelta) -> None:
        self._path = path
        self._patience = busy_timeout.total_seconds()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._connection: sqlite3.Connection | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work in the lane's thread. Raises StoreUnavailableError when SQLite cannot do it now."""
        try:
            future = self._thread.submit(self._call, work)
        except RuntimeError as error:
            raise StoreUnavailableError(f"{self._name} is closed.") from error
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        with suppress(RuntimeError):
            await asyncio.wrap_future(self._thread.submit(self._disconnect))
        self._thread.shutdown(wait=False)

    @property
    def _name(self) -> str:
        return f"SQLite store {self._path.name}" if self._path else "SQLite store in memory"

    def _call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = self._connect()
            return work(self._connection)
        except OSError as error:
            raise StoreUnavailableError(f"{self._name}: {error.strerror}.") from error
        except sqlite3.Error as error:
            code = error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else None
            if code not in _AWAY:
                raise
            if self._path and code not in _BUSY:
                self._disconnect()  # what happened to the file may be over when it is opened again
            raise StoreUnavailableError(f"{self._name}: {error}.") from error

    def _connect(self) -> sqlite3.Connection:
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        # isolation_level None: transactions begin and end where this module does it.
        connection = sqlite3.connect(
            self._path or ":memory:", timeout=self._patience, isolation_level=None, check_same_thread=False
        )
        try:
            if self._path:
                connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # counts for a new file only
                connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
                self._log_ahead(connection)
            connection.execute("PRAGMA synchronous = FULL")
            # What is erased or replaced leaves no trace in free pages: contact data must be gone when they are gone.
            connection.execute("PRAGMA secure_delete = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _log_ahead(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
                break
            except sqlite3.OperationalError as error:
                # SQLite does not wait by itself when two processes turn WAL on at the same moment.
                if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        if mode != "wal":
            raise StoreUnfitError(f"{self._name}: its file system does not allow write-ahead logging (WAL).")

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                # The log holds former contents too. If another process reads just now, it is emptied when that one closes.
                connection.execute(f"PRAGMA busy_timeout = {_CLOSING_PATIENCE_MS}")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with suppress(sqlite3.Error):
                connection.close()


def _portion(rows: Iterable[tuple[bytes]], shape: Shape, most_bytes: int) -> tuple[list[bytes], bool]:
    """Return the parts of rows until they reach a number of bytes, and whether there are more."""
    parts: list[bytes] = []
    size = 0
    for (body,) in rows:
        if size >= most_bytes and parts:
            return parts, True
        parts.append(shape.cut(body))
        size += len(parts[-1])
    return parts, False


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    # IMMEDIATE: the lock is taken before anything is read, so nothing read in here can be overtaken.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
