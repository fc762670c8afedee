"""A catalog topic in memory, compacted at will, with checkpoints; its fold is computed by another hand than the kit's."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import rfc8785

from efa_portal.checkpoint import Checkpoint, parse_checkpoint
from efa_portal.record import CatalogRecord

START = datetime(2026, 11, 28, 12, tzinfo=UTC)


def fold(records: Iterable[tuple[bytes, bytes | None]], member: str = "offering") -> tuple[int, str]:
    """Return how many keys live after these records, and the digest of their fold."""
    last = dict(records)
    lines = []
    for key, value in sorted(last.items()):
        if value is not None:
            lines.append(key + b" " + _digest(value, member).encode() + b"\n")
    return len(lines), sha256(b"".join(lines)).hexdigest()


def _digest(value: bytes, member: str) -> str:
    try:
        state = json.loads(value)[member]
        assert isinstance(state, dict)
        return sha256(rfc8785.dumps(state)).hexdigest()
    except (ValueError, TypeError, KeyError, AssertionError):
        return sha256(value).hexdigest()


def offering(number: int, **more: object) -> bytes:
    """Return the body of a record about an offer."""
    return json.dumps({"offering": {"state": "VEROEFFENTLICHT", "title": f"Fassung {number}", "number": number, **more}}).encode()


@dataclass(slots=True)
class World:
    """A topic with its partitions. ``log`` is everything that was ever written; ``removed`` is what compaction has taken."""

    partitions: int = 2
    member: str = "offering"
    topic: str = "catalog.offering.v1"
    log: list[list[tuple[bytes, bytes | None]]] = field(default_factory=list)
    removed: list[set[int]] = field(default_factory=list)
    clock: datetime = START

    def __post_init__(self) -> None:
        """Begin with empty partitions."""
        self.log = [[] for _ in range(self.partitions)]
        self.removed = [set() for _ in range(self.partitions)]

    def write(self, key: bytes, value: bytes | None) -> None:
        """Append a record to the partition of its key."""
        self.log[key[-1] % self.partitions].append((key, value))

    def compact(self, *, tombstones: bool = False) -> None:
        """Remove every record that a later one of its key has replaced, never the last; with ``tombstones`` also those."""
        for log, removed in zip(self.log, self.removed, strict=True):
            last = {key: index for index, (key, _) in enumerate(log)}
            for index, (key, value) in enumerate(log[:-1]):
                if last[key] != index or (tombstones and value is None):
                    removed.add(index)

    @property
    def ends(self) -> dict[int, int]:
        return {number: len(log) for number, log in enumerate(self.log)}

    @property
    def starts(self) -> dict[int, int]:
        return dict.fromkeys(range(self.partitions), 0)

    def read(self, number: int, position: int, count: int) -> tuple[list[CatalogRecord], int]:
        """Return up to ``count`` records that compaction has left, and the position after them."""
        found: list[CatalogRecord] = []
        while position < len(self.log[number]) and len(found) < count:
            if position not in self.removed[number]:
                key, value = self.log[number][position]
                found.append(CatalogRecord(number, position, key, value, "catalog.offering.changed.v1", "2026-11-28T12:00:00Z"))
            position += 1
        return found, position

    def fold_at(self, number: int, offset: int) -> tuple[int, str]:
        """Return the fold of a partition: of everything ever written below an offset."""
        return fold(self.log[number][:offset], self.member)

    def whole(self, positions: dict[int, int] | None = None) -> tuple[int, str]:
        """Return the fold of all partitions, up to these positions or the ends."""
        at = positions or self.ends
        return fold((record for number, log in enumerate(self.log) for record in log[: at[number]]), self.member)

    def checkpoint_bytes(self) -> bytes:
        """Return the body of a checkpoint of now."""
        self.clock += timedelta(minutes=1)
        live, digest = self.whole()
        parts = []
        for number, end in self.ends.items():
            part_live, part_digest = self.fold_at(number, end)
            parts.append({"partition": number, "offset": end, "live": part_live, "sha256": part_digest})
        taken = self.clock.isoformat().replace("+00:00", "Z")
        body = {"topic": self.topic, "taken_at": taken, "live": live, "sha256": digest, "partitions": parts}
        return json.dumps({"checkpoint": body}).encode()

    def checkpoint(self) -> Checkpoint:
        """Return a checkpoint of now."""
        found = parse_checkpoint(self.checkpoint_bytes())
        assert found is not None
        return found
