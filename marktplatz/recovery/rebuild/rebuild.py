"""``marktplatz topics rebuild``: begins an epoch of the stores and says on the topics what readers must know of them.

Topics are transport: what they held before is not needed, except what they alone know of contract numbers that were told to
people. The steps can be repeated as a whole after a failure, each time with a later epoch.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from marktplatz.assembly import ServiceName
from marktplatz.recovery.inventory import ServiceStore
from marktplatz.recovery.rebuild import broker
from marktplatz.recovery.rebuild.epochs import epoch_of, raise_aggregates
from marktplatz.recovery.rebuild.republish import republish_pending, republish_state, send_waiting
from marktplatz.recovery.reconcile.facts import StoreFacts, read_stores
from marktplatz.recovery.reconcile.topics import TopicFacts, administration, read_topics
from services.contracts import channels
from services.contracts.handlers import reserve_numbers
from services.contracts.numbering import Number
from services.contracts.repository import CONTRACTS, Contracts, Registers
from services.contracts.settings import ContractsSettings
from shared.aggregate import epochs
from shared.bus.admin import create_topics
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.messages.values import Channel

log = structlog.get_logger()

PATIENCE = timedelta(seconds=60)
"""Longer than the session time-out of a consumer group."""


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild did. ``promised``: contract ids with the numbers that are kept for them."""

    epoch: int = 0
    aggregates: int = 0
    deleted: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    rewound: list[str] = field(default_factory=list)
    promised: dict[str, Number] = field(default_factory=dict)
    published: int = 0
    republished: Counter[str] = field(default_factory=Counter)


async def rebuild(
    stores: Mapping[ServiceName, ServiceStore],
    kafka: KafkaSettings,
    *,
    recreate: bool,
    create: bool = True,
    replicas: int = 3,
    patience: timedelta = PATIENCE,
    clock: Callable[[], datetime] = now,
) -> Rebuilt:
    """Rebuild the topics from the stores. The services must not run; the stores' publisher must.

    ``recreate`` deletes the topics first; without ``create`` they are left to whoever manages them (Strimzi's topic operator).
    Raises InUseError while a consumer group has members, BusUnavailableError if an event was not acknowledged,
    StoreUnavailableError, WriteConflictError if somebody writes to the stores meanwhile.
    """
    result = Rebuilt()
    async with administration(kafka) as admin:
        await broker.require_idle(admin, patience)
        result.promised = await keep_numbers(stores, await read_stores(stores), await read_topics(kafka))
        if recreate:
            result.deleted = await broker.delete_topics(admin)
        if create:
            result.created = await create_topics(kafka, replicas=replicas)
        result.rewound = await broker.rewind(admin, kafka)
    result.epoch = epoch_of(clock())
    result.aggregates = await raise_aggregates(stores, result.epoch)
    result.published = await _send_all(stores)
    result.republished = await republish_state(stores)
    result.republished += await republish_pending(stores, await read_stores(stores), result.promised.keys())
    await _send_all(stores)
    for service_store in stores.values():
        await epochs.begin_epoch(service_store.store, result.epoch)
    log.info("topics_rebuilt", epoch=result.epoch, published=result.published, republished=dict(result.republished))
    return result


async def keep_numbers(stores: Mapping[ServiceName, ServiceStore], facts: StoreFacts, topics: TopicFacts) -> dict[str, Number]:
    """Promise contracts that are gone their numbers, as far as orders or the old topics know them; return all such promises."""
    settings = ContractsSettings()
    terms = channels.load_terms(settings.agb_folder, settings.number_formats)
    written = dict(topics.numbers)
    for order in facts.orders.values():
        if order.contract_id is not None and order.contract_number is not None:
            written[order.contract_id] = (order.channel, order.contract_number)
    known: dict[Channel, dict[str, Number]] = defaultdict(dict)
    for contract, (channel, text) in written.items():
        number = terms[channel].rules.number_format.read(text)
        if number is None:
            log.warning("contract_number_unreadable", contract_id=contract, number=text)
        elif contract not in facts.contracts:
            known[channel][contract] = number
    service_store = stores[ServiceName.CONTRACTS]
    contracts, registers = (
        Contracts(service_store.store, service_store.ledger(CONTRACTS).outbox.publisher),
        Registers(service_store.store),
    )
    promised: dict[str, Number] = {}
    for channel, numbers in known.items():
        promised |= await reserve_numbers(channel, numbers, contracts, registers)
    return promised


async def _send_all(stores: Mapping[ServiceName, ServiceStore]) -> int:
    return sum([await send_waiting(ledger) for service_store in stores.values() for ledger in service_store.service.ledgers])
