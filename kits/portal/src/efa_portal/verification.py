"""The audit without a broker: is the store what its follower wrote, and is that what the last checkpoint says?"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from efa_portal.catalog import shown_generation
from efa_portal.checkpoint import Checkpoint, parse_checkpoint
from efa_portal.errors import StoreDamagedError, store_errors
from efa_portal.fold import fold_digest
from efa_portal.store.audit import audit_rows
from efa_portal.store.database import open_for_reading
from efa_portal.topics import CATALOG, CatalogTopic


@dataclass(frozen=True, slots=True)
class TopicVerification:
    """What the audit found of a topic: the fold of the stored values, and with how many partitions a checkpoint agrees."""

    topic: str
    live: int
    sha256: str
    checkpoint_taken_at: datetime | None
    compared: int
    partitions: int
    differing: tuple[int, ...]

    def __str__(self) -> str:
        """Return it as a line for people."""
        if self.differing:
            found = (
                f"differs from the checkpoint of {self.checkpoint_taken_at} in partitions {', '.join(map(str, self.differing))}"
            )
        elif self.compared == self.partitions:
            found = f"equal to the checkpoint of {self.checkpoint_taken_at}"
        elif self.compared:
            found = f"equal to the checkpoint of {self.checkpoint_taken_at} in {self.compared} of {self.partitions} partitions"
        else:
            found = "sound; the last checkpoint speaks of other offsets"
        return f"{self.topic}: {found}; {self.live} entries, sha256 {self.sha256}"


def verify(path: Path) -> list[TopicVerification]:
    """Audit a store. Raises StoreMissingError, StoreUnavailableError; StoreDamagedError for what its follower did not write."""
    connection = open_for_reading(path)
    try:
        with store_errors(path):
            connection.execute("BEGIN")
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != ("ok",):
                raise StoreDamagedError(f"the store {path} is damaged: {found[0]}")
            return [_verify(connection, topic) for topic in CATALOG]
    finally:
        connection.close()


def _verify(connection: sqlite3.Connection, topic: CatalogTopic) -> TopicVerification:
    parts = audit_rows(connection, topic, shown_generation(connection, topic))
    row = connection.execute("SELECT value FROM checkpoint WHERE topic = ?", (topic.name,)).fetchone()
    checkpoint: Checkpoint | None = None if row is None else parse_checkpoint(bytes(row[0]))
    compared, differing = 0, []
    for number, part in parts.items():
        spoken = None if checkpoint is None else checkpoint.partition(number)
        if spoken is not None and spoken.offset == part.place.position:
            compared += 1
            if (spoken.live, spoken.sha256) != (len(part.digests), fold_digest(part.digests)):
                differing.append(number)
    whole = {key: digest for part in parts.values() for key, digest in part.digests.items()}
    taken = None if checkpoint is None else checkpoint.taken_at
    return TopicVerification(topic.name, len(whole), fold_digest(whole), taken, compared, len(parts), tuple(differing))
