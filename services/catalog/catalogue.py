"""The reference data in memory: what keys exist, and text search over OZG and LeiKa for the form."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.catalog import reference
from services.catalog.domain.completeness import Catalogue
from services.catalog.rows import KnownOffering, LeikaService, Level, OzgService, OzgTopic, Requirement
from services.catalog.text import TextIndex, Weight, fold
from shared.store.port import Store

R = TypeVar("R")
Position = tuple[int, str, str]
"""Place in a ranked list: negative score, folded title, id. Unique by the id, so a page always continues where it ended."""

POSITION_KINDS = (int, str, str)
_TITLE_PART = 80


def sort_title(title: str) -> str:
    """Return what a title is sorted by."""
    return fold(title)[:_TITLE_PART]


class Shelf(Generic[R]):
    """Entries of one catalogue, searchable by text. Not changed once it is filled."""

    def __init__(self, rows: Sequence[tuple[str, str, str, R]]) -> None:
        """Index the rows: id, name, further keys in words, record."""
        self._titles = {entry_id: sort_title(name) for entry_id, name, _, _ in rows}
        self._rows = {entry_id: row for entry_id, _, _, row in rows}
        self._unranked = sorted((0, title, entry_id) for entry_id, title in self._titles.items())
        self._text = TextIndex()
        for entry_id, name, keys, _ in rows:
            self._text.put(entry_id, ((Weight.TITLE, name), (Weight.KEY, entry_id), (Weight.TEXT, keys)))

    def find(self, text: str) -> list[tuple[Position, R]]:
        """Return what matches, best first; everything by name for a text without words."""
        scores = self._text.match(text)
        if scores is None:
            positions = self._unranked
        else:
            positions = sorted((-score, self._titles[entry_id], entry_id) for entry_id, score in scores.items())
        return [(place, self._rows[place[2]]) for place in positions]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All reference data at one moment. ``digests`` differ from state to state."""

    digests: tuple[tuple[str, str], ...]
    catalogue: Catalogue
    topics: tuple[OzgTopic, ...]
    requirements: tuple[Requirement, ...]
    known: tuple[KnownOffering, ...]
    ozg: Shelf[OzgService]
    leika: Shelf[LeikaService]


class ReferenceReader:
    """Returns the reference data as the store holds them; reads them again only when a file has changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshot: Snapshot | None = None
        self._loading = asyncio.Lock()

    async def current(self) -> Snapshot:
        """Return the present state. Raises ReferenceNotLoadedError before the first load."""
        digests = await reference.digests(self._store)
        if self._snapshot is None or self._snapshot.digests != digests:
            async with self._loading:
                if self._snapshot is None or self._snapshot.digests != digests:
                    self._snapshot = await self._read(digests)
        return self._snapshot

    async def _read(self, digests: tuple[tuple[str, str], ...]) -> Snapshot:
        topics = await reference.read_source(self._store, reference.TOPICS)
        ozg = await reference.read_source(self._store, reference.OZG)
        leika = await reference.read_source(self._store, reference.LEIKA)
        known = await reference.read_source(self._store, reference.KNOWN)
        requirements = await reference.read_source(self._store, reference.REQUIREMENTS)
        catalogue = Catalogue(
            topic_ids=frozenset(row.topic_id for row in topics),
            ozg_ids=frozenset(row.ozg_id for row in ozg),
            leika_keys=frozenset(row.leika_key for row in leika if row.leika_key),
            known_listings=frozenset(row.id for row in known),
            requirements=frozenset(row.id for row in requirements),
            musts=tuple(row.id for row in requirements if row.level is Level.MUSS),
        )
        return Snapshot(
            digests=digests,
            catalogue=catalogue,
            topics=tuple(topics),
            requirements=tuple(requirements),
            known=tuple(known),
            ozg=Shelf([(row.ozg_id, row.name, f"{row.situation} {row.topic} {' '.join(row.leika_keys)}", row) for row in ozg]),
            leika=Shelf([(row.leika_key, row.name, row.ozg_id or "", row) for row in leika if row.leika_key]),
        )
