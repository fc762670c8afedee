"""Stores with a few offers, for tests of what reads or breaks them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from portal_world import World, offering

from efa_portal.following import Following
from efa_portal.health import TopicState
from efa_portal.report import Report, write_report
from efa_portal.store.writer import Store
from efa_portal.topics import CATALOG, KNOWN_SERVICES


def offers() -> World:
    """Return a topic with three offers in two states."""
    world = World()
    world.write(b"a", offering(1, title="Wohngeld", provider={"id": "010540056056", "name": "Husum"}))
    world.write(b"b", offering(2, title="Führerschein", state="AUSGESETZT"))
    world.write(b"c", offering(3, title="Anwohnerparken"))
    return world


def services() -> World:
    """Return a topic with one known service."""
    world = World(partitions=1, member="service", topic=KNOWN_SERVICES.name)
    world.write(b"s", b'{"service": {"title": "Elterngeld"}}')
    return world


class Filled:
    """A store that follows two topics in memory, up to their ends and verified."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.worlds = {world.topic: world for world in (offers(), services())}
        self.store = Store(path)
        self.followings = {topic.name: Following(self.store, topic) for topic in CATALOG}
        for name, following in self.followings.items():
            following.resume(self.worlds[name].starts, self.worlds[name].ends)
        self.catch_up()

    def catch_up(self) -> None:
        """Read everything, judge it, and record a report."""
        for name, following in self.followings.items():
            world = self.worlds[name]
            for number, position in following.positions.items():
                records, after = world.read(number, position, 1000)
                following.apply(records, {number: after})
            following.note_ends(world.ends)
            checkpoint = world.checkpoint()
            following.announce(checkpoint.model_copy(update={"taken_at": following._clock()}))
            self.store.record_checkpoint(name, world.checkpoint_bytes())
            if asyncio.run(following.check()) is not None or following.state is not TopicState.IN_STEP:
                raise AssertionError(f"{name} is {following.state}")
        topics = tuple(following.health() for following in self.followings.values())
        write_report(self.store, Report.now("portal-test", topics, None))

    def write(self, key: bytes, value: bytes | None) -> None:
        """Append a record about an offer and follow it."""
        self.worlds["catalog.offering.v1"].write(key, value)
        self.catch_up()

    def close(self) -> Path:
        """Close the store and return its path."""
        self.store.close()
        return self.path
