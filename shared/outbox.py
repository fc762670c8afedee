"""The outbox of an aggregate: the events that lie in its document until the broker has acknowledged them.

The whole outbox leaves in order: an event is sent only after the one before it was acknowledged, so the first occurrences of
an aggregate's events stand on the topics in their sequence whatever fails, possibly repeated, never with a hole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import structlog

from shared import failpoints
from shared.clock import now
from shared.errors import RetryableError
from shared.outgoing import OutgoingEvent, Publisher
from shared.store.port import Collection, Document, Index, Query, Save, Store

OUTBOX_LIMIT = 500
_ENTRY = tuple(field.name for field in fields(OutgoingEvent) if field.name not in ("key", "source"))
PENDING = Index("pending", ("pending_since",))

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events in outboxes that are not published yet. ``since``: when the oldest of them came, None if there is none."""

    since: datetime | None
    events: int


class Outbox:
    """Publishes what lies in the outboxes of one collection's documents.

    ``on_overtaken`` is told of aggregates that another writer has changed while their events were sent from here: a repeat sent
    from here may now stand behind that writer's newer event, and be the one that a compacted topic keeps.
    """

    def __init__(
        self,
        *,
        service: str,
        collection: Collection,
        store: Store,
        publisher: Publisher,
        clock: Callable[[], datetime] = now,
    ) -> None:
        if PENDING not in collection.indexes:
            message = (
                f"collection {collection.name} lacks the index 'pending': declare it with shared.ledger.aggregate_collection"
            )
            raise ValueError(message)
        self.service = service
        self.collection = collection
        self.store = store
        self.publisher = publisher
        self.clock = clock
        self.on_overtaken: Callable[[Sequence[str]], Awaitable[None]] | None = None

    async def backlog(self, limit: int = 200) -> Backlog:
        """Return what waits in the outboxes, counted in the ``limit`` documents that wait longest.

        One look into the index, which is empty but for what is on its way while the broker answers.
        """
        documents = await self.store.find(self.collection, Query(PENDING.name, limit=limit))
        since = documents[0]["pending_since"] if documents else None
        return Backlog(since, sum(len(document["outbox"]) for document in documents))

    async def relay(self, older_than: timedelta, limit: int = 200) -> int:
        """Publish what has been waiting in outboxes for longer than ``older_than``; return the number of events acknowledged.

        Crash recovery: safe to run anywhere and at any time, at worst events are repeated.
        """
        query = Query(PENDING.name, below=self.clock() - older_than, limit=limit)
        documents = await self.store.find(self.collection, query)
        return await self.publish(documents)

    async def publish(self, documents: Sequence[Document]) -> int:
        """Publish outboxes in waves and drop the acknowledged prefix of each. Returns the number of events acknowledged."""
        acknowledged: dict[str, int] = {}
        wave = [document for document in documents if document["outbox"]]
        while wave:
            events = [self.outgoing(doc["_id"], doc["outbox"][acknowledged.get(doc["_id"], 0)]) for doc in wave]
            flags = await self.publisher.publish(events)
            wave = [document for document, acked in zip(wave, flags, strict=True) if acked]
            for document in wave:
                acknowledged[document["_id"]] = acknowledged.get(document["_id"], 0) + 1
            wave = [document for document in wave if acknowledged[document["_id"]] < len(document["outbox"])]
        cleaned: list[Save] = []
        for document in documents:
            count = acknowledged.get(document["_id"], 0)
            if not count:
                continue
            document["outbox"] = document["outbox"][count:]
            if not document["outbox"]:
                document["pending_since"] = None
            # The revision stays: a writer is never disturbed. If a writer was faster, the events are sent again.
            cleaned.append(Save(document, expected_rev=document["rev"]))
        if cleaned:
            await self._clean(cleaned)
        return sum(acknowledged.values())

    async def _clean(self, cleaned: Sequence[Save]) -> None:
        failpoints.passing("store.clean", "before")
        try:
            overtaken = await self.store.save_many(self.collection, cleaned)
        except RetryableError as error:
            # The change is stored and its events are out: the caller has succeeded. The relay sends them again.
            log.warning("outbox_not_cleaned", collection=self.collection.name, reason=error.detail)
            return
        failpoints.passing("store.clean", "after")
        if overtaken and self.on_overtaken is not None:
            await self.on_overtaken(sorted(overtaken))

    def outgoing(self, aggregate_id: str, entry: Document) -> OutgoingEvent:
        """Return an entry of an outbox as the event that it is."""
        known = {name: entry[name] for name in _ENTRY}
        return OutgoingEvent(key=aggregate_id, source=f"/{self.service}", **known)
