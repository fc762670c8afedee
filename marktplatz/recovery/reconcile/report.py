"""``marktplatz reconcile``: compares the stores among each other and with the topics, and names every difference."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marktplatz.assembly import ServiceName
from marktplatz.recovery.inventory import PAGE, ServiceStore
from marktplatz.recovery.reconcile.facts import StoreFacts, read_stores
from marktplatz.recovery.reconcile.rules_stores import Difference, between_stores
from marktplatz.recovery.reconcile.rules_topics import outboxes, with_topics
from marktplatz.recovery.reconcile.topics import TopicFacts, read_topics
from services.notify.repository import NOTIFICATIONS
from shared.bus.settings import KafkaSettings
from shared.clock import now

PAUSE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one look at everything found."""

    stores: StoreFacts
    topics: TopicFacts
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The differences that were there at both looks, by kind and ids, and what was looked at."""

    at: datetime
    differences: tuple[Difference, ...]
    orders: int
    contracts: int
    offerings: int
    aggregates: int
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


async def look(stores: Mapping[ServiceName, ServiceStore], kafka: KafkaSettings) -> Snapshot:
    """Read everything once and compare. The stores are read first: what happens meanwhile is on the topics then.

    Raises StoreUnavailableError, BusUnavailableError.
    """
    held = await read_stores(stores)
    topics = await read_topics(kafka)
    notifications = await _present(stores[ServiceName.NOTIFY], [told.notification_id for told in topics.told])
    return Snapshot(held, topics, (*between_stores(held), *outboxes(held), *with_topics(held, topics, notifications)))


async def reconcile(stores: Mapping[ServiceName, ServiceStore], kafka: KafkaSettings, pause: timedelta = PAUSE) -> Report:
    """Look twice, ``pause`` apart, and report what differs both times: in a running system much is on its way at any moment.

    With ``pause`` 0 one look counts (nothing is running). Raises as ``look``.
    """
    first = last = await look(stores, kafka)
    if pause:
        await asyncio.sleep(pause.total_seconds())
        last = await look(stores, kafka)
    seen = {difference.key for difference in first.differences}
    waiting: Counter[str] = Counter()
    for position in last.topics.positions:
        waiting[position.group] += position.waiting
    return Report(
        at=now(),
        differences=tuple(sorted((it for it in last.differences if it.key in seen), key=lambda difference: difference.key)),
        orders=len(last.stores.orders),
        contracts=len(last.stores.contracts),
        offerings=len(last.stores.offerings),
        aggregates=len(last.stores.sequences),
        records=last.topics.records,
        waiting=waiting,
        dead_letters=last.topics.dead_letters,
    )


async def _present(notify: ServiceStore, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(ids), PAGE):
        found |= (await notify.store.get_many(NOTIFICATIONS, ids[start : start + PAGE])).keys()
    return found
