"""The ledger: the repository of aggregates, in which state, deduplication and events are saved in one write, then published.

A ``Change`` names an aggregate and a pure decision. The ledger loads the documents of a whole batch at once, takes the
decisions, saves under the revision and has the outboxes published (``shared.aggregate.outbox``). What a crash leaves behind, the
outbox's ``relay`` publishes. HTTP uses the same path with a batch of one.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Generic, TypeVar

import structlog

from shared.aggregate import duty
from shared.aggregate.base import Aggregate
from shared.aggregate.change import Change, Result
from shared.aggregate.condition import Condition
from shared.aggregate.decisions import Decisions
from shared.aggregate.events import EventWriter, topic_name
from shared.aggregate.outbox import PENDING, Outbox
from shared.aggregate.outgoing import Publisher
from shared.aggregate.record import Record, RecordType, revision_of
from shared.clock import now
from shared.errors import (
    NotFoundError,
    OutboxFullError,
)
from shared.messages.base import Message
from shared.store.contention import Contention
from shared.store.port import PORTION_BYTES, Collection, Document, Index, Save, Store
from shared.tracing import context, spans
from shared.tracing.spans import Kind, Span

S = TypeVar("S", bound=Aggregate)

log = structlog.get_logger()


class Ledger(Generic[S]):
    """All aggregates of one type: loads, decides, saves, publishes.

    ``restate`` returns the event that republishes an aggregate's full state; needed where a compacted topic holds that state.
    With a ``journal`` each change is stored with the state that it left, until it is archived (``shared.aggregate.journal``).
    New aggregates count their events from above ``sequence_base``, the store's epoch; it is 0 unless the store was restored
    (``shared.aggregate.epochs``).
    A later version of this program may work on the same documents: fields of theirs that this one does not know are passed over
    when reading, and those of the document itself are saved as they were.
    """

    sequence_base: int = 0

    def __init__(
        self,
        *,
        service: str,
        state_type: type[S],
        collection: Collection,
        store: Store,
        publisher: Publisher,
        clock: Callable[[], datetime] = now,
        restate: Callable[[S], Sequence[Message]] | None = None,
        journal: bool = False,
    ) -> None:
        self.service = service
        self.state_type = state_type
        self.collection = collection
        self.store = store
        self.clock = clock
        self.records = RecordType(state_type, collection)
        self.outbox = Outbox(service=service, collection=collection, store=store, publisher=publisher, clock=clock)
        self._events = EventWriter(service, collection.name, clock)
        self._decisions = Decisions(self.records, self._events, clock, journal=journal)
        self._restate = restate
        if restate is not None:
            self.outbox.on_overtaken = self._republish
            self.outbox.before_repeat = self._claim
            self.outbox.restated_on = self._restated_on
        self.left_behind = duty.LeftBehind(clock)
        self.followed: Callable[[Sequence[Result[S]]], Awaitable[None]] | None = None
        """Called with the results of each batch before they are returned, for what must be in step with the aggregates."""

    async def get(self, aggregate_id: str) -> tuple[S, int] | None:
        """Return state and revision of one aggregate, or None."""
        document = await self.store.get(self.collection, aggregate_id)
        return None if document is None else (self.state_of(document), self.revision_of(document))

    async def find(self, aggregate_id: str, visible: Callable[[Document], bool]) -> tuple[S, int] | None:
        """Return state and revision of one aggregate, None if it does not exist or is not for the caller.

        ``visible`` decides on the stored document, before anything of it is read into a state: what is hidden takes the same way
        as what does not exist, and about the same time.
        """
        document = await self.store.get(self.collection, aggregate_id)
        if document is None or not visible(document):
            return None
        return self.state_of(document), self.revision_of(document)

    async def is_visible(self, aggregate_id: str, visible: Callable[[Document], bool]) -> bool:
        """Return whether an aggregate exists and is for the caller, decided as by ``find``."""
        document = await self.store.get(self.collection, aggregate_id)
        return document is not None and visible(document)

    def state_of(self, document: Document) -> S:
        """Return the state held in a stored document."""
        return self.records.state_of(document)

    def revision_of(self, document: Document) -> int:
        """Return the revision of a stored document as callers know it."""
        return revision_of(document)

    async def apply_one(self, change: Change[S], *, condition: Condition | None = None) -> Result[S]:
        """Apply one change and return its result; raise the RejectedError that refused it.

        ``condition`` refuses with PreconditionFailedError unless it holds of the aggregate (If-Match, If-None-Match).
        """
        request = context.request.get()
        if request is not None:
            name = request.next_change(change.id)
            change = replace(change, request=name, repeat=request.repeat, settled=request.settled)
        (result,) = await self._apply([change], condition)
        if result.error is not None:
            raise result.error
        return result

    async def apply(self, changes: Sequence[Change[S]]) -> list[Result[S]]:
        """Apply a batch, in order per aggregate, and return one result per change. Refusals are results, not exceptions.

        Raises StoreUnavailableError, WriteConflictError, OutboxFullError or JournalFullError: repeat the whole batch then; what
        was applied is recognised by its cause.
        """
        return await self._apply(changes, None)

    async def _apply(
        self, changes: Sequence[Change[S]], condition: Condition | None, fulfilled: str | None = None
    ) -> list[Result[S]]:
        """Apply changes. ``fulfilled`` names a sender whose duty ends with them."""
        token = None if self._restate is None else duty.new_token()
        groups: dict[str, list[int]] = {}
        for position, change in enumerate(changes):
            groups.setdefault(change.id, []).append(position)
        began = time.time_ns()
        results: dict[int, Result[S]] = {}
        waiting = list(groups)
        contention = Contention(self.collection.name)
        whole = True
        while waiting:
            documents, left = await self.store.get_portion(self.collection, waiting, PORTION_BYTES)
            whole = whole and not left
            unread = set(left)
            records: list[Record[S]] = []
            for aggregate_id in waiting:
                if aggregate_id in unread:
                    continue
                document = documents.get(aggregate_id)
                record = Record(aggregate_id, seq=self.sequence_base) if document is None else self.records.read(document)
                asked = [(position, changes[position]) for position in groups[aggregate_id]]
                found = self._decisions.decide(record, document, asked, condition, self.sequence_base)
                results.update(found if whole else {place: replace(it, state=None) for place, it in found.items()})
                records.append(record)
            written, overtaken = await self._save(records, token, fulfilled)
            await self._send(written, token)
            waiting = [*left, *overtaken]
            if overtaken:
                log.info("write_conflict", collection=self.collection.name, ids=overtaken, attempt=contention.lost + 1)
                await contention.overtaken(", ".join(overtaken), overtaken)
        if spans.enabled():
            self._trace(changes, results, began)
        ordered = [results[position] for position in range(len(changes))]
        if self.followed is not None and fulfilled is None:
            await self.followed(ordered)
        return ordered

    async def _save(
        self, records: Sequence[Record[S]], token: str | None, fulfilled: str | None
    ) -> tuple[list[Document], list[str]]:
        """Save what has changed, with the duty of this sender in it; return as ``_write``."""
        inserts: list[Document] = []
        saves: list[Save] = []
        for record in records:
            if token is not None and record.changed:
                record.senders = [sender for sender in record.senders if sender["id"] != fulfilled]
                if record.outbox:
                    record.senders.append(duty.taken(token, record.outbox))
            if record.changed and record.rev == 1:
                inserts.append(record.document())
            elif record.changed:
                saves.append(Save(record.document(), expected_rev=record.rev - 1))
        return await self._write(inserts, saves)

    async def _send(self, saved: Sequence[Document], token: str | None) -> None:
        if token is None:
            await self.outbox.publish(saved)
        else:
            await self.outbox.publish(saved, token)

    async def _claim(self, documents: Sequence[Document], token: str) -> list[Document]:
        """Store the relay's duty in documents whose outboxes it is about to repeat; return those in which it lies."""
        ready: list[Document] = []
        claims: list[Save] = []
        for document in documents:
            try:
                claim = self._duty_of_relay(document, token)
            except (KeyError, TypeError, ValueError) as error:
                # A document that nobody can read must not hold up the others.
                log.error("outbox_unreadable", collection=self.collection.name, id=document["_id"], error=repr(error)[:200])  # noqa: TRY400
                continue
            if claim is not None:
                claims.append(claim)
            elif document["outbox"]:
                ready.append(document)
        missed = await self.store.save_many(self.collection, claims) if claims else set()
        return ready + [claim.document for claim in claims if claim.document["_id"] not in missed]

    def _duty_of_relay(self, document: Document, token: str) -> Save | None:
        """Return how the relay takes a document's duty over, None if it holds it already."""
        restate = self._restate
        assert restate is not None  # noqa: S101 - called only if there is one
        found = self.left_behind.look(document, token)
        if not found.changes:
            return None
        record = self.records.read(document)
        senders = found.alive
        if found.restate:
            assert record.state is not None  # noqa: S101 - for the type checker: it was made from a document
            try:
                self._events.append(record, Change(record.id, _unchanged), restate(record.state))
            except OutboxFullError:
                senders = [sender for sender in record.senders if sender["id"] != token]
        if record.outbox:
            senders = [*senders, duty.taken(token, record.outbox)]
        changed = {"rev": record.rev + 1, "repeats": record.repeats + 1, "seq": record.seq, "outbox": record.outbox}
        return Save(duty.with_senders({**document, **changed}, senders), expected_rev=record.rev)

    def _restated_on(self, document: Document) -> frozenset[str]:
        restate = self._restate
        assert restate is not None  # noqa: S101 - called only if there is one
        return frozenset(topic_name(message) for message in restate(self.state_of(document)))

    async def _republish(self, ids: Sequence[str], token: str) -> None:
        """Republish full state so that compaction keeps the newest record."""
        restate = self._restate
        assert restate is not None  # noqa: S101 - called only if there is one

        def decide(state: S | None) -> tuple[S, Sequence[Message]]:
            if state is None:
                raise NotFoundError("The aggregate is gone.")
            return state, restate(state)

        await self._apply([Change(aggregate_id, decide) for aggregate_id in ids], None, fulfilled=token)

    def _trace(self, changes: Sequence[Change[S]], results: dict[int, Result[S]], began: int) -> None:
        """Record one PRODUCER span per event, from decision to acknowledgement, or to its being left to the relay."""
        ended = time.time_ns()
        for position, result in results.items():
            cause = changes[position].cause
            parent = (cause.traceparent if cause else None) or context.traceparent.get()
            for event in result.events:
                attributes = {
                    "messaging.system": "kafka",
                    "messaging.operation.type": "send",
                    "messaging.destination.name": event.topic,
                    "messaging.message.id": event.id,
                    "messaging.kafka.message.key": event.key,
                }
                name = f"send {event.type}"
                span = Span(name, Kind.PRODUCER, self.service, event.traceparent, parent, began, ended, attributes)
                spans.export(span)

    async def _write(self, inserts: Sequence[Document], saves: Sequence[Save]) -> tuple[list[Document], list[str]]:
        """Write and return the documents that are stored now, and the ids whose writers were overtaken."""
        written: list[Document] = []
        overtaken: list[str] = []
        if inserts:
            new = await self.store.insert_many(self.collection, inserts)
            written += [document for document in inserts if document["_id"] in new]
            overtaken += [document["_id"] for document in inserts if document["_id"] not in new]
        if saves:
            conflicts = await self.store.save_many(self.collection, saves)
            written += [save.document for save in saves if save.document["_id"] not in conflicts]
            overtaken += conflicts
        return written, overtaken


def _unchanged(state: S | None) -> tuple[S, Sequence[Message]]:
    """Decide nothing: the change of a restatement, which is made from the state as it is."""
    assert state is not None  # noqa: S101 - for the type checker: never asked without one
    return state, ()


def aggregate_collection(name: str, *indexes: Index) -> Collection:
    """Declare the collection of an aggregate, with the index by which the relay finds unpublished events."""
    return Collection(name, (PENDING, *indexes))
