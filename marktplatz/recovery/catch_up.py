"""Runs every consumer of the product in this process until nothing waits, as the workers of a cluster would after a restore.

Only events are worked off. What workers do by the clock is left out: no mail leaves, nothing is purged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from marktplatz.assembly import ServiceName, processor
from marktplatz.recovery.reconcile.differences import Kind
from marktplatz.recovery.reconcile.report import PAUSE, Report, reconcile
from marktplatz.recovery.stores import Stores
from shared.aggregate import epochs
from shared.bus.consume.runner import ConsumerRunner
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.messages.values import Channel
from shared.process.service import Service
from shared.store.port import Store

_RELAY_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """``complete``: nothing was left to read and to send. ``stopped``: groups that gave up, with the reason."""

    complete: bool
    stopped: Mapping[str, str]


async def catch_up(stores: Stores, kafka: KafkaSettings, publisher: KafkaPublisher, patience: timedelta) -> CaughtUp:
    """Work until nothing is left to read or to send, at most for ``patience``. ``publisher`` is the stores' one.

    Raises RebuildDueError, StoreUnavailableError, BusUnavailableError.
    """
    end = asyncio.get_running_loop().time() + patience.total_seconds()
    async with _consumers_running(stores, kafka, publisher) as runner:
        while not runner.failures() and asyncio.get_running_loop().time() < end:
            for held in stores.values():
                for ledger in held.service.ledgers:
                    await ledger.outbox.relay(_RELAY_AFTER)
            if _at_rest(await reconcile(stores, kafka, PAUSE)):
                return CaughtUp(complete=True, stopped={})
        return CaughtUp(complete=False, stopped=runner.failures())


def _at_rest(report: Report) -> bool:
    return not any(report.waiting.values()) and Kind.OUTBOX_WAITING not in {it.kind for it in report.differences}


@asynccontextmanager
async def _consumers_running(stores: Stores, kafka: KafkaSettings, publisher: KafkaPublisher) -> AsyncIterator[ConsumerRunner]:
    contracts = stores[ServiceName.CONTRACTS]
    services = [(held.service, held.store) for held in stores.values()]
    services += [(processor(channel)(contracts.resources), contracts.store) for channel in Channel]
    for service, store in services:
        await _set_sequence_base(service, store)
    runner = ConsumerRunner(kafka, [consumer for service, _ in services for consumer in service.consumers], publisher)
    await runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


async def _set_sequence_base(service: Service, store: Store) -> None:
    sequence_base = await epochs.sequence_base(store)
    for ledger in service.ledgers:
        ledger.sequence_base = sequence_base
