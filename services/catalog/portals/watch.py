"""Judges portals when they report and from time to time, and shows how they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from services.catalog.domain.checkpoint import Checkpoint
from services.catalog.portals import metrics
from services.catalog.portals.judgement import PortalState, judged, worst
from services.catalog.portals.repository import MOST_PORTALS, Portal, Portals
from shared.aggregate.ledger import Ledger
from shared.bus.handling import Received, Rejection
from shared.errors import WriteConflictError
from shared.messages.catalog_checkpoints import CheckpointState
from shared.messages.catalog_portals import PortalHealth, PortalHealthReported

JUDGE_EVERY = timedelta(seconds=15)
SHOWN = 100
"""Portals that are shown one by one in the metrics."""

log = structlog.get_logger()


class PortalWatch:
    """Stores reports and judges them. ``names`` are the keys of the checkpoints to compare with."""

    def __init__(
        self, portals: Portals, checkpoints: Ledger[Checkpoint], names: Sequence[str], clock: Callable[[], datetime]
    ) -> None:
        self._portals = portals
        self._checkpoints = checkpoints
        self._names = names
        self._clock = clock

    async def take_in(self, batch: Sequence[Received]) -> Sequence[Rejection]:
        """Store the newest report of each portal in a batch. Return those that are of another portal than they claim."""
        rejected: list[Rejection] = []
        newest: dict[str, Received] = {}
        for event in batch:
            health = _health(event)
            if health.portal != event.key:
                reason = "the report names another portal than the key of its record"
                rejected.append(Rejection(event, "portal_mismatch", reason))
            elif event.key not in newest or _health(newest[event.key]).reported_at <= health.reported_at:
                newest[event.key] = event
        if newest:
            rejected += await self._store(newest)
        return rejected

    async def _store(self, newest: Mapping[str, Received]) -> list[Rejection]:
        known = await self._portals.get_many(list(newest))
        room = MOST_PORTALS - len(await self._portals.all()) if newest.keys() - known.keys() else 0
        at, checkpoints = self._clock(), await self.checkpoints()
        saved: list[Portal] = []
        rejected: list[Rejection] = []
        for name, event in newest.items():
            portal, health = known.get(name), _health(event)
            if portal is None:
                if room <= 0:
                    rejected.append(Rejection(event, "too_many_portals", f"reports of {MOST_PORTALS} portals are stored already"))
                    continue
                room -= 1
                portal = Portal(health, at, ())
            elif health.reported_at < portal.health.reported_at:
                continue  # a repeat of an earlier record
            standings = judged(health, at, checkpoints, portal.standings, at)
            saved.append(replace(portal, health=health, received_at=at, standings=standings))
        await self._portals.save(saved)
        return rejected

    async def judge_all(self) -> None:
        """Judge all portals by the newest checkpoints, store what has changed, and show it."""
        at, checkpoints = self._clock(), await self.checkpoints()
        portals = [self.judged_now(portal, checkpoints, at) for portal in (await self._portals.all()).values()]
        for now, before in portals:
            if now.standings == before.standings:
                continue
            if (state := worst(now.standings)) is not worst(before.standings):
                log.info("portal_state", portal=now.id, state=state.value, before=worst(before.standings).value)
            try:
                await self._portals.save([now])
            except WriteConflictError:
                continue  # a new report, or another worker: judged there
        show([now for now, _ in portals])

    async def checkpoints(self) -> dict[str, CheckpointState]:
        """Return the newest checkpoints by topic."""
        found = [await self._checkpoints.get(name) for name in self._names]
        return {entry[0].taken.topic: entry[0].taken for entry in found if entry is not None}

    def judged_now(self, portal: Portal, checkpoints: Mapping[str, CheckpointState], at: datetime) -> tuple[Portal, Portal]:
        """Return a portal as it stands now, and as it was."""
        standings = judged(portal.health, portal.received_at, checkpoints, portal.standings, at)
        return replace(portal, standings=standings), portal


def show(portals: Sequence[Portal]) -> None:
    """Show how portals stand, and nothing of those that are there no more."""
    counted = Counter(worst(portal.standings) for portal in portals)
    for state in PortalState:
        metrics.PORTALS.labels(state.value).set(counted[state])
    metrics.STATE.clear()
    metrics.BEHIND.clear()
    for portal in sorted(portals, key=lambda portal: portal.id)[:SHOWN]:
        for standing in portal.standings:
            for state in PortalState:
                metrics.STATE.labels(portal.id, standing.topic, state.value).set(standing.state is state)
            metrics.BEHIND.labels(portal.id, standing.topic).set(standing.behind)


def _health(event: Received) -> PortalHealth:
    assert isinstance(event.message, PortalHealthReported)  # noqa: S101 - the consumer handles no other type
    return event.message.health
