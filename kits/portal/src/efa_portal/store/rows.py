"""Rows of the store as they are read: none is handed on whose seal does not fit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from efa_portal.errors import StoreDamagedError
from efa_portal.store.seal import Column, seal


@dataclass(frozen=True, slots=True)
class View:
    """Which generations of a topic there are: the one that readers see, the one that is being built, the newest number given."""

    topic: str
    shown: int | None = None
    building: int | None = None
    newest: int = 0
    verified_at: str | None = None

    @property
    def written(self) -> int | None:
        """The generation that records are applied to."""
        return self.shown if self.building is None else self.building


@dataclass(frozen=True, slots=True)
class Place:
    """How far a partition of a generation was read, how many entries it has, and the sum of their seals."""

    partition: int
    position: int
    live: int
    total: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """The last record of a key, with its digest; ``readable`` if its value holds a state."""

    key: bytes
    partition: int
    position: int
    type: str
    time: str
    value: bytes
    digest: str
    readable: int

    def seal(self, topic: str, generation: int) -> bytes:
        """Return the seal of its row."""
        columns = (self.partition, self.position, self.type, self.time, self.value, self.digest, self.readable)
        return seal("entry", topic, generation, self.key, *columns)


ENTRY_COLUMNS = "key, partition, position, type, time, value, digest, readable, seal"
Row = tuple[Any, ...]


def unsealed(what: str, row: Row, *context: Column) -> tuple[Any, ...]:
    """Return the columns of a row without its seal, the last one. Raises StoreDamagedError if it does not fit."""
    *columns, given = row
    if seal(what, *context, *columns) != given:
        raise StoreDamagedError(f"a row of '{what}' in the store was changed by something else than its follower")
    return tuple(columns)


def read_view(connection: sqlite3.Connection, topic: str) -> View:
    """Return the view of a topic. Raises StoreDamagedError."""
    query = "SELECT topic, shown, building, newest, verified_at, seal FROM view WHERE topic = ?"
    row = connection.execute(query, (topic,)).fetchone()
    return View(topic) if row is None else View(*unsealed("view", row))


def write_view(connection: sqlite3.Connection, view: View) -> None:
    """Replace the view of a topic."""
    columns = (view.topic, view.shown, view.building, view.newest, view.verified_at)
    connection.execute("REPLACE INTO view VALUES (?, ?, ?, ?, ?, ?)", (*columns, seal("view", *columns)))


def read_places(connection: sqlite3.Connection, topic: str, generation: int) -> dict[int, Place]:
    """Return the places of a generation by partition. Raises StoreDamagedError."""
    query = "SELECT partition, position, live, total, seal FROM place WHERE topic = ? AND generation = ? ORDER BY partition"
    rows = connection.execute(query, (topic, generation)).fetchall()
    places = (Place(*unsealed("place", row, topic, generation)) for row in rows)
    return {place.partition: place for place in places}


def write_place(connection: sqlite3.Connection, topic: str, generation: int, place: Place) -> None:
    """Replace the place of a partition."""
    columns = (place.partition, place.position, place.live, place.total)
    sealed = seal("place", topic, generation, *columns)
    connection.execute("REPLACE INTO place VALUES (?, ?, ?, ?, ?, ?, ?)", (topic, generation, *columns, sealed))


def read_entries(connection: sqlite3.Connection, topic: str, generation: int, *, key: bytes | None = None) -> Iterator[Entry]:
    """Yield the entries of a generation in the order of their keys, or those of one key. Raises StoreDamagedError."""
    query = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE topic = ? AND generation = ?"  # noqa: S608 - a constant
    parameters: tuple[Column, ...] = (topic, generation)
    if key is not None:
        query, parameters = f"{query} AND key = ?", (*parameters, key)
    for row in connection.execute(f"{query} ORDER BY key, partition", parameters):
        yield Entry(*unsealed("entry", row, topic, generation))


def write_entry(connection: sqlite3.Connection, topic: str, generation: int, entry: Entry) -> bytes:
    """Replace the entry of a key and return its seal."""
    sealed = entry.seal(topic, generation)
    columns = (entry.partition, entry.position, entry.type, entry.time, entry.value, entry.digest, entry.readable)
    statement = "REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    connection.execute(statement, (topic, generation, entry.key, *columns, sealed))
    return sealed


def read_note(connection: sqlite3.Connection, name: str) -> str | None:
    """Return a note by its name, or None. Raises StoreDamagedError."""
    row = connection.execute("SELECT name, text, seal FROM note WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(unsealed("note", row)[1])


def write_note(connection: sqlite3.Connection, name: str, text: str) -> None:
    """Replace a note."""
    connection.execute("REPLACE INTO note VALUES (?, ?, ?)", (name, text, seal("note", name, text)))
