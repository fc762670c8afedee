"""The reference data in memory: what keys exist, and text search over OZG and LeiKa for the form."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from services.catalog import reference
from services.catalog.domain.completeness import Catalogue
from services.catalog.rows import KnownOffering, LeikaService, Level, OzgService, OzgTopic, Requirement
from shared.search.compounds import Splitter
from shared.search.index import Found, TextIndex, Zone
from shared.search.lexicon import Lexicon, read_lexicon
from shared.search.words import fold
from shared.store.port import Store

R = TypeVar("R")
T = TypeVar("T")
Position = tuple[int, str, str]
"""Place in a sorted list: what it is sorted by, folded title, id. Unique by the id, so a page always continues where it ended."""

POSITION_KINDS = (int, str, str)
_TITLE_PART = 80


def sort_title(title: str) -> str:
    """Return what a title is sorted by."""
    return fold(title)[:_TITLE_PART]


def place_in(hits: Sequence[tuple[Position, T]], after: Position | None) -> int:
    """Return where a page begins that continues after a position: behind the same entry, even if its score has changed since."""
    if after is None:
        return 0
    same = next((number for number, (place, _) in enumerate(hits) if place[2] == after[2]), None)
    return bisect_right([place for place, _ in hits], after) if same is None else same + 1


@dataclass(frozen=True, slots=True)
class Listed(Generic[R]):
    """What a search in a catalogue found, nearest first. ``meant``: the words as corrected, None if they were not."""

    rows: list[tuple[Position, R]]
    understood: Found = Found.ALL
    meant: str | None = None


class Shelf(Generic[R]):
    """Entries of one catalogue, searchable by text. Not changed once it is filled."""

    def __init__(self, rows: Mapping[str, R], texts: Mapping[str, Sequence[tuple[Zone, str]]], text: TextIndex) -> None:
        """Index rows by id; the first text of each is its name."""
        self._rows = rows
        self._titles = {entry_id: sort_title(fields[0][1]) for entry_id, fields in texts.items()}
        self._unranked = sorted((0, title, entry_id) for entry_id, title in self._titles.items())
        self._text = text
        self._text.put_all(texts.items())

    def get(self, key: str) -> R | None:
        """Return a row by its id, None if there is none."""
        return self._rows.get(key)

    def find(self, text: str) -> Listed[R]:
        """Return what matches, best first; everything by name for a text without words."""
        match = self._text.match(text)
        if match is None:
            return Listed([(place, self._rows[place[2]]) for place in self._unranked])
        positions = sorted((hit.place, self._titles[entry_id], entry_id) for entry_id, hit in match.hits.items())
        return Listed([(place, self._rows[place[2]]) for place in positions], match.found, match.meant)


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
    lexicon: Lexicon
    splitter: Splitter


class ReferenceReader:
    """Returns the reference data as the store holds them; reads them again only when a file has changed."""

    def __init__(self, store: Store, data_dir: Path) -> None:
        """Read from a store; the words of search come from a folder of reference data."""
        self._store = store
        self._data_dir = data_dir
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
            conditional=frozenset(row.id for row in requirements if row.condition_de is not None),
        )
        lexicon, splitter, shelves = await asyncio.to_thread(shelved, ozg, leika, self._data_dir)
        return Snapshot(
            digests=digests,
            catalogue=catalogue,
            topics=tuple(topics),
            requirements=tuple(requirements),
            known=tuple(known),
            ozg=shelves[0],
            leika=shelves[1],
            lexicon=lexicon,
            splitter=splitter,
        )


def shelved(
    ozg: Sequence[OzgService], leika: Sequence[LeikaService], data_dir: Path
) -> tuple[Lexicon, Splitter, tuple[Shelf[OzgService], Shelf[LeikaService]]]:
    """Return the words of search and the searchable catalogues: OZG services are also found by the names of their LeiKa entries.

    Takes about a second of CPU. Raises what ``read_lexicon`` raises.
    """
    lexicon = read_lexicon(data_dir)
    splitter = Splitter((*(row.name for row in leika), *(row.name for row in ozg), *lexicon.shown))
    names: dict[str, list[str]] = defaultdict(list)
    for row in leika:
        if row.ozg_id:
            names[row.ozg_id].append(row.name)
    services = {row.ozg_id: row for row in ozg}
    entries = {row.leika_key: row for row in leika if row.leika_key}
    service_texts = {key: _service_texts(row, names[key]) for key, row in services.items()}
    entry_texts = {key: ((Zone.TITLE, row.name), (Zone.KEYS, f"{key} {row.ozg_id or ''}")) for key, row in entries.items()}
    return (
        lexicon,
        splitter,
        (
            Shelf(services, service_texts, TextIndex(lexicon, splitter)),
            Shelf(entries, entry_texts, TextIndex(lexicon, splitter)),
        ),
    )


def _service_texts(row: OzgService, names: Iterable[str]) -> tuple[tuple[Zone, str], ...]:
    distinct = dict.fromkeys(word for name in names for word in name.split())
    return (
        (Zone.TITLE, row.name),
        (Zone.NAMES, " ".join(distinct)),
        (Zone.KEYS, " ".join((row.ozg_id, *row.leika_keys))),
        (Zone.TEXT, f"{row.situation} {row.topic}"),
    )
