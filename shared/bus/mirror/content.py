"""What a compacted topic holds up to the positions that were read: for each key the last record. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from shared.fold import entry_digest, fold_digest


@dataclass(frozen=True, slots=True)
class Entry:
    """The last record of a key; without a value it is a tombstone and has no digest. ``at`` is the record's timestamp."""

    partition: int
    offset: int
    key: bytes
    value: bytes | None
    digest: str | None
    type: str
    at: datetime

    @property
    def size(self) -> int:
        """Return the bytes of key and value."""
        return len(self.key) + len(self.value or b"")


@dataclass(frozen=True, slots=True)
class PartitionFold:
    """The fold of a partition of all records below ``offset``."""

    partition: int
    offset: int
    live: int
    sha256: str


class Content:
    """The records of a topic by partition and key, tombstones among them, each partition in the order of its offsets.

    ``begun_at``: when reading began; the content is whole once it has reached the end that the topic had then. ``member`` is the
    member of a record's body whose digest an entry has; without one it is that of the value's bytes.
    """

    def __init__(self, member: str | None, starts: Mapping[int, int], begun_at: datetime) -> None:
        self.begun_at = begun_at
        self.positions = dict(starts)
        self.size = 0
        self._member = member
        self._entries: dict[int, dict[bytes, Entry]] = {number: {} for number in starts}

    def put(self, partition: int, offset: int, key: bytes, value: bytes | None, kind: str, at: datetime) -> None:
        """Record what stands at an offset: from now on it is the last of its key."""
        entries = self._entries[partition]
        replaced = entries.pop(key, None)  # so that the new one goes to the end
        digest = None if value is None else self._digest_of(value)
        entries[key] = entry = Entry(partition, offset, key, value, digest, kind, at)
        self.size += entry.size - (0 if replaced is None else replaced.size)
        self.positions[partition] = offset + 1

    def _digest_of(self, value: bytes) -> str:
        return sha256(value).hexdigest() if self._member is None else entry_digest(value, self._member)

    def reached(self, ends: Mapping[int, int]) -> bool:
        """Return whether everything below these offsets has been read."""
        return all(self.positions[number] >= end for number, end in ends.items())

    def live(self) -> int:
        """Return how many keys have a value."""
        return sum(entry.value is not None for entries in self._entries.values() for entry in entries.values())

    def digest(self) -> str:
        """Return the digest of the fold of all partitions."""
        return fold_digest(line for entries in self._entries.values() for line in _lines(entries))

    def folds(self) -> list[PartitionFold]:
        """Return the fold of each partition, ascending."""
        found: list[PartitionFold] = []
        for number, entries in sorted(self._entries.items()):
            lines = list(_lines(entries))
            found.append(PartitionFold(number, self.positions[number], len(lines), fold_digest(lines)))
        return found

    def after(self, positions: Mapping[int, int]) -> Iterator[Entry]:
        """Yield the entries at these offsets or above, partition by partition in the order of the offsets.

        A partition that is not named is yielded from its beginning.
        """
        for number, entries in sorted(self._entries.items()):
            begin = positions.get(number, 0)
            newer: list[Entry] = []
            for entry in reversed(entries.values()):
                if entry.offset < begin:
                    break
                newer.append(entry)
            yield from reversed(newer)

    def forget_tombstones(self, before: datetime) -> None:
        """Drop the tombstones of records older than ``before``: the topic does not keep them longer either."""
        for entries in self._entries.values():
            for entry in [entry for entry in entries.values() if entry.value is None and entry.at < before]:
                self.size -= entry.size
                del entries[entry.key]


def _lines(entries: Mapping[bytes, Entry]) -> Iterator[tuple[bytes, str]]:
    return ((entry.key, entry.digest) for entry in entries.values() if entry.digest is not None)
