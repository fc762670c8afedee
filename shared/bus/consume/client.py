"""The Kafka client of a worker: its fetch loop and its part in rebalances."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError
from structlog.typing import FilteringBoundLogger

from shared.bus.consume.progress import Progress
from shared.bus.consume.quarantine import BrokenBatch, GuardedConsumer

Records = dict[TopicPartition, list[Any]]

_IDLE_MS = 500


class Owner(Protocol):
    """What the client needs of the worker that it belongs to."""

    progress: Progress
    log: FilteringBoundLogger
    epoch: int
    fetched_in: int
    settled: asyncio.Event

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
        if records or broken:
            await owner.settled.wait()
        return await owner.quarantine(broken, records) if broken else records
