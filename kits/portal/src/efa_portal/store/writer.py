"""The store as its follower writes it: state and offsets in one transaction, generations built beside and swapped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from efa_portal.errors import StoreDamagedError, StoreForeignError, StoreUnavailableError, store_errors
from efa_portal.fold import entry_digest
from efa_portal.record import CatalogRecord, Undo
from efa_portal.store import changes
from efa_portal.store.database import VERSION, open_for_writing
from efa_portal.store.rows import (
    ENTRY_COLUMNS,
    Entry,
    Place,
    View,
    read_note,
    read_places,
    read_view,
    unsealed,
    write_entry,
    write_note,
    write_place,
    write_view,
)
from efa_portal.store.seal import NOTHING, add
from efa_portal.topics import CATALOG, CatalogTopic


class Store:
    """An open store. One follower writes it at a time; any number of readers may have it open beside."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises StoreForeignError, StoreDamagedError, StoreUnavailableError.
        """
        self.path = path
        self._connection = open_for_writing(path)
        try:
            with store_errors(path):
                self._check_version()
        except BaseException:
            self._connection.close()
            raise

    def _check_version(self) -> None:
        if self._connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise StoreDamagedError(f"the store {self.path} is damaged: SQLite finds its pages out of order")
        with self._write():
            version = read_note(self._connection, "version")
            if version is None:
                if self._connection.execute("SELECT count(*) FROM entry").fetchone() != (0,):
                    raise StoreDamagedError(f"the store {self.path} is damaged: it does not name its version")
                write_note(self._connection, "version", VERSION)
                write_note(self._connection, "epoch", uuid4().hex)
            elif version != VERSION:
                raise StoreForeignError(f"{self.path} was written by another version of efa-portal: use that or another file")
        for topic in CATALOG:
            self.view(topic)

    def close(self) -> None:
        """Close the file; what SQLite keeps beside it is taken in if nobody else has it open."""
        self._connection.close()

    def take_in_log(self) -> None:
        """Write all into the file itself, so that it can be moved. Raises StoreUnavailableError if a reader prevents it."""
        with store_errors(self.path):
            busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreUnavailableError(f"the store {self.path} cannot be moved: somebody reads it")

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is saved, or nothing."""
        with store_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def view(self, topic: CatalogTopic) -> View:
        """Return the generations of a topic. Raises StoreDamagedError."""
        with store_errors(self.path):
            return read_view(self._connection, topic.name)

    def places(self, topic: CatalogTopic, generation: int) -> dict[int, Place]:
        """Return how far each partition of a generation was read. Raises StoreDamagedError."""
        with store_errors(self.path):
            return read_places(self._connection, topic.name, generation)

    def digests(self, topic: CatalogTopic, generation: int, partition: int | None = None) -> dict[bytes, str]:
        """Return the recorded digests of the entries of a generation, or of one of its partitions."""
        query = "SELECT key, digest FROM entry WHERE topic = ? AND generation = ?"
        parameters: tuple[str | int, ...] = (topic.name, generation)
        if partition is not None:
            query, parameters = f"{query} AND partition = ?", (*parameters, partition)
        with store_errors(self.path):
            return dict(self._connection.execute(query, parameters).fetchall())

    def begin_build(self, topic: CatalogTopic, starts: Mapping[int, int]) -> View:
        """Begin a new generation beside the one that is shown, each partition at its start; drop a build that was under way."""
        with self._write() as connection:
            view = read_view(connection, topic.name)
            begun = replace(view, building=view.newest + 1, newest=view.newest + 1)
            self._drop(topic, view.building)
            for partition, start in starts.items():
                write_place(connection, topic.name, begun.newest, Place(partition, start, 0, NOTHING))
            write_view(connection, begun)
        return begun

    def apply(
        self, topic: CatalogTopic, records: Sequence[CatalogRecord], positions: Mapping[int, int], generation: int
    ) -> list[Undo]:
        """Apply records in the order of their offsets and move the positions of their partitions, in one transaction.

        A record below the position of its partition is passed over: it was applied before. Returns what was replaced.
        """
        with self._write() as connection:
            view = read_view(connection, topic.name)
            places = read_places(connection, topic.name, generation)
            undone = []
            for record in records:
                place = places[record.partition]
                if record.offset >= place.position:
                    places[record.partition], undo = self._apply(topic, generation, place, record)
                    undone.append(undo)
            for partition, position in positions.items():
                place = places[partition]
                places[partition] = replace(place, position=max(position, place.position))
                write_place(connection, topic.name, generation, places[partition])
            if generation == view.shown:
                self._note_changes(topic, generation, undone)
        return undone

    def _apply(self, topic: CatalogTopic, generation: int, place: Place, record: CatalogRecord) -> tuple[Place, Undo]:
        query = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE topic = ? AND generation = ? AND key = ? AND partition = ?"  # noqa: S608 - a constant
        found = self._connection.execute(query, (topic.name, generation, record.key, record.partition)).fetchone()
        before = None if found is None else Entry(*unsealed("entry", found, topic.name, generation))
        old = None if found is None else found[-1]
        live = place.live - (found is not None) + (record.value is not None)
        if record.value is None:
            new = None
            where = (topic.name, generation, record.key, record.partition)
            self._connection.execute("DELETE FROM entry WHERE topic = ? AND generation = ? AND key = ? AND partition = ?", where)
        else:
            digest, readable = entry_digest(record.value, topic.member)
            head = (record.key, record.partition, record.offset, record.type, record.time)
            new = write_entry(self._connection, topic.name, generation, Entry(*head, record.value, digest, int(readable)))
        moved = Place(place.partition, record.offset + 1, live, add(place.total, plus=new, minus=old))
        return moved, Undo(record.partition, record.offset, record.key, before.digest if before else None)

    def _note_changes(self, topic: CatalogTopic, generation: int, undone: Sequence[Undo]) -> None:
        first: dict[tuple[bytes, int], str | None] = {}
        for undo in undone:
            first.setdefault((undo.key, undo.partition), undo.before)
        query = "SELECT digest FROM entry WHERE topic = ? AND generation = ? AND key = ? AND partition = ?"
        for (key, partition), before in first.items():
            row = self._connection.execute(query, (topic.name, generation, key, partition)).fetchone()
            after = None if row is None else row[0]
            if after != before:
                changes.append(self._connection, topic.name, key, changes.REMOVED if after is None else changes.CHANGED, now())

    def swap(self, topic: CatalogTopic) -> None:
        """Show the generation that was built, drop the one before, and record what differs as changes: one transaction."""
        with self._write() as connection:
            view = read_view(connection, topic.name)
            if view.building is None:
                raise StoreDamagedError(f"the store {self.path} is damaged: the build of {topic.name} is gone")
            before = {} if view.shown is None else self.digests(topic, view.shown)
            after = self.digests(topic, view.building)
            at = now()
            for key in sorted(before.keys() | after.keys()):
                if before.get(key) != after.get(key):
                    changes.append(connection, topic.name, key, changes.CHANGED if key in after else changes.REMOVED, at)
            self._drop(topic, view.shown)
            write_view(connection, replace(view, shown=view.building, building=None, verified_at=None))

    def _drop(self, topic: CatalogTopic, generation: int | None) -> None:
        if generation is not None:
            self._connection.execute("DELETE FROM entry WHERE topic = ? AND generation = ?", (topic.name, generation))
            self._connection.execute("DELETE FROM place WHERE topic = ? AND generation = ?", (topic.name, generation))

    def note_verified(self, topic: CatalogTopic, at: str) -> None:
        """Record when the shown state was last found equal to a checkpoint."""
        with self._write() as connection:
            write_view(connection, replace(read_view(connection, topic.name), verified_at=at))

    def note(self, name: str, text: str) -> None:
        """Record a text under a name."""
        with self._write() as connection:
            write_note(connection, name, text)

    def find_note(self, name: str) -> str | None:
        """Return a recorded text, or None. Raises StoreDamagedError."""
        with store_errors(self.path):
            return read_note(self._connection, name)

    def record_checkpoint(self, topic: str, value: bytes) -> None:
        """Record the newest checkpoint of a topic, as it was received, for audits without a broker."""
        with self._write() as connection:
            connection.execute("REPLACE INTO checkpoint VALUES (?, ?)", (topic, value))


def now() -> str:
    """Return the time, RFC 3339 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
