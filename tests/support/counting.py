"""The simplest aggregate with events: it counts, and says each number it reaches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from pydantic import Field

from shared.aggregate.base import Aggregate
from shared.aggregate.change import Cause, Change
from shared.aggregate.ledger import Ledger, aggregate_collection
from shared.aggregate.outgoing import Publisher
from shared.errors import ConflictError, NotFoundError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.notify import DeliveryChannel, NotificationFailed
from shared.store.port import Document, Store
from tests.support.publisher import RecordingPublisher

COUNTERS = aggregate_collection("counters")
START = datetime(2026, 11, 24, 8, 0, 0, 123000, tzinfo=UTC)


class Counter(Aggregate):
    """``count`` events so far; ``by`` names who asked for them, in order."""

    count: int = 0
    by: list[str] = Field(default_factory=list)

    def increase(self, who: str, times: int = 1) -> list[Message]:
        events: list[Message] = []
        for _ in range(times):
            self.count += 1
            self.by.append(who)
            events.append(counted(self.id, self.count))
        return events


def counted(counter_id: str, number: int) -> Message:
    return NotificationFailed(
        notification_id=derived_id("notification", counter_id),
        event_id=derived_id("number", counter_id, str(number)),
        event_type="counted",
        organisation="dataport",
        channel=DeliveryChannel.INBOX,
        code="counted",
        attempts=number,
        failed_at=START,
    )


def increase(counter_id: str, who: str, *, times: int = 1, cause: Cause | None = None) -> Change[Counter]:
    """Count, making the counter if there is none."""

    def decide(counter: Counter | None) -> tuple[Counter, Sequence[Message]]:
        counter = counter or Counter(id=counter_id)
        return counter, counter.increase(who, times)

    return Change(counter_id, decide, cause)


def increase_existing(counter_id: str, who: str) -> Change[Counter]:
    """Count; refused if there is no counter."""

    def decide(counter: Counter | None) -> tuple[Counter, Sequence[Message]]:
        if counter is None:
            raise NotFoundError(f"There is no counter {counter_id}.")
        return counter, counter.increase(who)

    return Change(counter_id, decide)


def look(counter_id: str) -> Change[Counter]:
    """Change nothing."""

    def decide(counter: Counter | None) -> tuple[Counter, Sequence[Message]]:
        return counter or Counter(id=counter_id), []

    return Change(counter_id, decide)


def touch_and_refuse(counter_id: str, *, cause: Cause | None = None) -> Change[Counter]:
    """Break the rule of domain methods: change the state, then refuse."""

    def decide(counter: Counter | None) -> tuple[Counter, Sequence[Message]]:
        if counter is not None:
            counter.increase("nobody")
        raise ConflictError("Not now.", code="not_now")

    return Change(counter_id, decide, cause)


def cause(source: str, seq: int) -> Cause:
    return Cause(derived_id("event", source, str(seq)), "test.source.happened.v1", source, seq, correlation_id=source)


def outbox_of(document: Document) -> list[int]:
    return [entry["seq"] for entry in document["outbox"]]


async def stored(ledger: Ledger[Counter], counter_id: str) -> Document:
    document = await ledger.store.get(COUNTERS, counter_id)
    assert document is not None
    return document


def sent(publisher: RecordingPublisher, key: str) -> list[int]:
    return [event.seq for event in publisher.events if event.key == key]


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


def ledger_over(
    store: Store,
    publisher: Publisher,
    clock: Callable[[], datetime],
    restate: Callable[[Counter], Sequence[Message]] | None = None,
) -> Ledger[Counter]:
    return Ledger(
        service="test",
        state_type=Counter,
        collection=COUNTERS,
        store=store,
        publisher=publisher,
        clock=clock,
        restate=restate,
    )
