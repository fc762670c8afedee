"""Several senders of the same offers at once come to an end, however evenly they work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.catalog.repository import COLLECTIONS, OFFERINGS, Offerings
from shared.aggregate.change import Change
from shared.aggregate.outgoing import OutgoingEvent
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.component.catalog.conftest import DATA, Clock
from tests.component.catalog.test_catalog_fold import TOPIC, Act, Fate, Step, World, _published, states
from tests.support.builders.offerings import OFFERING_ID

SENDERS = 4
EVENLY = 0.01
MOST_EVENTS = 1000
"""A loaded machine makes a few hundred; without an end it would be thousands."""


class Slow:
    """A way to the topic on which each send takes the same time."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        await asyncio.sleep(EVENLY)
        self.world.topic.append(events)
        return [True] * len(events)


@pytest.mark.parametrize("act", [Act.EDIT, Act.RESTATE])
async def test_senders_that_overtake_each_other_come_to_an_end(act: Act) -> None:
    store = SqliteStore(None)
    await store.prepare(COLLECTIONS)
    world = World(store)
    await world.processes[0][0].ledger.apply_one(Change(OFFERING_ID, _published))
    await world.play([Step(0, Act.EDIT, Fate.LOST)])
    senders = [Offerings(Resources(store, Slow(world), DATA, Clock())) for _ in range(SENDERS)]
    async with asyncio.timeout(20):
        await asyncio.gather(*(world._act(act, it) for it in senders))
    document = await store.get(OFFERINGS, OFFERING_ID)
    assert document is not None
    assert len([record for record in world.topic.records if record.topic == TOPIC]) < MOST_EVENTS
    offering = await world.settle()
    assert states(world.topic.fold())[OFFERING_ID]["version"] == offering.version
