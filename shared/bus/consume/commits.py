"""What a worker has committed: positions, and as their notes how many dead letters stand in a row on each topic."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection

from aiokafka import TopicPartition

from shared import failpoints
from shared.bus import metrics
from shared.bus.aiokafka_internals import committed_with_notes, consumed_positions
from shared.bus.consume.client import WorkerConsumer
from shared.bus.consume.progress import Progress


class Commits:
    """The commits of one worker. ``positions`` are the last ones known; ``runs`` counts dead letters in a row, by topic."""

    def __init__(self, group: str, progress: Progress, seconds: float) -> None:
        self.group = group
        self.positions: dict[TopicPartition, int] = {}
        self.runs: dict[str, int] = {}
        self._progress = progress
        self._seconds = seconds
        self._committing: asyncio.Timeout | None = None

    async def take_over(self, client: WorkerConsumer | None, partitions: Collection[TopicPartition]) -> None:
        """Count on where the last owner of these partitions stopped."""
        self.positions.clear()
        runs: dict[str, int] = {}
        found = {} if client is None else await committed_with_notes(client, partitions)
        for partition, offset in found.items():
            runs[partition.topic] = max(runs.get(partition.topic, 0), _run_of(offset.metadata))
        self.runs = runs

    def give_up(self) -> None:
        """End a commit that is under way: its client is cut off and will get no answer."""
        if self._committing is not None:
            self._committing.reschedule(asyncio.get_running_loop().time())

    async def commit(self, client: WorkerConsumer) -> Exception | None:
        """Commit the positions of all assigned partitions; return what stood in the way, None if they are committed.

        Without an assignment nothing is committed. Time runs out after the group's time to stop.
        """
        positions = consumed_positions(client)
        if positions is None:
            return None
        failpoints.passing("bus.commit", "before")
        try:
            with metrics.COMMIT_SECONDS.labels(self.group).time():
                async with asyncio.timeout(self._seconds) as self._committing:
                    await client.commit({partition: (offset, self._note(partition)) for partition, offset in positions.items()})
        except Exception as error:  # noqa: BLE001 - as it may be met on a connection that is closed
            return error
        finally:
            self._committing = None
        failpoints.passing("bus.commit", "after")
        self.positions.update(positions)
        self._progress.moved()
        return None

    def _note(self, partition: TopicPartition) -> str:
        run = self.runs.get(partition.topic, 0)
        return json.dumps({"run": run}) if run else ""


def _run_of(note: str) -> int:
    try:
        return int(json.loads(note)["run"])
    except (ValueError, KeyError, TypeError):
        return 0
