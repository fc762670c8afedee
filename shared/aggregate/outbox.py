"""The outbox of an aggregate: the events that lie in its document until the broker has acknowledged them.

The whole outbox leaves in order: an event is sent only after the one before it was acknowledged, so the first occurrences of
an aggregate's events stand on the topics in their sequence whatever fails, possibly repeated, never with a hole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from shared import failpoints
from shared.aggregate import duty
from shared.aggregate.outgoing import OutgoingEvent, Publisher
from shared.clock import now
from shared.errors import MarktplatzError, RetryableError, WriteConflictError
from shared.retry import RetryPolicy
from shared.store.contention import Contention
from shared.store.paging import portions
from shared.store.port import PORTION_BYTES, Collection, Document, Index, Query, Save, Store

OUTBOX_LIMIT = 500
OUTBOX_BYTES = 1024 * 1024
"""Bounds of one outbox: number of events, and bytes of their bodies; the events of one change always fit into an empty one."""
PAGE = 50
BARREN_PAGES = 20
_CLEANINGS = 5
_MILLISECOND = timedelta(milliseconds=1)
PENDING = Index("pending", ("pending_since",))

Position = tuple[datetime, str]

_TURNS = RetryPolicy(timedelta(milliseconds=20), timedelta(seconds=2), least=0.0)
"""Pauses of senders that overtake each other: soon longer than a send, so that one of them comes to its end alone."""
_REPUBLISHING: ContextVar[Contention | None] = ContextVar("republishing", default=None)
"""The attempts to have the last word on the topic that this task is in."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events in outboxes that are not published yet. ``since``: when the oldest of them came, None if there is none."""

    since: datetime | None
    events: int


class Outbox:
    """Publishes what lies in the outboxes of one collection's documents.

    Where a compacted topic holds full states, the ledger sets three hooks. ``on_overtaken`` gets the ids of aggregates that
    another writer has changed while their events were sent from here: a repeat sent from here may now stand behind that writer's
    newer event, and be the one that compaction keeps. ``before_repeat`` stores the duty to see to that before the relay repeats
    (``shared.aggregate.duty``). ``restated_on`` returns the topics that hold the full state of a document.
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
            message = f"collection {collection.name} lacks the index 'pending': declare it with aggregate_collection"
            raise ValueError(message)
        self.service = service
        self.collection = collection
        self.store = store
        self.publisher = publisher
        self.clock = clock
        self.on_overtaken: Callable[[Sequence[str], str], Awaitable[None]] | None = None
        self.before_repeat: Callable[[Sequence[Document], str], Awaitable[list[Document]]] | None = None
        self.restated_on: Callable[[Document], frozenset[str]] | None = None
        self._token = duty.new_token()
        self._relaying = asyncio.Lock()
        self._unsettled: set[str] = set()
        """Aggregates of which this sender could not see whether it was overtaken: the store was away when it cleaned up."""
        self._reached: Position | None = None

    async def backlog(self, limit: int = 200) -> Backlog:
        """Return what waits in the outboxes, counted in the ``limit`` documents that wait longest.

        One look into the index, which is empty but for what is on its way while the broker answers.
        """
        found = await self.store.find(self.collection, Query(PENDING.name, limit=limit, only=("pending_since", "outbox.seq")))
        documents = [document for document in found if document["outbox"]]
        since = documents[0]["pending_since"] if documents else None
        return Backlog(since, sum(len(document["outbox"]) for document in documents))

    async def relay(self, older_than: timedelta, limit: int = PAGE) -> int:
        """Publish what has been waiting in outboxes for longer than ``older_than``; return the number of events acknowledged.

        Crash recovery: safe to run anywhere and at any time, at worst events are repeated. What cannot be sent holds up nothing
        behind it: a pass goes on after it, page by page of ``limit``, until ``BARREN_PAGES`` in a row brought nothing; the next
        pass begins there. What claims to have come in the future was written by a clock that runs ahead and counts as due.
        """
        async with self._relaying:
            await self.settle()
            acknowledged = barren = 0
            begun, self._reached = self._reached, None
            async for documents in self._due(older_than, limit, begun):
                sent = await self._repeat(documents)
                acknowledged += sent
                barren = 0 if sent else barren + 1
                if barren == BARREN_PAGES:
                    self._reached = (documents[-1]["pending_since"], documents[-1]["_id"])
                    break
            return acknowledged

    async def settle(self) -> None:
        """Republish what this sender could not clean up: while it was silent, a relay may have ended its duty for it."""
        if not self._unsettled or self.on_overtaken is None:
            return
        try:
            await self.on_overtaken(sorted(self._unsettled), self._token)
        except MarktplatzError as error:
            log.warning("outbox_not_settled", collection=self.collection.name, reason=error.detail)
        else:
            self._unsettled.clear()

    async def _due(self, older_than: timedelta, limit: int, begun: Position | None) -> AsyncIterator[list[Document]]:
        """Yield pages of what is due: from the position where the last pass ended, then what lies before it."""
        present = self.clock()
        past = present - older_than
        future = max(present + _MILLISECOND, past)
        if begun is not None:
            for bounds in (Query(PENDING.name, below=past, limit=limit), Query(PENDING.name, at_least=future, limit=limit)):
                async for documents in self._pages(replace(bounds, after=begun)):
                    yield documents
        for bounds in (Query(PENDING.name, below=past, limit=limit), Query(PENDING.name, at_least=future, limit=limit)):
            async for documents in self._pages(bounds):
                earlier = [it for it in documents if begun is None or (it["pending_since"], it["_id"]) <= begun]
                if earlier:
                    yield earlier
                if len(earlier) < len(documents):
                    return

    async def _pages(self, query: Query) -> AsyncIterator[list[Document]]:
        async for portion in portions(self.store, self.collection, query, PORTION_BYTES):
            yield portion.documents

    async def _repeat(self, documents: Sequence[Document]) -> int:
        if self.before_repeat is None:
            return await self.publish(documents)
        try:
            claimed = await self.before_repeat(documents, self._token)
        except WriteConflictError as error:
            log.warning("repeat_not_claimed", collection=self.collection.name, reason=error.detail)
            return 0
        return await self.publish(claimed, self._token)

    async def publish(self, documents: Sequence[Document], token: str | None = None) -> int:
        """Publish outboxes in waves and drop the acknowledged prefix of each. Returns the number of events acknowledged.

        ``token`` is the name under which the documents hold the duty of this sender (``shared.aggregate.duty``).
        """
        acknowledged: dict[str, int] = {}
        wave = [document for document in documents if document["outbox"]]
        while wave:
            sending = [(doc, event) for doc in wave if (event := self._next(doc, acknowledged.get(doc["_id"], 0))) is not None]
            flags = await self.publisher.publish([event for _, event in sending])
            wave = [document for (document, _), acked in zip(sending, flags, strict=True) if acked]
            for document in wave:
                acknowledged[document["_id"]] = acknowledged.get(document["_id"], 0) + 1
            wave = [document for document in wave if acknowledged[document["_id"]] < len(document["outbox"])]
        # A duty that was stored with a change ends even if nothing was acknowledged; the relay keeps its own and tries again.
        ends = token is not None and token != self._token
        sent = {
            document["_id"]: (document, document["outbox"][count - 1]["seq"] if count else 0)
            for document in documents
            if (count := acknowledged.get(document["_id"], 0)) or (ends and document["outbox"])
        }
        if sent:
            try:
                await self._clean(sent, token)
            except RetryableError as error:
                # The change is stored and its events are out: the caller has succeeded. The relay sees to the rest.
                log.warning("outbox_not_cleaned", collection=self.collection.name, reason=error.detail)
                if token is not None:
                    self._unsettled |= sent.keys()
        return sum(acknowledged.values())

    def _next(self, document: Document, place: int) -> OutgoingEvent | None:
        """Return an entry of a document's outbox as the event that it is; None for one that nobody can read.

        It holds up what lies behind it in this outbox, and nothing in others.
        """
        try:
            return OutgoingEvent.of_entry(self.service, document["_id"], document["outbox"][place])
        except (KeyError, TypeError) as error:
            log.error("outbox_unreadable", collection=self.collection.name, id=document["_id"], error=repr(error)[:200])  # noqa: TRY400
            return None

    async def _clean(self, sent: Mapping[str, tuple[Document, int]], token: str | None) -> None:
        """Drop what was sent. ``sent`` holds the documents as they were when sent, and the last number acknowledged of each.

        The revision stays: a writer is never disturbed. If a writer was faster, the events are sent again, and ``on_overtaken``
        gets the ids. A document that only another sender has touched is cleaned as it is now, unless that one has dropped what
        was sent from here and not acknowledged: that may stand behind all that it has sent.
        """
        overtaken: dict[str, Document] = {}
        present = {document_id: document for document_id, (document, _) in sent.items()}
        for _ in range(_CLEANINGS):
            saves = [
                Save(duty.cleaned(document, sent[document_id][1], token), expected_rev=document["rev"])
                for document_id, document in present.items()
            ]
            failpoints.passing("store.clean", "before")
            missed = await self.store.save_many(self.collection, saves)
            failpoints.passing("store.clean", "after")
            if not missed or token is None:
                return
            found = await self.store.get_many(self.collection, sorted(missed))
            present = {document_id: it for document_id, it in found.items() if not _overtaken(*sent[document_id], it)}
            overtaken |= {document_id: it for document_id, it in found.items() if document_id not in present}
            if not present:
                break
        # Those that others kept touching go the same way: republishing once too often does no harm.
        overtaken |= present
        if overtaken and token is not None:
            await self._make_good({document_id: it["seq"] for document_id, it in overtaken.items()}, token)

    async def _make_good(self, overtaken: Mapping[str, int], token: str) -> None:
        """Have the newest state republished of those in which nobody else is about to.

        ``overtaken`` holds the last number of each once all was sent from here. Several senders overtake each other by
        republishing, and without end if they work evenly. So each waits a while, longer each time in a row; what was stored
        meanwhile is sent behind all that was sent from here, and whoever stored it has the duty now.
        Raises WriteConflictError when it was often enough for now: ``settle``.
        """
        if self.on_overtaken is None:
            return
        contention = _REPUBLISHING.get() or Contention(self.collection.name, policy=_TURNS)
        outer = _REPUBLISHING.set(contention)
        try:
            await contention.overtaken(", ".join(overtaken), sorted(overtaken))
            present = await self.store.get_many(self.collection, sorted(overtaken))
            ends = [
                Save(duty.cleaned(it, 0, token), expected_rev=it["rev"])
                for it in present.values()
                if self._is_superseded(it, overtaken[it["_id"]])
            ]
            if ends:
                # A duty that cannot be ended now is found by the relay.
                await self.store.save_many(self.collection, ends)
            if rest := sorted(overtaken.keys() - {it.document["_id"] for it in ends}):
                await self.on_overtaken(rest, token)
        finally:
            _REPUBLISHING.reset(outer)

    def _is_superseded(self, present: Document, last: int) -> bool:
        """Return whether newer states wait behind the number ``last``, one on each topic that holds full states."""
        newer = {entry["topic"] for entry in present["outbox"] if entry["seq"] > last}
        return bool(newer) and self.restated_on is not None and self.restated_on(present) <= newer


def _overtaken(sent: Document, acknowledged: int, present: Document) -> bool:
    """Return whether a repeat of what was ``sent`` may stand behind what others have sent since: it must be made good."""
    unheard = next((entry["seq"] for entry in sent["outbox"] if entry["seq"] > acknowledged), None)
    waiting = {entry["seq"] for entry in present["outbox"]}
    return present["seq"] != sent["seq"] or (unheard is not None and unheard not in waiting)
