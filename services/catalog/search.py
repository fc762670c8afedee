"""The Schaufenster's search: offers and known EfA services in memory, refreshed from the store at each query.

A refresh looks which offers may have changed since the last one, and reads only what is held in another revision. It goes back
a second for writers that were at work at the same time, once a second further for clocks that differ; once in a while, and when
the clock was set, it looks through all: no clock can hide an offer for long.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from services.catalog.catalogue import ReferenceReader, Snapshot
from services.catalog.domain.offering import Offering
from services.catalog.entries import Entry
from services.catalog.reuse import SearchedReuse
from services.catalog.search_index import Found, Offered, Search, SearchIndex
from shared.calendar import day_of

NEAR = timedelta(seconds=1)
"""How far each refresh goes back, and how often one goes back the whole overlap."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The newest change known, when it was read, and the last refreshes, near and far, by a clock that nobody sets."""

    newest: datetime
    newest_at: float
    near_at: float
    far_at: float

    def since(self, read_at: float, now: datetime, overlap: timedelta) -> datetime:
        """Return since when changes may have come that a refresh at ``read_at`` did not see, by the clock of whoever writes.

        That clock goes on from the newest change known; the overlap is for writers whose clock is behind. Never beyond now: what
        a clock that ran ahead has marked must not hide what comes after it.
        """
        return min(self.newest + timedelta(seconds=read_at - self.newest_at), now) - overlap


class Searched(Protocol):
    """Where the search finds offers: the store, or what has followed the topic of offers."""

    def changes_since(self, since: datetime | None) -> AsyncIterator[tuple[str, int, datetime]]:
        """Yield id, revision and time of offers that are or were public and changed at ``since`` or later."""

    def searched(self, ids: Sequence[str]) -> AsyncIterator[list[tuple[Offering, int]]]:
        """Yield offers by id, page by page, with their revisions."""


class Schaufenster:
    """Search over the store: refreshes the index, then asks it."""

    def __init__(
        self,
        offerings: Searched,
        reference: ReferenceReader,
        *,
        overlap: timedelta,
        reload_every: timedelta,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        reuses: SearchedReuse | None = None,
    ) -> None:
        """Search ``offerings``. Without ``reuses`` nothing is known of who reuses them."""
        self._offerings = offerings
        self._reference = reference
        self._overlap = overlap
        self._reload_every = reload_every
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._index: SearchIndex | None = None
        self._refreshing = asyncio.Lock()
        self._monotonic = monotonic
        self._reuses = reuses
        self._seen: _Seen | None = None
        self._reloaded: tuple[float, datetime] | None = None

    def today(self) -> date:
        """Return the day in Germany that prices and deadlines are judged on."""
        return day_of(self._clock())

    async def search(self, search: Search) -> tuple[Found, date]:
        """Return a page of results as of now, and the day by which its prices hold.

        Raises ReferenceNotLoadedError before the reference data are loaded.
        """
        index = await self._refreshed()
        today = self.today()
        return index.search(search, today), today

    async def find_known(self, entry_id: str) -> tuple[Entry, tuple[Offered, ...]] | None:
        """Return a known service by its id with the public offers that state to be it, or None."""
        index = await self._refreshed()
        known = index.known(entry_id)
        return None if known is None else (known, index.offered(entry_id))

    async def _refreshed(self) -> SearchIndex:
        snapshot = await self._reference.current()
        async with self._refreshing:
            if self._index is None or self._snapshot is not snapshot:
                self._index, self._snapshot, self._seen = SearchIndex(snapshot), snapshot, None
            index = self._index
            now, ticks = self._clock(), self._monotonic()
            seen = None if self._reload_due(now, ticks) else self._seen
            far = seen is None or ticks - seen.far_at >= NEAR.total_seconds()
            since = None
            if seen is not None:
                since = seen.since(seen.far_at, now, self._overlap) if far else seen.since(seen.near_at, now, NEAR)
            changed: list[str] = []
            newest: datetime | None = None
            async for offering_id, rev, at in self._offerings.changes_since(since):
                newest = min(at, now) if newest is None else max(newest, min(at, now))
                if index.rev(offering_id) != rev:
                    changed.append(offering_id)
            async for offerings in self._offerings.searched(changed):
                for offering, read_rev in offerings:
                    index.put(offering, read_rev)
                    # One with long texts takes 15 ms of CPU: other requests are not to wait for all of them.
                    await asyncio.sleep(0)
            if self._reuses is not None:
                # The same processes write them as write the offers, by the same clocks: what holds for one holds for the other.
                async for it in self._reuses.changes_since(since):
                    index.put_reuse(it.offering_id, it.land, it.bodies)
            self._remember(newest, ticks, far=far)
            if seen is None:
                self._reloaded = (ticks, now)
            return index

    def _remember(self, newest: datetime | None, ticks: float, *, far: bool) -> None:
        seen = self._seen
        if seen is not None:
            seen = replace(seen, near_at=ticks, far_at=ticks if far else seen.far_at)
        if newest is not None and (seen is None or newest > seen.newest):
            seen = _Seen(newest, ticks, ticks, ticks if seen is None else seen.far_at)
        self._seen = seen

    def _reload_due(self, now: datetime, ticks: float) -> bool:
        """Return whether to look through all again: after the interval by a monotonic clock, or if the wall clock was set."""
        if self._reloaded is None:
            return True
        last, at = self._reloaded
        return ticks - last >= self._reload_every.total_seconds() or not at <= now < at + self._reload_every
