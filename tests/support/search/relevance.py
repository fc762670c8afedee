"""Judged queries against the reference data: where the first right answer stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from services.catalog import reference
from services.catalog.catalogue import Shelf, Snapshot, shelved
from services.catalog.domain.completeness import Catalogue
from services.catalog.rows import KnownOffering, LeikaService, OzgService, OzgTopic
from services.catalog.search_index import Search, SearchIndex
from services.eligibility.body_search import BodyIndex, BodyQuery
from services.eligibility.published import published_bodies
from services.eligibility.reforms import reforms
from shared.calendar import day_of
from shared.clock import now
from shared.csv_rows import Items, read_csv
from shared.search.lexicon import read_lexicon

QUERIES = Path(__file__).with_name("relevance.csv")
DEPTH = 5
LOOKED_AT = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """A query and what is right. ``relevant``: ids, or their beginning before a star. ``written``: before or after the word list.

    The first part was written before the list of words was complete, so some of the words may have got into it; the second
    part was written after it and nothing was added for its sake.
    """

    corpus: Literal["ozg", "leika", "known", "bodies"]
    kind: str
    query: str
    relevant: Items
    written: Literal["before", "after"]

    def is_right(self, found: str) -> bool:
        """Return whether an id is one of the right answers."""
        return any(found.startswith(it[:-1]) if it.endswith("*") else found == it for it in self.relevant)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a query found. ``rank`` of the first right answer among the first ten, None if there is none."""

    judged: Judged
    rank: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over queries: reciprocal rank of the first right answer, share with one among the first five, milliseconds."""

    count: int
    mrr: float
    recall: float
    milliseconds: float


def judged_queries() -> list[Judged]:
    """Return all judged queries."""
    return list(read_csv(QUERIES, Judged))


class Searches:
    """The searches of the product over the reference data."""

    def __init__(self, data: Path) -> None:
        """Build all indexes."""
        ozg: list[OzgService] = _rows(reference.OZG, data)
        leika: list[LeikaService] = _rows(reference.LEIKA, data)
        known: list[KnownOffering] = _rows(reference.KNOWN, data)
        topics: list[OzgTopic] = _rows(reference.TOPICS, data)
        lexicon, splitter, (services, entries) = shelved(ozg, leika, data)
        nothing = Catalogue(frozenset(), frozenset(), frozenset(), frozenset(), frozenset(), ())
        snapshot = Snapshot((), nothing, tuple(topics), (), tuple(known), services, entries, lexicon, splitter)
        offers = SearchIndex(snapshot)
        bodies = BodyIndex(
            (it for group in published_bodies(data).values() for it in group if it["same_as"] is None),
            read_lexicon(data),
            {it.key: it.successor for it in reforms(data).given_up if it.successor is not None},
        )
        today = day_of(now())
        self._by_corpus: Mapping[str, Callable[[str], Iterable[str]]] = {
            "ozg": lambda text: _found(services, text),
            "leika": lambda text: _found(entries, text),
            "known": lambda text: [hit.entry.id for hit in offers.search(Search(text, limit=LOOKED_AT), today).hits],
            "bodies": lambda text: bodies.search(BodyQuery(text), None, LOOKED_AT).ids,
        }

    def outcome(self, judged: Judged) -> Outcome:
        """Return where the first right answer to a query stands."""
        began = time.perf_counter()
        found = list(self._by_corpus[judged.corpus](judged.query))[:LOOKED_AT]
        seconds = time.perf_counter() - began
        rank = next((number for number, it in enumerate(found, start=1) if judged.is_right(it)), None)
        return Outcome(judged, rank, seconds)


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Return the figures of some outcomes. Raises ZeroDivisionError for none."""
    count = len(outcomes)
    return Figures(
        count,
        sum(1 / it.rank for it in outcomes if it.rank is not None) / count,
        sum(it.rank is not None and it.rank <= DEPTH for it in outcomes) / count,
        1000 * sum(it.seconds for it in outcomes) / count,
    )


def _rows(source: reference.Source[reference.R], data: Path) -> list[reference.R]:
    adapter = TypeAdapter(source.row_type)
    return [adapter.validate_python(document) for document in source.documents(data)]


def _found(shelf: Shelf[OzgService] | Shelf[LeikaService], text: str) -> list[str]:
    return [place[2] for place, _ in shelf.find(text).rows]
