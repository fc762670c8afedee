"""Decisions on one aggregate: a batch's changes in their order, each applied, recognised as a repeat or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from shared.aggregate import journal
from shared.aggregate.base import Aggregate
from shared.aggregate.change import Cause, Change, Effect, Result
from shared.aggregate.condition import Condition
from shared.aggregate.events import EventWriter
from shared.aggregate.outgoing import OutgoingEvent
from shared.aggregate.record import Record, RecordType
from shared.errors import (
    AggregateTooLargeError,
    ForbiddenError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    SequenceJumpError,
)
from shared.messages.base import Message
from shared.store.port import Document

S = TypeVar("S", bound=Aggregate)

REFUSALS_STORED = 20
REQUESTS_STORED = 300
STATE_BYTES = 512 * 1024
"""How large the state of an aggregate may grow, as JSON: a batch of hundreds fits into memory, a full state into a record."""
LARGEST_JUMP = 1_000_000
"""How far the number of an event may lie beyond the last one of its source or the epoch: an aggregate counts over all topics."""
SMALL_STEP_BYTES = 8 * 1024
STATE_BYTES_FOR_SMALL_STEPS = 640 * 1024
STATE_BYTES_FOR_EVENTS = 768 * 1024


class Decisions(Generic[S]):
    """Decides about aggregates of one type. Reads and writes no store. ``journal``: each change is written down as well."""

    def __init__(
        self, records: RecordType[S], events: EventWriter, clock: Callable[[], datetime], *, journal: bool = False
    ) -> None:
        self._records = records
        self._events = events
        self._clock = clock
        self._journal = journal

    def decide(
        self,
        record: Record[S],
        document: Document | None,
        changes: Sequence[tuple[int, Change[S]]],
        condition: Condition | None,
        sequence_base: int,
    ) -> dict[int, Result[S]]:
        """Decide on a record that was read from ``document``, and return the result of each change by its position.

        ``sequence_base`` is the number that the store's epoch begins with.
        """
        accepted: list[Change[S]] = []
        results: dict[int, Result[S]] = {}
        for position, change in changes:
            cause = change.cause
            if change.settled:
                results[position] = _settled(change, record)
                continue
            if change.request in record.requests or (cause is not None and cause.seq <= record.inbox.get(cause.source, 0)):
                results[position] = Result(record.id, Effect.DUPLICATE, record.state, record.revision)
                continue
            if cause is not None and (jump := _jump(record, cause, sequence_base)) is not None:
                results[position] = Result(record.id, Effect.REFUSED, record.state, record.revision, error=jump)
                continue
            before = self._stated(record)
            try:
                _refuse_forgotten(change, record.requests)
                state, messages = _decision(change, record, condition)
                self._refuse_too_large(change, document, state)
            except RejectedError as error:
                record.state = self._replay(document, accepted)
                self._refuse(record, cause, error)
                results[position] = Result(record.id, Effect.REFUSED, record.state, record.revision, error=error)
                continue
            record.state = state
            accepted.append(change)
            events = self._append(record, change, messages, before)
            effect = Effect.APPLIED if messages or cause is not None else Effect.UNCHANGED
            record.changed = record.changed or effect is Effect.APPLIED
            if cause is not None:
                record.inbox[cause.source] = cause.seq
            if change.request is not None and effect is Effect.APPLIED:
                record.requests = [*record.requests, change.request][-REQUESTS_STORED:]
            results[position] = Result(record.id, effect, state, record.revision, events)
        if record.changed:
            record.rev += 1
        for position, result in results.items():
            # A refused decision may have touched the object that the results before it hold.
            left = None if result.state is None else record.state
            results[position] = replace(result, state=left, rev=record.revision, exists=left is not None)
        return results

    def _stated(self, record: Record[S]) -> Document | None:
        return journal.stated(record.state) if self._journal and record.state is not None else None

    def _append(
        self, record: Record[S], change: Change[S], messages: Sequence[Message], before: Document | None
    ) -> tuple[OutgoingEvent, ...]:
        """Append the events of a change to the outbox, the change to the journal. Raises OutboxFullError, JournalFullError."""
        events = self._events.append(record, change, messages)
        if self._journal and record.state is not None and (events or change.cause is not None):
            name = events[0].id if events else self._events.next_id(record)
            kind = events[0].type if events else None
            journal.append(record, before, journal.Entry(name, kind, self._clock(), journal.stated(record.state)))
        return events

    def _refuse_too_large(self, change: Change[S], document: Document | None, state: S) -> None:
        """Refuse to let a state grow beyond its bound. Whoever has filled it has not blocked the others: small steps have room.

        More is left for what other services say. Raises AggregateTooLargeError.
        """
        size = len(state.model_dump_json().encode())
        if size <= STATE_BYTES:
            return
        before = 0 if document is None else len(self._records.state_of(document).model_dump_json().encode())
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

    def _replay(self, document: Document | None, accepted: Iterable[Change[S]]) -> S | None:
        """Return the state that a refused decision may have touched, made anew from the document."""
        state = None if document is None else self._records.state_of(document)
        for change in accepted:
            state, _ = change.decide(state)
        return state

    def _refuse(self, record: Record[S], cause: Cause | None, error: RejectedError) -> None:
        """Keep the refusal of an event on the aggregate, where its owner can see it."""
        if cause is None or record.state is None:
            return
        refusal = {
            "code": error.code,
            "detail": error.detail,
            "event_id": cause.event_id,
            "type": cause.type,
            "at": self._clock(),
        }
        record.refusals = [*record.refusals, refusal][-REFUSALS_STORED:]
        record.inbox[cause.source] = cause.seq
        record.changed = True


def _jump(record: Record[Any], cause: Cause, sequence_base: int) -> SequenceJumpError | None:
    """Return the error of a number that lies further on than the events can be that this reader did not get to see.

    A source that was restored goes on from an epoch (docs/adr/0007). An epoch begins in all stores while nobody works on
    them: this store knows it, and what lies below hides nothing, since whoever was restored counts from above.
    """
    reached = record.inbox.get(cause.source, 0)
    if cause.seq <= max(reached, sequence_base) + LARGEST_JUMP:
        return None
    return SequenceJumpError(
        f"{cause.source} has reached {reached} here, this store the epoch {sequence_base}, and this event claims {cause.seq}.",
        id=record.id,
    )


def _settled(change: Change[S], record: Record[S]) -> Result[S]:
    """Ask the decision whether the caller may still see and do this; whatever else it says was answered before."""
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


def _decision(change: Change[S], record: Record[S], condition: Condition | None) -> tuple[S, Sequence[Message]]:
    """Return the decision if the caller's condition holds.

    That the caller may not see or do this is said first: the revision of what is hidden is hidden too.
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


def _refuse_forgotten(change: Change[Any], requests: Sequence[str]) -> None:
    """Refuse to change what the request may have changed before, when its name could have been forgotten since."""
    if change.repeat and len(requests) >= REQUESTS_STORED:
        raise OutcomeUnknownError(
            "An earlier request with this Idempotency-Key got no answer, and so much has happened since that its effect is not "
            "known any more. Read the resource; if the change is still wanted, ask for it with a new key.",
            id=change.id,
        )
