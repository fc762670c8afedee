"""The audit: the stored values themselves are looked at, not what is noted about them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from efa_portal.errors import StoreDamagedError, store_errors
from efa_portal.fold import entry_digest
from efa_portal.store.database import open_for_reading
from efa_portal.store.rows import Place, read_entries, read_places
from efa_portal.store.seal import NOTHING, add
from efa_portal.topics import CatalogTopic


@dataclass(slots=True)
class Audited:
    """Digests of a partition's entries, computed from the stored values just now, and its place."""

    place: Place
    digests: dict[bytes, str] = field(default_factory=dict)
    total: bytes = NOTHING


def audit(path: Path, topic: CatalogTopic, generation: int) -> dict[int, Audited]:
    """Compute the digests of the entries of a generation from their values, by partition.

    It reads through a connection of its own, so that nothing comes from a cache. Raises StoreDamagedError if a value, a seal, a
    count or a sum is not what the follower wrote.
    """
    connection = open_for_reading(path)
    try:
        with store_errors(path):
            connection.execute("BEGIN")
            return audit_rows(connection, topic, generation)
    finally:
        connection.close()


def audit_rows(connection: sqlite3.Connection, topic: CatalogTopic, generation: int) -> dict[int, Audited]:
    """Audit within a transaction that is open. Raises StoreDamagedError."""
    audited = {number: Audited(place) for number, place in read_places(connection, topic.name, generation).items()}
    for entry in read_entries(connection, topic.name, generation):
        digest, readable = entry_digest(entry.value, topic.member)
        if (digest, int(readable)) != (entry.digest, entry.readable) or entry.partition not in audited:
            raise StoreDamagedError(f"the value of {entry.key!r} in {topic.name} was changed by something else than its follower")
        part = audited[entry.partition]
        part.digests[entry.key] = digest
        part.total = add(part.total, plus=entry.seal(topic.name, generation))
    for number, part in audited.items():
        if len(part.digests) != part.place.live or part.total != part.place.total:
            raise StoreDamagedError(f"entries of {topic.name}, partition {number}, were lost or added outside the follower")
    return audited
