"""Notify over a store and a mail server, with a clock that tests turn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.notify.app import build
from services.notify.domain.contact import AddressBook, Contact
from services.notify.domain.notification import Notification
from services.notify.domain.transitions import NotificationState
from services.notify.repository import COLLECTIONS, NOTIFICATIONS, Contacts, Notifications
from services.notify.settings import Settings
from services.notify.webhooks.repository import DELIVERIES, WEBHOOKS
from shared.aggregate.change import Cause
from shared.aggregate.outgoing import Publisher
from shared.bus.handling import Received
from shared.http import idempotency
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.notify import DeliveryChannel
from shared.process.service import Resources, Service
from shared.store.port import Collection, Document
from shared.store.sqlite.store import SqliteStore
from tests.support.publisher import RecordingPublisher

DATA = Path(__file__).parents[3] / "data"
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
LEASE = timedelta(minutes=5)


class Clock:
    """``time`` may be set; ``seconds`` of a steady clock pass with ``turn`` only."""

    def __init__(self) -> None:
        self.time = START
        self.seconds = 1000.0

    def __call__(self) -> datetime:
        return self.time

    def turn(self, **delta: float) -> None:
        self.time += timedelta(**delta)
        self.seconds += timedelta(**delta).total_seconds()

    def steady(self) -> float:
        return self.seconds


class WatchedStore(SqliteStore):
    """Remembers the ids of notifications, and how often it was asked."""

    def __init__(self, path: Path | None) -> None:
        super().__init__(path)
        self.notifications: list[str] = []
        self.calls: list[tuple[str, str]] = []

    async def insert_many(self, collection: Collection, documents: Sequence[Document]) -> set[str]:
        self.calls.append(("insert_many", collection.name))
        new = await super().insert_many(collection, documents)
        if collection == NOTIFICATIONS:
            self.notifications += sorted(new)
        return new

    async def get_many(self, collection: Collection, ids: Sequence[str]) -> dict[str, Document]:
        self.calls.append(("get_many", collection.name))
        return await super().get_many(collection, ids)

    async def get_portion(
        self, collection: Collection, ids: Sequence[str], most_bytes: int, only: tuple[str, ...] = ()
    ) -> tuple[dict[str, Document], list[str]]:
        self.calls.append(("get_many", collection.name))
        return await super().get_portion(collection, ids, most_bytes, only)


class Bench:
    """One worker of notify. Several on the same ``store`` are several processes."""

    def __init__(
        self, store: WatchedStore, *, publisher: Publisher | None = None, clock: Clock | None = None, **settings: Any
    ) -> None:
        self.store = store
        self.recorded = RecordingPublisher()
        self.clock = clock or Clock()
        self.settings = Settings(
            **{
                "poll": timedelta(milliseconds=1),
                "lease": LEASE,
                "portal_url": "https://portal.example",
                "mail_window": timedelta(0),
                **settings,
            }
        )
        resources = Resources(store, publisher or self.recorded, DATA, self.clock, self.clock.steady)
        self.service: Service = build(resources, self.settings)
        self.notifications = Notifications(resources)
        self.contacts = Contacts(resources)

    async def consume(self, events: Sequence[Received]) -> None:
        (consumer,) = self.service.consumers
        assert await consumer.handle(events) == []

    async def send(self) -> None:
        await self.repeat("send-mail")

    async def repeat(self, name: str) -> None:
        (periodic,) = (it for it in self.service.periodic if it.name == name)
        await periodic.run()

    async def enter(self, organisation: str, person: str, **changes: Any) -> None:
        values: dict[str, Any] = {
            "person": person,
            "name": f"{person.title()} Muster",
            "email": f"{person}@{organisation}.example",
            "changed_at": self.clock(),
            **changes,
        }

        def put(book: AddressBook) -> None:
            book.put(Contact(**values))

        await self.contacts.change(organisation, f"Stelle {organisation}", put)

    async def all(self) -> list[Notification]:
        """Return every notification that was ever inserted."""
        found = await self.store.get_many(NOTIFICATIONS, self.store.notifications)
        return [self.notifications.ledger.state_of(document) for document in found.values()]

    async def mails(self) -> list[Notification]:
        return [notification for notification in await self.all() if notification.channel is DeliveryChannel.EMAIL]

    async def states(self) -> list[NotificationState]:
        return sorted(notification.state for notification in await self.mails())


async def open_store(path: Path | None = None) -> WatchedStore:
    store = WatchedStore(path)
    await store.prepare([*COLLECTIONS, WEBHOOKS, DELIVERIES, idempotency.COLLECTION])
    return store


def received(message: Message, seq: int = 1, key: str | None = None) -> Received:
    """Return a message as the bus hands it over. The same ``seq`` and key are the same event."""
    source = key or derived_id("test", "source")
    event_id = derived_id("test", source, str(seq))
    return Received(message, source, Cause(event_id, message.TYPE, source, seq), START)
