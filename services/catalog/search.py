"""The Schaufenster's search: offers and known EfA services in memory, refreshed from the store at each query.

The index reads what changed since the newest change it knows, less an overlap for clocks that differ, and skips what it
holds in that revision already. Once in a while, and when the clock was set, it reads everything: no clock can hide an
offer for long.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from services.catalog.catalogue import Position, ReferenceReader, Snapshot, sort_title
from services.catalog.domain.offering import Offering
from services.catalog.repository import Offerings
from services.catalog.rows import KnownOffering
from services.catalog.text import TextIndex, Weight
from shared.messages.values import Channel, Party


class Filter(StrEnum):
    """What a search can be narrowed by."""

    KIND = "kind"
    TOPIC = "topic_id"
    PROVIDER = "provider"
    STATE = "state"
    CHANNEL = "channel"
    ANBINDUNGSART = "anbindungsart"
    LEIKA = "leika_key"
    OZG = "ozg_id"
    ORDERABLE = "orderable"


FACETS = (Filter.KIND, Filter.TOPIC, Filter.PROVIDER, Filter.STATE, Filter.CHANNEL, Filter.ANBINDUNGSART, Filter.ORDERABLE)


class Kind(StrEnum):
    """OFFERING: offered on the marketplace. KNOWN: an EfA service known from public sources, which cannot be ordered here."""

    OFFERING = "offering"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Entry:
    """One offer or known service in the index. ``values`` holds what each filter compares with."""

    id: str
    kind: Kind
    title: str
    sort_title: str
    providers: tuple[Party, ...]
    values: Mapping[Filter, frozenset[str]]
    source: Offering | KnownOffering
    rev: int = 0

    @property
    def orderable(self) -> bool:
        """Whether interest can be declared now."""
        return "true" in self.values[Filter.ORDERABLE]


@dataclass(frozen=True, slots=True)
class Facet:
    """A value of a filter and how many results it would leave; ``label`` where the value is a key of an organisation or topic."""

    value: str
    count: int
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of results, each with its position. ``more``: there are others after them."""

    hits: list[tuple[Position, Entry]]
    total: int
    facets: dict[Filter, list[Facet]]
    more: bool


@dataclass(frozen=True, slots=True)
class Search:
    """A query: words, allowed values per filter (any of them), place to go on after."""

    text: str = ""
    filters: Mapping[Filter, frozenset[str]] = field(default_factory=dict)
    after: Position | None = None
    limit: int = 20


class SearchIndex:
    """Entries in memory with their text index."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._known: dict[str, Entry] = {}
        self._superseded: Counter[str] = Counter()
        self._topics: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._text = TextIndex()

    def rev(self, entry_id: str) -> int | None:
        """Return the revision in which an offer is held, None if it is not."""
        entry = self._entries.get(entry_id)
        return None if entry is None else entry.rev

    def put(self, offering: Offering, rev: int) -> None:
        """Add or replace an offer, or remove it if it is not public any more. The known service it replaces is hidden."""
        self._drop(offering.id)
        if not offering.is_public:
            return
        self._entries[offering.id] = offering_entry(offering, rev)
        self._names[offering.provider.id] = offering.provider.name
        self._text.put(offering.id, _texts(offering))
        if offering.form.known_listing is not None:
            self._superseded[offering.form.known_listing] += 1

    def put_reference(self, snapshot: Snapshot) -> None:
        """Replace the known services and the names of topics."""
        for entry_id in self._known:
            self._text.remove(entry_id)
        self._known = {row.id: known_entry(row) for row in snapshot.known}
        self._names.update({party.id: party.name for entry in self._known.values() for party in entry.providers})
        self._topics = {topic.topic_id: topic.name for topic in snapshot.topics}
        for row in snapshot.known:
            keys = " ".join((row.provider_organisation or "", *row.it_provider, *row.provider_states, *row.ozg_ids))
            self._text.put(row.id, ((Weight.TITLE, row.name), (Weight.KEY, keys)))

    def known(self, entry_id: str) -> Entry | None:
        """Return a known service, also one that an offer has taken the place of."""
        return self._known.get(entry_id)

    def search(self, search: Search) -> Found:
        """Return a page of what matches, best first, with the facets over all that matches."""
        scores = self._text.match(search.text)
        hits: list[tuple[Position, Entry]] = []
        counts: dict[Filter, Counter[str]] = {name: Counter() for name in FACETS}
        for entry in self._visible(scores):
            failed = [name for name, allowed in search.filters.items() if allowed.isdisjoint(entry.values[name])]
            if not failed:
                score = 0 if scores is None else scores[entry.id]
                hits.append(((-score, entry.sort_title, entry.id), entry))
                for name in FACETS:
                    counts[name].update(entry.values[name])
            elif len(failed) == 1 and failed[0] in counts:
                # What the filter itself leaves out is still counted in its own facet: those are the other choices.
                counts[failed[0]].update(entry.values[failed[0]])
        hits.sort(key=lambda hit: hit[0])
        rest = hits if search.after is None else [hit for hit in hits if hit[0] > search.after]
        page = rest[: search.limit]
        return Found(
            hits=page,
            total=len(hits),
            facets={name: self._facet(name, counter) for name, counter in counts.items()},
            more=len(rest) > len(page),
        )

    def _visible(self, scores: Mapping[str, int] | None) -> Iterable[Entry]:
        for entry_id in scores if scores is not None else (*self._entries, *self._known):
            entry = self._entries.get(entry_id)
            if entry is None and not self._superseded[entry_id]:
                entry = self._known.get(entry_id)
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

    def _drop(self, entry_id: str) -> None:
        entry = self._entries.pop(entry_id, None)
        if entry is None:
            return
        self._text.remove(entry_id)
        if isinstance(entry.source, Offering) and entry.source.form.known_listing is not None:
            self._superseded[entry.source.form.known_listing] -= 1


class Schaufenster:
    """Search over the store: refreshes the index, then asks it."""

    def __init__(
        self,
        offerings: Offerings,
        reference: ReferenceReader,
        *,
        overlap: timedelta,
        reload_every: timedelta,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._offerings = offerings
        self._reference = reference
        self._overlap = overlap
        self._reload_every = reload_every
        self._clock = clock
        self._index = SearchIndex()
        self._refreshing = asyncio.Lock()
        self._digests: tuple[tuple[str, str], ...] = ()
        self._monotonic = monotonic
        self._newest: datetime | None = None
        self._reloaded: tuple[float, datetime] | None = None

    async def search(self, search: Search) -> Found:
        """Return a page of results as of now. Raises ReferenceNotLoadedError before the reference data are loaded."""
        await self._refresh()
        return self._index.search(search)

    async def find_known(self, entry_id: str) -> Entry | None:
        """Return a known service by its id, or None."""
        await self._refresh()
        return self._index.known(entry_id)

    async def _refresh(self) -> None:
        snapshot = await self._reference.current()
        async with self._refreshing:
            if snapshot.digests != self._digests:
                self._index.put_reference(snapshot)
                self._digests = snapshot.digests
            now, ticks = self._clock(), self._monotonic()
            whole = self._newest is None or self._reload_due(now, ticks)
            # Never beyond now: what a clock that ran ahead has marked must not hide what comes after it.
            since = None if whole or self._newest is None else min(self._newest, now) - self._overlap
            async for document in self._offerings.public_since(since):
                changed: datetime = min(document["public_changed_at"], now)
                self._newest = changed if self._newest is None else max(self._newest, changed)
                if self._index.rev(document["_id"]) != document["rev"]:
                    self._index.put(self._offerings.ledger.state_of(document), document["rev"])
            if whole:
                self._reloaded = (ticks, now)

    def _reload_due(self, now: datetime, ticks: float) -> bool:
        """Return whether to read everything again: after the interval by a monotonic clock, or if the wall clock was set."""
        if self._reloaded is None:
            return True
        last, at = self._reloaded
        return ticks - last >= self._reload_every.total_seconds() or not at <= now < at + self._reload_every


def offering_entry(offering: Offering, rev: int) -> Entry:
    """Return the entry of a public offer."""
    form = offering.form
    values = {
        Filter.KIND: frozenset((Kind.OFFERING.value,)),
        Filter.TOPIC: frozenset((form.topic_id,) if form.topic_id else ()),
        Filter.PROVIDER: frozenset((offering.provider.id,)),
        Filter.STATE: frozenset((offering.state.value,)),
        Filter.CHANNEL: frozenset(channel.value for channel in offering.open_channels),
        Filter.ANBINDUNGSART: frozenset(kind.value for kind in form.anbindungsarten),
        Filter.LEIKA: frozenset(form.leika_keys),
        Filter.OZG: frozenset(form.ozg_ids),
        Filter.ORDERABLE: frozenset(("true" if offering.orderable_channels else "false",)),
    }
    # The long texts are searched, not shown: they are dropped.
    shown = offering.model_copy(update={"form": form.model_copy(update={"technical_concept": None, "nachnutzung": None})})
    return Entry(offering.id, Kind.OFFERING, form.title, sort_title(form.title), (offering.provider,), values, shown, rev)


def providers_of(row: KnownOffering) -> tuple[Party, ...]:
    """Return the Länder that provide a known service by its source."""
    states = zip(row.provider_states, row.provider_state_names, strict=True)
    return tuple(Party(id=f"DE-{code}", name=name) for code, name in states)


def channels_of(row: KnownOffering) -> tuple[Channel, ...]:
    """Return the Anbieter that the source names, as far as they are known here."""
    return tuple(channel for channel in Channel if (row.channels or "").casefold() == channel.value)


def known_entry(row: KnownOffering) -> Entry:
    """Return the entry of a known EfA service. Its providers are the Länder named in the source."""
    providers = providers_of(row)
    values: dict[Filter, frozenset[str]] = {name: frozenset() for name in Filter}
    values[Filter.KIND] = frozenset((Kind.KNOWN.value,))
    values[Filter.TOPIC] = frozenset((row.topic_id,) if row.topic_id else ())
    values[Filter.PROVIDER] = frozenset(party.id for party in providers)
    values[Filter.CHANNEL] = frozenset(channel.value for channel in channels_of(row))
    values[Filter.OZG] = frozenset(row.ozg_ids)
    values[Filter.ORDERABLE] = frozenset(("false",))
    return Entry(row.id, Kind.KNOWN, row.name, sort_title(row.name), providers, values, row)


def _texts(offering: Offering) -> Sequence[tuple[Weight, str]]:
    form = offering.form
    keys = " ".join((*form.leika_keys, *form.ozg_ids, offering.provider.id, offering.provider.name))
    words = " ".join(filter(None, (form.summary, form.nachnutzung, form.technical_concept)))
    return ((Weight.TITLE, form.title), (Weight.KEY, keys), (Weight.TEXT, words))
