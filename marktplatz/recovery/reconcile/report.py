"""``marktplatz reconcile``: compares the stores among each other and with the topics, and names every difference."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marktplatz.assembly import ServiceName
from marktplatz.recovery.named import NAMING, named_contents
from marktplatz.recovery.reconcile.contents import with_files
from marktplatz.recovery.reconcile.differences import Difference
from marktplatz.recovery.reconcile.facts import StoreFacts, read_stores
from marktplatz.recovery.reconcile.partner_topics import PartnerTopics, answers_in, read_partner_topics
from marktplatz.recovery.reconcile.rules_partners import with_partners
from marktplatz.recovery.reconcile.rules_stores import between_stores
from marktplatz.recovery.reconcile.rules_topics import outboxes, with_topics
from marktplatz.recovery.reconcile.topic_facts import TopicFacts
from marktplatz.recovery.reconcile.topics import read_topics
from marktplatz.recovery.stores import Stores
from services.notify.repository import Notifications
from shared.bus.settings import KafkaSettings
from shared.clock import now

PAUSE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All stores and topics, read once, and their differences."""

    stores: StoreFacts
    topics: TopicFacts
    partners: PartnerTopics
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The differences that two snapshots have in common, by kind and ids, and how much was read."""

    at: datetime
    differences: tuple[Difference, ...]
    orders: int
    contracts: int
    offerings: int
    aggregates: int
    contents: int
    records: Mapping[str, int]
    waiting: Mapping[str, int]
    dead_letters: Mapping[str, int]

    def document(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {
            "at": self.at.isoformat(),
            "looked_at": {
                "orders": self.orders,
                "contracts": self.contracts,
                "offerings": self.offerings,
                "aggregates": self.aggregates,
                "contents": self.contents,
                "records": dict(self.records),
            },
            "records_to_read_by_group": dict(self.waiting),
            "dead_letters_by_group": dict(self.dead_letters),
            "counts": dict(Counter(difference.kind.value for difference in self.differences)),
            "differences": [
                {"kind": difference.kind.value, "ids": dict(difference.ids), "text": difference.text}
                for difference in self.differences
            ],
        }


async def take_snapshot(stores: Stores, kafka: KafkaSettings) -> Snapshot:
    """Read everything once and compare. The stores are read first: what happens meanwhile is on the topics then.

    Raises StoreUnavailableError, BusUnavailableError.
    """
    held = await read_stores(stores)
    topics = await read_topics(kafka)
    partners = await read_partner_topics(answers_in(stores), kafka)
    resources = stores[ServiceName.NOTIFY].resources
    present = await Notifications(resources).known([it.notification_id for it in topics.expected])
    differences = (*between_stores(held), *outboxes(held), *with_topics(held, topics, present), *with_partners(partners))
    return Snapshot(held, topics, partners, differences)


async def reconcile(stores: Stores, kafka: KafkaSettings, pause: timedelta = PAUSE) -> Report:
    """Compare two snapshots, ``pause`` apart, and report what differs in both: in a running system much is always on its way.

    With ``pause`` 0 one snapshot counts (nothing is running). Contents of documents are read once: they are written
    before anything names them, and never change. Raises as ``take_snapshot``, and FilesUnavailableError.
    """
    first = last = await take_snapshot(stores, kafka)
    if pause:
        await asyncio.sleep(pause.total_seconds())
        last = await take_snapshot(stores, kafka)
    read, lost = 0, list[Difference]()
    for service in NAMING:
        named, files = await named_contents(stores, service), stores[service].service.files
        read += len(named)
        lost += [] if files is None else await with_files(named, files)
    seen = {difference.key for difference in first.differences}
    waiting: Counter[str] = Counter()
    active = (it for it in last.partners.positions if it.group not in last.partners.suspended)
    for position in (*last.topics.positions, *active):
        waiting[position.group] += position.waiting
    return Report(
        at=now(),
        differences=tuple(
            sorted((*(it for it in last.differences if it.key in seen), *lost), key=lambda difference: difference.key)
        ),
        orders=len(last.stores.orders),
        contracts=len(last.stores.contracts) + len(last.stores.provisions),
        offerings=len(last.stores.offerings),
        aggregates=len(last.stores.sequences),
        contents=read,
        records={**last.topics.records, **last.partners.records},
        waiting=waiting,
        dead_letters=last.topics.dead_letters,
    )
