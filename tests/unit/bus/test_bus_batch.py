"""A batch sorts its records: handled, passed over, dead; and knows when too many are dead in a row."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import structlog

from shared.bus.consume.batch import AbandonedError, Backoff, Batch, StoppedError, until_sent
from shared.bus.dead_letters.replay import Replay
from shared.bus.envelope import encode
from shared.bus.handling import Consumer, Received, Rejection
from shared.bus.record import Headers
from shared.errors import StoreUnavailableError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.catalog import OfferingRemoved
from shared.messages.notify import NotificationDelivered, NotificationFailed
from shared.process.logs import configure_logs
from shared.retry import RetryPolicy
from shared.topics import DELIVERIES, OFFERINGS, VERDICTS, Topic
from tests.unit.bus.test_bus_envelope import EVENT

QUICK = RetryPolicy(timedelta(milliseconds=1), timedelta(milliseconds=2))


@dataclass(frozen=True)
class Record:
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    topic: str = DELIVERIES.name
    partition: int = 0


def record(offset: int, *, value: bytes | None = None, **changes: bytes) -> Record:
    raw = encode(replace(EVENT, seq=offset + 1, id=derived_id("event", str(offset))))
    headers = tuple((name, changes.get(name.replace("-", "_"), content)) for name, content in raw.headers)
    return Record(offset, raw.key, raw.value if value is None else value, headers)


def passed_over(offset: int) -> Record:
    return record(offset, ce_type=NotificationDelivered.TYPE.encode())


Handle = Callable[[Sequence[Received]], Awaitable[Sequence[Rejection]]]


def batch(
    handle: Handle,
    *,
    run: int = 0,
    limit: int = 20,
    interrupted: asyncio.Event | None = None,
    topics: Sequence[Topic] = (DELIVERIES,),
    handles: type[Message] = NotificationFailed,
) -> Batch:
    event = interrupted or asyncio.Event()

    def backoff() -> Backoff:
        return Backoff(event, lambda _: None, QUICK)

    consumer = Consumer("group", frozenset({handles}), handle)
    return Batch(consumer, topics=topics, backoff=backoff, runs={DELIVERIES.name: run}, limit=limit)


async def accept(_: Sequence[Received]) -> Sequence[Rejection]:
    return ()


async def test_a_success_ends_a_row_of_dead_letters() -> None:
    outcome = await batch(accept, run=19).process([record(0), record(1, value=b"{")])
    assert (outcome.handled, outcome.runs, len(outcome.dead)) == (1, {DELIVERIES.name: 1}, 1)


async def test_the_row_goes_on_over_batches_and_stops_at_its_limit() -> None:
    outcome = await batch(accept, run=18).process([record(0, value=b"{")])
    assert outcome.runs == {DELIVERIES.name: 19}
    with pytest.raises(StoppedError):
        await batch(accept, run=19).process([record(0, value=b"{")])


async def test_a_record_that_is_passed_over_ends_a_row_of_dead_letters() -> None:
    poison = [record(number, value=b"{") for number in range(19)]
    outcome = await batch(accept).process([*poison, passed_over(19), *poison, passed_over(20), record(21, value=b"{")])
    assert (outcome.handled, outcome.passed, len(outcome.dead)) == (0, 2, 39)
    assert outcome.runs == {DELIVERIES.name: 1}


async def test_a_record_that_is_passed_over_ends_a_row_of_failures_one_by_one() -> None:
    async def fail(_: Sequence[Received]) -> Sequence[Rejection]:
        raise KeyError("bug")

    outcome = await batch(fail, limit=2).process([record(0), passed_over(1), record(2), passed_over(3), record(4)])
    assert (outcome.passed, len(outcome.dead), outcome.runs) == (2, 3, {DELIVERIES.name: 1})


async def test_rows_of_dead_letters_are_counted_for_each_topic() -> None:
    elsewhere = replace(DELIVERIES, name="test.v1")
    mixed = [replace(record(number, value=b"{"), topic=name) for number in range(19) for name in (DELIVERIES.name, "test.v1")]
    outcome = await batch(accept, topics=(DELIVERIES, elsewhere)).process(mixed)
    assert outcome.runs == {DELIVERIES.name: 19, "test.v1": 19}
    good_elsewhere = replace(record(0), topic="test.v1")
    with pytest.raises(StoppedError):
        await batch(accept, run=19, topics=(DELIVERIES, elsewhere)).process([good_elsewhere, record(1, value=b"{")])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"ce_type": b"notify.notification.read.v2"}, None),
        ({"ce_source": b"notify"}, None),
        ({"ce_source": b"/catalog"}, "foreign_source"),
        ({"ce_type": b"notify.notification.read.v2", "ce_source": b"/catalog"}, "foreign_source"),
        ({"ce_type": b"catalog.offering.read.v2"}, "unknown_type"),
        ({"ce_type": b"notify.notification.read"}, "unknown_type"),
        ({"ce_type": b"eligibility.verdict.given.v1"}, "foreign_type"),
        ({"ce_type": b"notify.notification delivered.v1"}, "bad_type"),
        ({"ce_type": b"notify.\xff.v2"}, "bad_header"),
        ({"content_type": b"application/xml"}, "bad_content_type"),
        ({"content_type": b"application/cloudevents-batch+json"}, "bad_content_type"),
        ({"ce_sequence": b"0"}, "bad_sequence"),
    ],
)
async def test_only_a_sound_envelope_of_the_owner_of_the_topic_is_passed_over(
    changes: dict[str, bytes], code: str | None
) -> None:
    outcome = await batch(accept).process([record(0, **{"ce_type": NotificationDelivered.TYPE.encode(), **changes})])
    assert [found for _, found, _ in outcome.dead] == ([] if code is None else [code])
    assert (outcome.handled, outcome.passed) == (0, 0 if code else 1)


@pytest.mark.parametrize("name", ["ce_type", "CE_TYPE", "ce_id", "content-type"])
async def test_a_header_that_stands_twice_is_never_passed_over(name: str) -> None:
    twice = passed_over(0)
    twice = replace(twice, headers=(*twice.headers, (name, NotificationFailed.TYPE.encode())))
    outcome = await batch(accept).process([twice])
    assert [code for _, code, _ in outcome.dead] == ["duplicate_header"]


async def test_structured_mode_with_the_type_header_of_another_is_never_passed_over() -> None:
    raw = encode(EVENT)
    document = {"specversion": "1.0", "id": EVENT.id, "source": "/notify", "type": EVENT.type, "time": "2026-03-02T09:30:00Z"}
    body = json.dumps({**document, "sequence": "1", "data": json.loads(EVENT.body)}).encode()
    kind = ("content-type", b"application/cloudevents+json")
    plain = Record(0, raw.key, body, (kind,))
    disguised = Record(1, raw.key, body, (("ce_type", NotificationDelivered.TYPE.encode()), kind))
    outcome = await batch(accept).process([plain, disguised])
    assert (outcome.handled, outcome.passed) == (1, 0)
    assert [(dead.offset, code) for dead, code, _ in outcome.dead] == [(1, "bad_header")]


async def test_no_command_is_passed_over() -> None:
    commands = replace(DELIVERIES, commands=True)
    outcome = await batch(accept, topics=(commands,)).process([record(0, ce_type=b"notify.notification.read.v2")])
    assert [code for _, code, _ in outcome.dead] == ["unknown_type"]


def replayed(original: Record) -> Replay:
    return Replay(original.topic, 0, original.offset, original.key, original.value, original.headers, 0)


async def test_a_replay_is_judged_by_the_topic_where_it_stood_and_is_in_no_row() -> None:
    again = [replayed(record(number, value=b"{")) for number in range(30)]
    outcome = await batch(accept, run=19).process([*again, replayed(record(30)), replayed(record(31, ce_source=b"/catalog"))])
    assert (outcome.handled, len(outcome.dead), outcome.runs) == (1, 31, {DELIVERIES.name: 19})
    assert (outcome.dead[-1][1], outcome.dead[-1][0].topic) == ("foreign_source", DELIVERIES.name)


async def test_a_record_of_a_topic_that_the_group_does_not_read_is_dead() -> None:
    outcome = await batch(accept, topics=(VERDICTS,)).process([record(0)])
    assert [code for _, code, _ in outcome.dead] == ["foreign_topic"]


async def test_rejections_are_told_apart_from_their_equal_neighbours() -> None:
    twins = [record(0), record(0)]

    async def reject_second(events: Sequence[Received]) -> Sequence[Rejection]:
        return [Rejection(events[1], "not_found", "gone")]

    outcome = await batch(reject_second).process(twins)
    assert [(dead is twins[1], code) for dead, code, _ in outcome.dead] == [(True, "not_found")]


async def test_a_retryable_error_repeats_the_whole_batch() -> None:
    calls: list[int] = []

    async def third_time(events: Sequence[Received]) -> Sequence[Rejection]:
        calls.append(len(events))
        if len(calls) < 3:
            raise StoreUnavailableError("away")
        return ()

    outcome = await batch(third_time).process([record(0), record(1)])
    assert calls == [2, 2, 2]
    assert outcome.handled == 2


async def test_another_error_repeats_events_one_by_one_and_buries_those_that_fail_again() -> None:
    calls: list[list[int]] = []

    async def second_fails(events: Sequence[Received]) -> Sequence[Rejection]:
        calls.append([event.cause.seq for event in events])
        if any(event.cause.seq == 2 for event in events):
            raise KeyError("bug")
        return ()

    outcome = await batch(second_fails).process([record(0), record(1), record(2)])
    assert calls == [[1, 2, 3], [1], [2], [3]]
    assert [(dead.offset, code) for dead, code, _ in outcome.dead] == [(1, "handler_error")]
    assert outcome.dead[0][2] == f"KeyError in {second_fails.__qualname__}"


async def test_one_by_one_stops_at_the_limit_without_touching_the_rest() -> None:
    calls: list[int] = []

    async def fail(events: Sequence[Received]) -> Sequence[Rejection]:
        calls.append(len(events))
        raise KeyError("bug")

    with pytest.raises(StoppedError):
        await batch(fail, limit=3).process([record(number) for number in range(10)])
    assert calls == [10, 1, 1, 1]


async def test_an_interruption_gives_the_batch_up_instead_of_repeating_it() -> None:
    interrupted = asyncio.Event()

    async def away(_: Sequence[Received]) -> Sequence[Rejection]:
        interrupted.set()
        raise StoreUnavailableError("away")

    with pytest.raises(AbandonedError):
        await batch(away, interrupted=interrupted).process([record(0)])


async def test_every_log_line_of_an_event_carries_its_correlation_id() -> None:
    async def second_fails(events: Sequence[Received]) -> Sequence[Rejection]:
        if any(event.cause.seq == 2 for event in events):
            raise KeyError("bug")
        return ()

    out = io.StringIO()
    before = structlog.get_config()
    configure_logs("INFO", stream=out)
    try:
        await batch(second_fails).process([record(0), record(1)])
    finally:
        structlog.configure(**before)
    lines = {line["event"]: line for line in map(json.loads, out.getvalue().splitlines())}
    assert {"event", "event_failed", "dead_letter"} <= lines.keys()
    for name in ("event", "event_failed", "dead_letter"):
        assert lines[name]["correlation_id"] == EVENT.correlation_id
    assert (lines["event"]["group"], lines["event"]["type"]) == ("group", EVENT.type)


async def test_sending_repeats_only_what_was_not_acknowledged() -> None:
    sent: list[tuple[str, ...]] = []

    async def every_second(records: Sequence[str]) -> list[bool]:
        sent.append(tuple(records))
        return [position % 2 == 0 for position in range(len(records))]

    await until_sent(every_second, ("a", "b", "c", "d"), Backoff(asyncio.Event(), lambda _: None, QUICK))
    assert sent == [("a", "b", "c", "d"), ("b", "d"), ("d",)]


def tombstone(number: int, **changes: bytes) -> Record:
    """A record without a value, of the end of an offer unless the headers are changed."""
    sound = {"ce_type": OfferingRemoved.TYPE.encode(), "ce_source": b"/catalog"}
    return replace(record(number, **{**sound, **changes}), topic=OFFERINGS.name, value=None)


async def test_a_reader_passes_over_the_tombstones_of_its_topic() -> None:
    outcome = await batch(accept, topics=(OFFERINGS,)).process([tombstone(0), tombstone(1)])
    assert (outcome.handled, outcome.passed, outcome.dead) == (0, 2, [])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ce_type": b"catalog.offering.withdrawn.v1"}, "null_value"),
        ({"ce_type": b"catalog.offering.forgotten.v1"}, "null_value"),
        ({"ce_type": b"catalog.known-service.removed.v1"}, "foreign_type"),
        ({"ce_source": b"/ordering"}, "foreign_source"),
    ],
)
async def test_a_null_value_that_is_no_tombstone_of_the_topic_is_dead(changes: dict[str, bytes], code: str) -> None:
    outcome = await batch(accept, topics=(OFFERINGS,)).process([tombstone(0, **changes)])
    assert [found for _, found, _ in outcome.dead] == [code]


async def test_a_consumer_that_handles_a_tombstone_gets_it_with_its_key() -> None:
    seen: list[Received] = []

    async def handle(events: Sequence[Received]) -> Sequence[Rejection]:
        seen.extend(events)
        return []

    outcome = await batch(handle, topics=(OFFERINGS,), handles=OfferingRemoved).process([tombstone(0)])
    assert (outcome.handled, outcome.dead) == (1, [])
    assert [(event.message, event.key) for event in seen] == [(OfferingRemoved(), EVENT.key)]
