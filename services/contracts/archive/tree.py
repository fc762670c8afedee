"""The Merkle tree of RFC 6962 with SHA-256: roots and proofs from the hashes of complete subtrees, which never change.

A proof is a list of ranges of leaves, and the hash of a range is made of those of the complete subtrees in it. So whoever keeps
each of these hashes, two for a leaf on average, makes any proof of any size from some dozens of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from hashlib import sha256
from typing import Final, NamedTuple

_HASH: Final = 32
EMPTY: Final = sha256(b"").digest()
"""The root of a log without entries."""


class Node(NamedTuple):
    """The complete subtree over the leaves from ``place * 2**level`` on, ``2**level`` of them."""

    level: int
    place: int

    @property
    def last(self) -> int:
        """The leaf that completes it."""
        return ((self.place + 1) << self.level) - 1


class Range(NamedTuple):
    """Leaves from ``first`` to before ``end``."""

    first: int
    end: int

    def nodes(self) -> Iterator[Node]:
        """Yield the largest complete subtrees that it consists of, from left to right."""
        first = self.first
        while first < self.end:
            level = (self.end - first).bit_length() - 1
            if first:
                level = min(level, (first & -first).bit_length() - 1)
            yield Node(level, first >> level)
            first += 1 << level


class Frontier(NamedTuple):
    """A log as far as growing needs it: how many leaves, and the hashes of ``Range(0, size).nodes()``."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    @property
    def root(self) -> bytes:
        """The root of the tree over all leaves."""
        return joined(self.peaks)

    def grown(self, leaf: bytes) -> tuple[Frontier, tuple[bytes, ...]]:
        """Return it with one leaf hash more, and the hashes of the subtrees that the leaf completes, from level 0 up."""
        completed = [leaf]
        peaks = list(self.peaks)
        above = self.size
        while above & 1:
            completed.append(node_hash(peaks.pop(), completed[-1]))
            above >>= 1
        return Frontier(self.size + 1, (*peaks, completed[-1])), tuple(completed)


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry as a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two neighbours."""
    return sha256(b"\x01" + left + right).digest()


def joined(peaks: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees that get smaller from left to right."""
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks)) if peaks else EMPTY


def inclusion(index: int, size: int) -> list[Range]:
    """Return the ranges whose hashes prove that a leaf stands in the tree of a size (RFC 6962, 2.1.1).

    Raises ValueError for a leaf beyond it.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    rest, ranges = Range(0, size), []
    while rest.end - rest.first > 1:
        left, right = _split(rest)
        ranges.append(right if index < left.end else left)
        rest = left if index < left.end else right
    return ranges[::-1]


def consistency(first: int, second: int) -> list[Range]:
    """Return the ranges whose hashes prove that a tree begins as a smaller one (RFC 6962, 2.1.2).

    None are needed from size 0 and between equal sizes. Raises ValueError for a first size that is not the smaller one.
    """
    if not 0 <= first <= second:
        raise ValueError(f"{first} and {second} are no sizes of an earlier and a later log")
    if first == 0:
        return []
    rest, ranges = Range(0, second), []
    while rest.end != first:
        left, right = _split(rest)
        ranges.append(right if first <= left.end else left)
        rest = left if first <= left.end else right
    return ([rest] if rest.first else []) + ranges[::-1]


def hashes(ranges: Iterable[Range], hash_of: Callable[[Node], bytes]) -> list[bytes]:
    """Return the hash of each range."""
    return [joined([hash_of(node) for node in one.nodes()]) for one in ranges]


class Tree:
    """A tree in memory that only grows."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.frontier = Frontier()
        self._levels: list[bytearray] = []
        for leaf in leaves:
            self.append(leaf)

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        self.frontier, completed = self.frontier.grown(leaf)
        self._levels += [bytearray() for _ in completed[len(self._levels) :]]
        for level, node in enumerate(completed):
            self._levels[level] += node

    def root(self, size: int) -> bytes:
        """Return the root over the first leaves. Raises ValueError for more than there are."""
        self._check(size)
        return joined([self._hash(node) for node in Range(0, size).nodes()])

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the proof that a leaf stands in the tree of a size. Raises ValueError."""
        self._check(size)
        return hashes(inclusion(index, size), self._hash)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Return the proof that the tree of the second size begins as that of the first. Raises ValueError."""
        self._check(second)
        return hashes(consistency(first, second), self._hash)

    def _check(self, size: int) -> None:
        if size > self.frontier.size:
            raise ValueError(f"there are {self.frontier.size} leaves, not {size}")

    def _hash(self, node: Node) -> bytes:
        at = node.place * _HASH
        return bytes(self._levels[node.level][at : at + _HASH])


def _split(leaves: Range) -> tuple[Range, Range]:
    middle = leaves.first + (1 << (leaves.end - leaves.first - 1).bit_length() - 1)
    return Range(leaves.first, middle), Range(middle, leaves.end)
