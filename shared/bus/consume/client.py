"""The Kafka client of a worker: its fetch loop and its part in rebalances."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError
from structlog.typing import FilteringBoundLogger

from shared.bus.consume.pace import Pace
from shared.bus.consume.progress import Progress
from shared.bus.consume.quarantine import BrokenBatch, GuardedConsumer

Records = dict[TopicPartition, list[Any]]

_IDLE_MS = 500
_PAUSE_SECONDS = 0.5


class Owner(Protocol):
    """What the client needs of the worker that it belongs to."""

    progress: Progress
    log: FilteringBoundLogger
    epoch: int
    fetched_in: int
    settled: asyncio.Event

    @property
    def pace(self) -> Pace | None:
        """How fast the group may read; None: as fast as it can."""

    async def quarantine(self, broken: list[BrokenBatch], records: Records) -> Records:
        """Report broken batches, then release the records read behind them."""

    async def revoked(self) -> None:
        """Release all partitions."""

    async def assigned(self, partitions: set[TopicPartition]) -> None:
        """Accept newly assigned partitions."""


class Rebalance(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is untyped
    """Passes a rebalance on to the owner."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002 - all are revoked
        await self._owner.revoked()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        await self._owner.assigned(assigned)


class WorkerConsumer(GuardedConsumer):
    """The guarded consumer of a worker: notes the loop's turns, and reports broken batches before what lies behind is handled."""

    def __init__(self, owner: Owner, **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(**options)
        self._owner = owner

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None) -> Records:
        """Return records as the base class does; none if the worker has stopped itself."""
        owner = self._owner
        owner.progress.turned()
        if owner.progress.failure is not None:
            await asyncio.sleep(1)
            return {}
        pace = owner.pace
        if pace is not None:
            if (pause := pace.pause()) > 0:
                # Nothing is lost by waiting: what is fetched already stays, and the group knows that this member lives.
                owner.progress.moved()
                pause = min(pause, _PAUSE_SECONDS)
                pace.throttled_seconds += pause
                await asyncio.sleep(pause)
                return {}
            max_records = min(max_records or pace.room(), pace.room())
        try:
            # Records end this wait at once. After an empty answer FastStream pauses blindly for ``timeout_ms``: better wait here.
            wait_ms = max(timeout_ms, _IDLE_MS)
            records: Records = await super().getmany(*partitions, timeout_ms=wait_ms, max_records=max_records)
        except KafkaError as error:
            owner.log.warning("fetch_failed", error=repr(error))
            raise
        except ConsumerStoppedError:
            raise
        except Exception as error:
            owner.log.warning("fetch_failed", error=repr(error))
            owner.progress.broke(f"{type(error).__name__} while fetching")
            raise
        # Without a pause since the records left the buffer: a rebalance that begins later makes them void.
        owner.fetched_in = owner.epoch
        broken, self.broken[:] = list(self.broken), []
        if pace is not None:
            read = [record for batch in records.values() for record in batch]
            pace.spend(len(read) + len(broken), sum(_size(record) for record in read))
        if records or broken:
            await owner.settled.wait()
        return await owner.quarantine(broken, records) if broken else records


def _size(record: Any) -> int:  # noqa: ANN401 - a ConsumerRecord of aiokafka, which is untyped
    headers = sum(len(name) + len(content or b"") for name, content in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers
