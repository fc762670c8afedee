"""A portal that reads a topic in memory, in steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from portal_world import World

from efa_portal.catalog import Catalog
from efa_portal.checkpoint import Checkpoint
from efa_portal.following import Following
from efa_portal.health import TopicState
from efa_portal.store.writer import Store
from efa_portal.topics import OFFERINGS


@dataclass(slots=True)
class PortalReader:
    """The topic of offers, followed into a store. A restart opens the store again."""

    world: World
    path: Path
    store: Store = field(init=False)
    following: Following = field(init=False)
    announced: list[Checkpoint] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin to read."""
        self.start()

    def start(self) -> None:
        """Open the store and resume, then hear of the last checkpoint, as a follower does."""
        self.store = Store(self.path)
        self.following = Following(self.store, OFFERINGS, clock=lambda: self.world.clock)
        self.following.resume(self.world.starts, self.world.ends)
        for checkpoint in self.announced[-1:]:
            self.following.announce(checkpoint)

    def restart(self) -> None:
        """End and begin again."""
        self.store.close()
        self.start()

    def announce(self, checkpoint: Checkpoint) -> None:
        """Publish a checkpoint."""
        self.announced.append(checkpoint)
        self.following.announce(checkpoint)

    def read(self, count: int) -> None:
        """Apply up to so many records of each partition."""
        for number, position in self.following.positions.items():
            records, after = self.world.read(number, position, count)
            self.following.apply(records, {number: after})
        self.following.note_ends(self.world.ends)

    async def check(self) -> None:
        """Judge, and begin a build where one is needed."""
        reason = await self.following.check()
        if reason is not None:
            self.following.rebuild(self.world.starts, self.world.ends, reason)

    async def catch_up(self) -> TopicState:
        """Read to the end and judge, as often as it takes."""
        for _ in range(4):
            self.read(10_000)
            await self.check()
        return self.following.state

    def shown(self) -> dict[str, dict[str, object]]:
        """Return what readers of the store see."""
        return {offer.id: offer.raw for offer in Catalog(self.path).offers()}
