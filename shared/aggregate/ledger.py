"""One document, one write: state, deduplication and events of an aggregate are saved together, then published.

A ``Change`` names an aggregate and a pure decision. The ledger loads the documents of a whole batch at once, takes the
decisions, saves under the revision and has the outboxes published (``shared.aggregate.outbox``). What a crash leaves behind, the
outbox's ``relay`` publishes. HTTP uses the same path with a batch of one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

import structlog

from shared.aggregate import duty
from shared.aggregate.base import Aggregate
from shared.aggregate.change import Cause, Change, Effect, Result
from shared.aggregate.condition import Condition
from shared.aggregate.outbox import OUTBOX_BYTES, OUTBOX_LIMIT, PENDING, Outbox
from shared.aggregate.outgoing import OutgoingEvent, Publisher
from shared.clock import now
from shared.errors import (
    AggregateTooLargeError,
    ForbiddenError,
    NotFoundError,
    OutboxFullError,
    OutcomeUnknownError,
    RejectedError,
    SequenceJumpError,
)
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.open_enum import READING
from shared.store.contention import Contention
from shared.store.port import PORTION_BYTES, Collection, Document, Index, Save, Store
from shared.topics import topic_of
from shared.tracing import context, spans
from shared.tracing.spans import Kind, Span

S = TypeVar("S", bound=Aggregate)

UNLISTED = ("inbox", "outbox", "refusals", "requests", "senders")
"""Fields of a document that no list shows: queries for lists leave them out (``Query.without``)."""
REFUSALS_KEPT = 20
REQUESTS_KEPT = 300
STATE_BYTES = 512 * 1024
"""How large the state of an aggregate may grow, as JSON: a batch of hundreds fits into memory, a full state into a record."""
LARGEST_JUMP = 1_000_000
"""How far the number of an event may lie beyond the last one of its source or the epoch: an aggregate counts over all topics."""
SMALL_STEP_BYTES = 8 * 1024
STATE_BYTES_FOR_SMALL_STEPS = 640 * 1024
STATE_BYTES_FOR_EVENTS = 768 * 1024
_MECHANICS = ("_id", "rev", "seq", "inbox", "outbox", "pending_since", "refusals", "requests", "senders", "repeats")

log = structlog.get_logger()


@dataclass(slots=True)
class _Record(Generic[S]):
    id: str
    rev: int = 0
    seq: int = 0
    state: S | None = None
    inbox: dict[str, int] = field(default_factory=dict)
    outbox: list[Document] = field(default_factory=list)
    pending_since: datetime | None = None
    refusals: list[Document] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    senders: list[Document] = field(default_factory=list)
    repeats: int = 0
    kept: Document = field(default_factory=dict)
    changed: bool = False

    def document(self) -> Document:
        assert self.state is not None  # noqa: S101 - for the type checker: only a decided record becomes a document
        document: Document = {**self.kept, **self.state.model_dump(exclude={"id"})}
        document["_id"] = self.id
        document["rev"] = self.rev
        document["seq"] = self.seq
        document["inbox"] = self.inbox
        document["outbox"] = self.outbox
        document["pending_since"] = self.pending_since
        document["refusals"] = self.refusals
        document["requests"] = self.requests
        if self.senders:
            document["senders"] = self.senders
        if self.repeats:
            document["repeats"] = self.repeats
        return document

    @property
    def revision(self) -> int:
        """The revision that callers know."""
        return self.rev - self.repeats


class Ledger(Generic[S]):
    """All aggregates of one type: loads, decides, saves, publishes.

    ``restate`` returns the event that republishes an aggregate's full state; needed where a compacted topic holds that state.
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
    ) -> None:
        if taken := sorted({*_MECHANICS} & {*state_type.model_fields}):
            message = f"{state_type.__name__} names fields as the ledger names its own: {', '.join(taken)}"
            raise ValueError(message)
        self.service = service
        self.state_type = state_type
        self.collection = collection
        self.store = store
        self.clock = clock
        self.outbox = Outbox(service=service, collection=collection, store=store, publisher=publisher, clock=clock)
        indexed = (name for index in collection.indexes for name in index.fields)
        self._own = {*_MECHANICS, *state_type.model_fields, *state_type.model_computed_fields, *indexed}
        self._restate = restate
        if restate is not None:
            self.outbox.on_overtaken = self._say_newest
            self.outbox.before_repeat = self._claim
        self.left_behind = duty.LeftBehind(clock)

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

    def revision_of(self, document: Document) -> int:
        """Return the revision of a stored document as callers know it: what only senders changed does not count."""
        revision: int = document["rev"] - document.get("repeats", 0)
        return revision

    def state_of(self, document: Document) -> S:
        """Return the state held in a stored document."""
        fields = {name: value for name, value in document.items() if name not in _MECHANICS}
        return self.state_type.model_validate({**fields, "id": document["_id"]}, extra="ignore", context=READING)

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

        Raises StoreUnavailableError, WriteConflictError or OutboxFullError: repeat the whole batch then; what was applied is
        recognised by its cause.
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
            records: list[_Record[S]] = []
            for aggregate_id in waiting:
                if aggregate_id in unread:
                    continue
                record, found = self._decide(aggregate_id, documents.get(aggregate_id), changes, groups[aggregate_id], condition)
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
        return [results[position] for position in range(len(changes))]

    async def _save(
        self, records: Sequence[_Record[S]], token: str | None, fulfilled: str | None
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
        record = self._record(document["_id"], document)
        senders = found.alive
        if found.restate:
            assert record.state is not None  # noqa: S101 - for the type checker: it was made from a document
            try:
                self._append(record, Change(record.id, _unchanged), restate(record.state))
            except OutboxFullError:
                senders = [sender for sender in record.senders if sender["id"] != token]
        if record.outbox:
            senders = [*senders, duty.taken(token, record.outbox)]
        changed = {"rev": record.rev + 1, "repeats": record.repeats + 1, "seq": record.seq, "outbox": record.outbox}
        return Save(duty.with_senders({**document, **changed}, senders), expected_rev=record.rev)

    async def _say_newest(self, ids: Sequence[str], token: str) -> None:
        """Republish full state so that compaction keeps the newest record."""
        restate = self._restate
        assert restate is not None  # noqa: S101 - called only if there is one

        def decide(state: S | None) -> tuple[S, Sequence[Message]]:
            if state is None:
                raise NotFoundError("The aggregate is gone.")
            return state, restate(state)

        await self._apply([Change(aggregate_id, decide) for aggregate_id in ids], None, fulfilled=token)

    def _trace(self, changes: Sequence[Change[S]], results: dict[int, Result[S]], began: int) -> None:
        """Record one PRODUCER span per event, from decision to acknowledgement or to the hand-over to the relay."""
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

    def _decide(
        self,
        aggregate_id: str,
        document: Document | None,
        changes: Sequence[Change[S]],
        positions: Sequence[int],
        condition: Condition | None,
    ) -> tuple[_Record[S], dict[int, Result[S]]]:
        record = self._record(aggregate_id, document)
        accepted: list[Change[S]] = []
        results: dict[int, Result[S]] = {}
        for position in positions:
            change = changes[position]
            cause = change.cause
            if change.settled:
                results[position] = self._settled(change, record)
                continue
            if change.request in record.requests or (cause is not None and cause.seq <= record.inbox.get(cause.source, 0)):
                results[position] = Result(aggregate_id, Effect.DUPLICATE, record.state, record.revision)
                continue
            if cause is not None and (jump := self._jump(record, cause)) is not None:
                results[position] = Result(aggregate_id, Effect.REFUSED, record.state, record.revision, error=jump)
                continue
            try:
                _refuse_forgotten(change, record.requests)
                state, messages = self._decision(change, record, condition)
                self._refuse_too_large(change, document, state)
            except RejectedError as error:
                record.state = self._replay(document, accepted)
                self._refuse(record, cause, error)
                results[position] = Result(aggregate_id, Effect.REFUSED, record.state, record.revision, error=error)
                continue
            record.state = state
            accepted.append(change)
            events = self._append(record, change, messages)
            effect = Effect.APPLIED if messages or cause is not None else Effect.UNCHANGED
            record.changed = record.changed or effect is Effect.APPLIED
            if cause is not None:
                record.inbox[cause.source] = cause.seq
            if change.request is not None and effect is Effect.APPLIED:
                record.requests = [*record.requests, change.request][-REQUESTS_KEPT:]
            results[position] = Result(aggregate_id, effect, state, record.revision, events)
        if record.changed:
            record.rev += 1
        for position, result in results.items():
            # A refused decision may have touched the object that the results before it hold.
            left = None if result.state is None else record.state
            results[position] = replace(result, state=left, rev=record.revision, exists=left is not None)
        return record, results

    def _jump(self, record: _Record[S], cause: Cause) -> SequenceJumpError | None:
        """Return the error of a number that lies further on than the events can be that this reader did not get to see.

        A source that was restored goes on from an epoch (docs/adr/0007). An epoch begins in all stores while nobody works on
        them: this store knows it, and what lies below hides nothing, since whoever was restored counts from above.
        """
        reached = record.inbox.get(cause.source, 0)
        if cause.seq <= max(reached, self.sequence_base) + LARGEST_JUMP:
            return None
        return SequenceJumpError(
            f"{cause.source} has reached {reached} here, this store the epoch {self.sequence_base}, "
            f"and this event claims {cause.seq}.",
            id=record.id,
        )

    def _settled(self, change: Change[S], record: _Record[S]) -> Result[S]:
        """Ask the decision whether the caller may still see and do this; whatever else it decides was answered before."""
        error: RejectedError | None = None
        try:
            change.decide(None if record.state is None else record.state.model_copy(deep=True))
        except RejectedError as refusal:
            if record.state is None or isinstance(refusal, (NotFoundError, ForbiddenError)):
                error = refusal
        if record.state is None and error is None:
            error = NotFoundError("What the first request with this key made is gone.", id=record.id)
        effect = Effect.DUPLICATE if error is None else Effect.REFUSED
        return Result(record.id, effect, record.state, record.revision, error=error)

    def _decision(self, change: Change[S], record: _Record[S], condition: Condition | None) -> tuple[S, Sequence[Message]]:
        """Return the decision if the caller's condition holds.

        That the caller may not see or do this is answered first: the revision of what is hidden is hidden too.
        """
        revision = None if record.state is None else record.revision
        stale = condition is not None and not condition.holds(revision)
        try:
            decision = change.decide(record.state)
        except RejectedError as error:
            if not stale or isinstance(error, (NotFoundError, ForbiddenError)):
                raise
        if condition is not None:
            condition.require(record.id, revision)
        return decision

    def _refuse_too_large(self, change: Change[S], document: Document | None, state: S) -> None:
        """Refuse to let a state grow beyond its bound. Whoever has filled it has not blocked the others: small steps have room.

        More is left for events of other services. Raises AggregateTooLargeError.
        """
        size = len(state.model_dump_json().encode())
        if size <= STATE_BYTES:
            return
        before = 0 if document is None else len(self.state_of(document).model_dump_json().encode())
        limit = STATE_BYTES
        if change.cause is not None:
            limit = STATE_BYTES_FOR_EVENTS
        elif size - before <= SMALL_STEP_BYTES:
            limit = STATE_BYTES_FOR_SMALL_STEPS
        if before < size > limit:
            raise AggregateTooLargeError(
                f"{change.id} would hold {size} bytes, and {limit} is the most. Shorten what it holds, or say less.",
                id=change.id,
                bytes=size,
                limit=limit,
            )

    def _record(self, aggregate_id: str, document: Document | None) -> _Record[S]:
        if document is None:
            return _Record(aggregate_id, seq=self.sequence_base)
        return _Record(
            id=aggregate_id,
            rev=document["rev"],
            seq=document["seq"],
            state=self.state_of(document),
            inbox=document["inbox"],
            outbox=document["outbox"],
            pending_since=document["pending_since"],
            refusals=document["refusals"],
            requests=document.get("requests", []),
            senders=list(document.get("senders", ())),
            repeats=document.get("repeats", 0),
            kept={name: document[name] for name in document.keys() - self._own},
        )

    def _replay(self, document: Document | None, accepted: Iterable[Change[S]]) -> S | None:
        """Return the state that a refused decision may have touched, rebuilt from the document."""
        state = None if document is None else self.state_of(document)
        for change in accepted:
            state, _ = change.decide(state)
        return state

    def _refuse(self, record: _Record[S], cause: Cause | None, error: RejectedError) -> None:
        """Keep the refusal of an event on the aggregate, where its owner can see it."""
        if cause is None or record.state is None:
            return
        refusal = {"code": error.code, "detail": error.detail, "event_id": cause.event_id, "type": cause.type, "at": self.clock()}
        record.refusals = [*record.refusals, refusal][-REFUSALS_KEPT:]
        record.inbox[cause.source] = cause.seq
        record.changed = True

    def _append(self, record: _Record[S], change: Change[S], messages: Sequence[Message]) -> tuple[OutgoingEvent, ...]:
        if not messages:
            return ()
        if len(record.outbox) + len(messages) > OUTBOX_LIMIT:
            raise OutboxFullError(
                f"{record.id} holds {len(record.outbox)} events that could not be published yet.",
                id=record.id,
                waiting=len(record.outbox),
            )
        bodies = [message.model_dump_json(exclude_none=True) for message in messages]
        waiting = sum(len(entry["data"].encode()) for entry in record.outbox)
        if record.outbox and waiting + sum(len(body.encode()) for body in bodies) > OUTBOX_BYTES:
            raise OutboxFullError(
                f"{record.id} holds {waiting} bytes of events that could not be published yet.",
                id=record.id,
                waiting=len(record.outbox),
                bytes=waiting,
            )
        cause = change.cause
        time = self.clock()
        parent = (cause.traceparent if cause else None) or context.traceparent.get()
        correlation = (
            change.correlation_id or (cause.correlation_id if cause else None) or context.correlation_id.get() or record.id
        )
        events: list[OutgoingEvent] = []
        for message, body in zip(messages, bodies, strict=True):
            record.seq += 1
            entry: Document = {
                "seq": record.seq,
                "id": derived_id("event", self.service, self.collection.name, record.id, str(record.seq)),
                "topic": topic_of(message).name,
                "type": message.TYPE,
                "time": time,
                "data": body,
                "traceparent": context.child_traceparent(parent),
                "correlation_id": correlation,
            }
            record.outbox.append(entry)
            events.append(self.outbox.outgoing(record.id, entry))
        record.pending_since = record.pending_since or time
        return tuple(events)

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


def _refuse_forgotten(change: Change[Any], requests: Sequence[str]) -> None:
    """Refuse to change what the request may have changed before, when its name could have been forgotten since."""
    if change.repeat and len(requests) >= REQUESTS_KEPT:
        raise OutcomeUnknownError(
            "An earlier request with this Idempotency-Key got no answer, and so much has happened since that its effect is not "
            "known any more. Read the resource; if the change is still wanted, ask for it with a new key.",
            id=change.id,
        )


def aggregate_collection(name: str, *indexes: Index) -> Collection:
    """Declare the collection of an aggregate, with the index by which the relay finds unpublished events."""
    return Collection(name, (PENDING, *indexes))
