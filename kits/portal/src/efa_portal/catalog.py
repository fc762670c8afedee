"""The reading side, for a portal's web application: offers and known services, and what has changed."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from efa_portal.canonical import NotCanonicalError
from efa_portal.errors import PortalError, StoreDamagedError, StoreMissingError, store_errors
from efa_portal.fold import state_of
from efa_portal.states import KnownService, Offer, Origin
from efa_portal.status import Status, read_status
from efa_portal.store import changes
from efa_portal.store.database import open_for_reading
from efa_portal.store.rows import Entry, read_entries, read_note, read_places, read_view
from efa_portal.topics import CATALOG, KNOWN_SERVICES, OFFERINGS, CatalogTopic

logger = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_Typed = TypeVar("_Typed", Offer, KnownService)
_KINDS = {OFFERINGS.name: "offer", KNOWN_SERVICES.name: "known-service"}


@dataclass(frozen=True, slots=True)
class Change:
    """An offer or known service that came, changed or went; ``kind`` is ``offer`` or ``known-service``."""

    kind: str
    id: str
    removed: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes in their order, and the cursor after them. With ``reset`` the reader must read the whole catalog again."""

    items: tuple[Change, ...]
    cursor: str
    reset: bool = False


class Catalog:
    """A store, read-only. It may be used beside a running follower, from several threads and processes.

    Every method sees one state of the catalog, whole. Each raises StoreMissingError while there is none yet, StoreDamagedError if
    the file is not what its follower wrote, StoreUnavailableError if it cannot be opened now.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def offers(self, states: Collection[str] = ()) -> Iterator[Offer]:
        """Yield the offers in the order of their ids: all of them, or those in one of these states."""
        found = self._typed(OFFERINGS, Offer)
        return (offer for offer in found if not states or offer.state in states)

    def find_offer(self, offer_id: str) -> Offer | None:
        """Return an offer by its id, or None if the catalog has none."""
        return next(self._typed(OFFERINGS, Offer, offer_id), None)

    def known_services(self) -> Iterator[KnownService]:
        """Yield the known services that nobody offers here yet, in the order of their ids."""
        return self._typed(KNOWN_SERVICES, KnownService)

    def find_known_service(self, service_id: str) -> KnownService | None:
        """Return a known service by its id, or None if the catalog has none."""
        return next(self._typed(KNOWN_SERVICES, KnownService, service_id), None)

    def status(self) -> Status:
        """Return how the store relates to the marketplace, as its follower last saw it."""
        return self._read(lambda connection: read_status(connection, self.path))

    def _typed(self, topic: CatalogTopic, model: type[_Typed], key: str | None = None) -> Iterator[_Typed]:
        for entry in self._read(lambda connection: _entries(connection, topic, key)):
            try:
                raw = state_of(entry.value, topic.member)
            except NotCanonicalError:
                logger.warning("the record of %r in %s cannot be read", entry.key, topic.name)
                continue
            yield model.read(raw, _text(entry.key), Origin(entry.type, entry.time, entry.partition, entry.position))

    def cursor(self) -> str:
        """Return the cursor of now: changes after it come later than what the other methods show now."""
        return self._read(_cursor)

    def changes(self, cursor: str, limit: int = 1000) -> Changes:
        """Return the changes after a cursor, oldest first.

        A cursor that is too old, or of a store that was replaced, gives ``reset``: read the whole catalog again, then go on with
        the new cursor.
        """
        return self._read(lambda connection: _changes(connection, cursor, limit))

    async def watch(self, cursor: str | None = None, seconds: float = 1.0) -> AsyncIterator[Changes]:
        """Yield changes as they come, from a cursor or from now on; the store is looked at each so many seconds."""
        at = await asyncio.to_thread(self.cursor) if cursor is None else cursor
        while True:
            found = await asyncio.to_thread(self.changes, at)
            if found.items or found.reset:
                at = found.cursor
                yield found
            else:
                await asyncio.sleep(seconds)

    def subscribe(self, callback: Callable[[Changes], None], cursor: str | None = None, seconds: float = 1.0) -> Subscription:
        """Call back with changes as they come, from a thread, until the subscription is closed."""
        return Subscription(self, callback, self.cursor() if cursor is None else cursor, seconds)

    def _read(self, read: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Read in one transaction on a connection of its own; once more if the file was replaced meanwhile."""
        while True:
            before = _identity(self.path)
            connection = open_for_reading(self.path)
            try:
                with store_errors(self.path):
                    connection.execute("BEGIN")
                    result = read(connection)
            except PortalError:
                if _identity(self.path) == before:
                    raise
            else:
                if _identity(self.path) == before:
                    return result
            finally:
                connection.close()


class Subscription:
    """A thread that calls back with changes. Use it as a context manager, or close it."""

    def __init__(self, catalog: Catalog, callback: Callable[[Changes], None], cursor: str, seconds: float) -> None:
        self._catalog, self._callback, self._cursor, self._seconds = catalog, callback, cursor, seconds
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="efa-portal-changes", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                found = self._catalog.changes(self._cursor)
                if found.items or found.reset:
                    self._callback(found)
                    self._cursor = found.cursor
                    continue
            except PortalError as error:
                logger.warning("%s; looking again", error)
            except Exception:
                logger.exception("the callback failed; it is called again with the same changes")
            self._closed.wait(self._seconds)

    def close(self) -> None:
        """End the thread; a callback that is running ends first."""
        self._closed.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        """Return the subscription."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the thread."""
        self.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def shown_generation(connection: sqlite3.Connection, topic: CatalogTopic) -> int:
    """Return the generation that readers see. Raises StoreMissingError while there is none, StoreDamagedError."""
    shown = read_view(connection, topic.name).shown
    if shown is None:
        raise StoreMissingError(f"the store holds no whole {topic.name} yet: the follower is building it")
    return shown


def _entries(connection: sqlite3.Connection, topic: CatalogTopic, key: str | None) -> list[Entry]:
    shown = shown_generation(connection, topic)
    entries = list(read_entries(connection, topic.name, shown, key=None if key is None else key.encode()))
    if key is None and len(entries) != sum(place.live for place in read_places(connection, topic.name, shown).values()):
        raise StoreDamagedError(f"entries of {topic.name} are missing in the store")
    return entries


def _cursor(connection: sqlite3.Connection) -> str:
    for topic in CATALOG:
        shown_generation(connection, topic)
    return f"{read_note(connection, 'epoch')}:{changes.newest(connection)}"


def _changes(connection: sqlite3.Connection, cursor: str, limit: int) -> Changes:
    now = _cursor(connection)
    epoch, _, number = cursor.partition(":")
    known = epoch == now.partition(":")[0] and number.isascii() and number.isdecimal()
    if not known or int(number) + 1 < changes.oldest(connection) or int(number) > changes.newest(connection):
        return Changes((), now, reset=True)
    rows = changes.after(connection, int(number), limit)
    items = (
        Change(_KINDS[row.topic], _text(row.key), row.kind == changes.REMOVED, datetime.fromisoformat(row.at)) for row in rows
    )
    return Changes(tuple(items), f"{epoch}:{rows[-1].number}" if rows else cursor)


def _text(key: bytes) -> str:
    return key.decode("utf-8", "replace")
