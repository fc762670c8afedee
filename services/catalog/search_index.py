"""The Schaufenster in memory: entries that match words and filters, sorted, with facets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from services.catalog.catalogue import Position, Snapshot, place_in
from services.catalog.domain.offering import Offering
from services.catalog.entries import Entry, Filter, InUse, known_entry, known_texts, offering_entry, offering_texts
from shared.messages.values import Party
from shared.search.index import Found as Understood
from shared.search.index import Hit, Level, Match, TextIndex
from shared.search.marks import Piece

FACETS = (
    *(Filter.KIND, Filter.TOPIC, Filter.PROVIDER, Filter.STATE, Filter.STATUS, Filter.CHANNEL, Filter.ANBINDUNGSART),
    *(Filter.REIFEGRAD, Filter.ORDERABLE, Filter.USED_IN),
)
_LEVEL_BITS = 48
_LAST = 2**52
"""Place in a sorted list of what has no value to sort by."""


class Sort(StrEnum):
    """Order of results; in each, what can be ordered comes first among equals.

    RELEVANCE: what the words name first. NEWEST: by the day of publication. PRICE: the least per year first. REIFEGRAD: the
    highest first.
    """

    RELEVANCE = "relevance"
    TITLE = "title"
    NEWEST = "newest"
    PRICE = "price"
    REIFEGRAD = "reifegrad"


@dataclass(frozen=True, slots=True)
class Facet:
    """A value of a filter and how many results it would leave; ``label`` where the value is a key of an organisation or topic."""

    value: str
    count: int
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer that states to be a known service."""

    id: str
    title: str
    provider: Party


@dataclass(frozen=True, slots=True)
class Shown:
    """A result with its position, and title and summary in pieces of which some are what was searched for.

    ``offered``: the public offers that state to be the known service.
    """

    place: Position
    entry: Entry
    title: tuple[Piece, ...] = ()
    summary: tuple[Piece, ...] = ()
    offered: tuple[Offered, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One page of results. ``more``: there are others after them. ``meant``: the words as corrected, None if they were not."""

    hits: list[Shown]
    total: int
    facets: dict[Filter, list[Facet]]
    more: bool
    understood: Understood
    meant: str | None


@dataclass(frozen=True, slots=True)
class Search:
    """A query: words, allowed values per filter (any of them), order, place to go on after. ``price_max``: cents per year."""

    text: str = ""
    filters: Mapping[Filter, frozenset[str]] = field(default_factory=dict)
    after: Position | None = None
    limit: int = 20
    sort: Sort = Sort.RELEVANCE
    price_max: int | None = None


class SearchIndex:
    """Entries in memory with their text index, over one state of the reference data."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._entries: dict[str, Entry] = {}
        self._known = {row.id: known_entry(row) for row in snapshot.known}
        self._revs: dict[str, int] = {}
        self._reused: dict[str, dict[str | None, int]] = {}
        self._offered: dict[str, dict[str, Offered]] = {}
        self._topics = {topic.topic_id: topic.name for topic in snapshot.topics}
        self._names = {party.id: party.name for entry in self._known.values() for party in entry.providers}
        self._text = TextIndex(snapshot.lexicon, snapshot.splitter)
        self._text.put_all((row.id, known_texts(row, snapshot)) for row in snapshot.known)

    def rev(self, entry_id: str) -> int | None:
        """Return the revision in which an offer was last put, None if it never was."""
        return self._revs.get(entry_id)

    def put(self, offering: Offering, rev: int) -> None:
        """Add or replace an offer, or remove it if it is not public any more; the known service that it states to be names it."""
        self._drop(offering.id)
        self._revs[offering.id] = rev
        if not offering.is_public:
            return
        self._entries[offering.id] = offering_entry(offering).used(self._in_use(offering.id))
        self._names[offering.provider.id] = offering.provider.name
        self._text.put(offering.id, offering_texts(offering, self._snapshot))
        if offering.form.known_listing is not None:
            offered = Offered(offering.id, offering.form.title, offering.provider)
            self._offered.setdefault(offering.form.known_listing, {})[offering.id] = offered

    def put_reuse(self, offering_id: str, land: str | None, bodies: int) -> None:
        """Replace how many bodies of a Land reuse an offer, whether that is in the Schaufenster or not."""
        numbers = self._reused.setdefault(offering_id, {})
        if numbers.get(land) == bodies:
            return
        numbers[land] = bodies
        entry = self._entries.get(offering_id)
        if entry is not None:
            self._entries[offering_id] = entry.used(self._in_use(offering_id))

    def known(self, entry_id: str) -> Entry | None:
        """Return a known service."""
        return self._known.get(entry_id)

    def offered(self, entry_id: str) -> tuple[Offered, ...]:
        """Return the public offers that state to be a known service, by title."""
        return tuple(sorted(self._offered.get(entry_id, {}).values(), key=lambda it: (it.title, it.id)))

    def search(self, search: Search, today: date) -> Found:
        """Return a page of what matches, in the order asked for, with the facets over all that matches."""
        match = self._text.match(search.text)
        place = _order(search.sort, match, today)
        hits: list[tuple[Position, Entry]] = []
        counts: dict[Filter, Counter[str]] = {name: Counter() for name in FACETS}
        for entry in self._visible(match):
            if not _affordable(entry, search.price_max, today):
                continue
            failed = [name for name, allowed in search.filters.items() if allowed.isdisjoint(entry.values[name])]
            if not failed:
                hits.append(((place(entry), entry.sort_title, entry.id), entry))
                for name in FACETS:
                    counts[name].update(entry.values[name])
            elif len(failed) == 1 and failed[0] in counts:
                # What the filter itself leaves out is still counted in its own facet: those are the other choices.
                counts[failed[0]].update(entry.values[failed[0]])
        hits.sort(key=lambda hit: hit[0])
        start = place_in(hits, search.after)
        page = hits[start : start + search.limit]
        return Found(
            hits=[self._shown(place, entry, match) for place, entry in page],
            total=len(hits),
            facets={name: self._facet(name, counter) for name, counter in counts.items()},
            more=start + len(page) < len(hits),
            understood=Understood.ALL if match is None else match.found,
            meant=None if match is None else match.meant,
        )

    def _shown(self, place: Position, entry: Entry, match: Match | None) -> Shown:
        offered = self.offered(entry.id)
        if match is None:
            return Shown(place, entry, offered=offered)
        summary = entry.source.form.summary if isinstance(entry.source, Offering) else None
        return Shown(place, entry, self._text.marked(entry.title, match), self._text.marked(summary or "", match), offered)

    def _visible(self, match: Match | None) -> Iterable[Entry]:
        for entry_id in match.hits if match is not None else (*self._entries, *self._known):
            entry = self._entries.get(entry_id) or self._known.get(entry_id)
            if entry is not None:
                yield entry

    def _facet(self, name: Filter, counter: Counter[str]) -> list[Facet]:
        ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
        return [Facet(value, count, self._label(name, value)) for value, count in ranked]

    def _label(self, name: Filter, value: str) -> str | None:
        if name is Filter.TOPIC:
            return self._topics.get(value)
        if name is Filter.PROVIDER:
            return self._names.get(value)
        return None

    def _in_use(self, offering_id: str) -> InUse | None:
        return InUse.of(self._reused.get(offering_id, {}))

    def _drop(self, entry_id: str) -> None:
        entry = self._entries.pop(entry_id, None)
        if entry is None:
            return
        self._text.remove(entry_id)
        if isinstance(entry.source, Offering) and entry.source.form.known_listing is not None:
            self._offered[entry.source.form.known_listing].pop(entry_id, None)


def _affordable(entry: Entry, most: int | None, today: date) -> bool:
    if most is None:
        return True
    cents = entry.yearly_cents(today)
    return cents is not None and cents <= most


def _order(sort: Sort, match: Match | None, today: date) -> Callable[[Entry], int]:
    """Return what each entry is sorted by, least first; equal ones follow by title."""

    def relevance(entry: Entry) -> int:
        hit = Hit(Level.NAMED, 0) if match is None else match.hits[entry.id]
        mentioned = hit.level is Level.MENTIONED
        return hit.place + ((2 * mentioned + (not entry.orderable)) << _LEVEL_BITS)

    def newest(entry: Entry) -> int:
        return 0 if entry.published_at is None else -int(entry.published_at.timestamp() * 1_000_000)

    def price(entry: Entry) -> int:
        cents = entry.yearly_cents(today)
        return _LAST if cents is None else cents

    def reifegrad(entry: Entry) -> int:
        return 1 if entry.reifegrad is None else -entry.reifegrad

    orders: Mapping[Sort, Callable[[Entry], int]] = {
        Sort.RELEVANCE: relevance,
        Sort.TITLE: lambda _: 0,
        Sort.NEWEST: newest,
        Sort.PRICE: price,
        Sort.REIFEGRAD: reifegrad,
    }
    chosen = orders[sort]
    if sort is Sort.RELEVANCE:
        return chosen
    return lambda entry: 2 * chosen(entry) + (not entry.orderable)
