"""``marktplatz topics rebuild``: begins an epoch of the stores and republishes what readers of the topics must know.

Topics are transport: what they held before is not needed, except the contract numbers that only they still hold and that people
know. The steps can be repeated as a whole after a failure, each time with a later epoch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from marktplatz.recovery.admin import administration
from marktplatz.recovery.rebuild import broker
from marktplatz.recovery.rebuild.archive import begin_log
from marktplatz.recovery.rebuild.epochs import epoch_of, raise_aggregates
from marktplatz.recovery.rebuild.numbers import reserve_lost_numbers
from marktplatz.recovery.rebuild.partners import rewind_partners, send_receipts_again
from marktplatz.recovery.rebuild.places import restore_participations, restore_places
from marktplatz.recovery.rebuild.republish import republish_pending, republish_state, send_waiting
from marktplatz.recovery.rebuild.reuses import restore_reuses
from marktplatz.recovery.reconcile.facts import read_stores
from marktplatz.recovery.reconcile.partner_topics import answers_in, read_partner_topics
from marktplatz.recovery.reconcile.topics import read_topics
from marktplatz.recovery.stores import Stores
from services.contracts.numbering import Number
from shared.aggregate import epochs
from shared.bus.admin import create_topics
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.topics import DECLARED, partner_group, partner_topics

log = structlog.get_logger()

PATIENCE = timedelta(seconds=60)
"""Longer than the session time-out of a consumer group."""


@dataclass(slots=True)
class Rebuilt:
    """Result of a rebuild. ``promised``: ids of lost contracts with the numbers reserved for them.

    ``places``: ids of Vorgänge whose place was restored. ``participations``: of those that a Klient finds again, with its own.
    ``reuses``: ids of the contracts by which the catalog counts anew who reuses an offer.
    ``republished``: how many aggregates of each kind.
    ``receipts``: how many receipts of partners' events were sent again. ``log``: that of the archive which began.
    """

    epoch: int = 0
    aggregates: int = 0
    deleted: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    rewound: list[str] = field(default_factory=list)
    promised: dict[str, Number] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    participations: list[str] = field(default_factory=list)
    reuses: list[str] = field(default_factory=list)
    published: int = 0
    republished: Counter[str] = field(default_factory=Counter)
    receipts: int = 0
    log: str | None = None


async def rebuild(
    stores: Stores,
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
    answers = answers_in(stores)
    partners = [partner.id for partner in await answers.partners()]
    async with administration(kafka) as admin:
        await broker.require_idle(admin, patience, map(partner_group, partners))
        facts = await read_stores(stores)
        result.promised = await reserve_lost_numbers(stores, facts, await read_topics(kafka))
        result.places = await restore_places(stores, facts)
        result.participations = await restore_participations(stores, facts)
        result.reuses = await restore_reuses(stores, facts)
        result.log = await begin_log(stores)
        if recreate:
            result.deleted = await broker.delete_topics(admin)
        if create:
            of_partners = [topic for partner in partners for topic in partner_topics(partner)]
            result.created = await create_topics(kafka, replicas=replicas, topics=(*DECLARED, *of_partners))
        result.rewound = await broker.rewind(admin, kafka)
        found = await read_partner_topics(answers, kafka)
        result.rewound += await rewind_partners(kafka, found)
    result.epoch = epoch_of(clock())
    result.aggregates = await raise_aggregates(stores, result.epoch)
    result.published = await _send_all(stores)
    result.republished = await republish_state(stores)
    result.republished += await republish_pending(stores, await read_stores(stores), result.promised.keys())
    await _send_all(stores)
    result.receipts = await send_receipts_again(answers, found)
    for held in stores.values():
        await epochs.begin_epoch(held.store, result.epoch)
    log.info("topics_rebuilt", epoch=result.epoch, published=result.published, republished=dict(result.republished))
    return result


async def _send_all(stores: Stores) -> int:
    return sum([await send_waiting(ledger) for held in stores.values() for ledger in held.service.ledgers])
