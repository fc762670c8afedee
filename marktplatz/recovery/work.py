"""Lets every consumer of the product work for a while in this process, as the workers of a cluster would after a restore.

Only events are worked off. What workers do by the clock is left out: no mail leaves, nothing is purged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from marktplatz.assembly import ServiceName
from marktplatz.recovery.inventory import ServiceStore
from marktplatz.recovery.reconcile.report import PAUSE, Report, reconcile
from marktplatz.recovery.reconcile.rules_stores import Kind
from services.contracts.app import build as build_contracts
from shared.aggregate import epochs
from shared.bus.consume.runner import ConsumerRunner
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.messages.values import Channel
from shared.process.service import Resources, Service

_RELAY_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Worked:
    """How working off ended: whether nothing was left to read and to send, and which groups gave up, with the reason."""

    to_the_end: bool
    stopped: Mapping[str, str]


async def work_off(
    stores: Mapping[ServiceName, ServiceStore],
    kafka: KafkaSettings,
    publisher: KafkaPublisher,
    data_dir: Path,
    patience: timedelta,
) -> Worked:
    """Work until nothing is left to read or to send, at most for ``patience``. ``publisher`` is the stores' one.

    Raises RebuildDueError, StoreUnavailableError, BusUnavailableError.
    """
    end = asyncio.get_running_loop().time() + patience.total_seconds()
    async with _at_work(stores, kafka, publisher, data_dir) as runner:
        while not runner.failures() and asyncio.get_running_loop().time() < end:
            for service_store in stores.values():
                for ledger in service_store.service.ledgers:
                    await ledger.outbox.relay(_RELAY_AFTER)
            if _at_rest(await reconcile(stores, kafka, PAUSE)):
                return Worked(to_the_end=True, stopped={})
        return Worked(to_the_end=False, stopped=runner.failures())


def _at_rest(report: Report) -> bool:
    return not any(report.waiting.values()) and Kind.OUTBOX_WAITING not in {it.kind for it in report.differences}


@asynccontextmanager
async def _at_work(
    stores: Mapping[ServiceName, ServiceStore], kafka: KafkaSettings, publisher: KafkaPublisher, data_dir: Path
) -> AsyncIterator[ConsumerRunner]:
    contracts = stores[ServiceName.CONTRACTS].store
    processors = [build_contracts(Resources(contracts, publisher, data_dir), channel) for channel in Channel]
    places = [
        *((service_store.service, service_store) for service_store in stores.values()),
        *((it, stores[ServiceName.CONTRACTS]) for it in processors),
    ]
    for service, service_store in places:
        await _count_on(service, service_store)
    runner = ConsumerRunner(kafka, [consumer for service, _ in places for consumer in service.consumers], publisher)
    await runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


async def _count_on(service: Service, service_store: ServiceStore) -> None:
    sequence_base = await epochs.sequence_base(service_store.store)
    for ledger in service.ledgers:
        ledger.sequence_base = sequence_base
