"""Where spans are told: requests, published events, processed events, mail; each under the id that travels."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from shared.aggregate.change import Cause
from shared.aggregate.ledger import Ledger
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.consume.batch import Backoff, Batch
from shared.bus.envelope import encode
from shared.bus.handling import Consumer, Received, Rejection
from shared.errors import ConflictError
from shared.http.app import create_app
from shared.messages.notify import NotificationFailed
from shared.store.opening import open_store
from shared.store.port import Store
from shared.topics import DELIVERIES
from shared.tracing import context
from shared.tracing.spans import Kind
from tests.support.counting import COUNTERS, START, Clock, Counter, counted, increase, ledger_over, touch_and_refuse
from tests.support.http import FakeAuthenticator, FixedHealth
from tests.support.publisher import RecordingPublisher
from tests.support.spans import KeptSpans, recorded_spans

CALLER = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = open_store("sqlite:///:memory:")
    await store.prepare([COUNTERS])
    yield store
    await store.close()


@pytest.fixture
def ledger(store: Store) -> Ledger[Counter]:
    return ledger_over(store, RecordingPublisher(), Clock())


def router(seen: list[str | None]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/things/{thing_id}")
    async def thing(thing_id: str, name: str = "") -> dict[str, str]:
        seen.append(context.traceparent.get())
        if thing_id == "broken":
            raise RuntimeError("a bug")
        return {"name": name}

    return routes


async def ask(store: Store, path: str, headers: dict[str, str]) -> tuple[httpx.Response, str | None]:
    seen: list[str | None] = [None]
    app = create_app("Things", router(seen), authenticator=FakeAuthenticator({}), store=store, health=FixedHealth())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path, headers=headers), seen[-1]


async def test_a_request_is_a_server_span_below_the_caller_s(store: Store) -> None:
    with recorded_spans() as recorded:
        response, inside = await ask(store, "/v1/things/7?name=Husum", {"traceparent": CALLER})
    (span,) = recorded.spans
    assert (span.name, span.kind, span.parent, span.error) == ("GET /v1/things/{thing_id}", Kind.SERVER, CALLER, None)
    assert span.traceparent == inside == response.headers["traceparent"]
    assert span.attributes["http.response.status_code"] == 200
    assert span.began <= span.ended
    assert "Husum" not in repr(span)


@pytest.mark.slow
async def test_a_crash_is_a_span_with_the_status_as_error(store: Store) -> None:
    with recorded_spans() as recorded:
        await ask(store, "/v1/things/broken", {})
    (span,) = recorded.spans
    assert (span.parent, span.error) == (None, "500")


async def test_probes_are_no_spans(store: Store) -> None:
    with recorded_spans() as recorded:
        for path in ("/livez", "/readyz", "/metrics"):
            await ask(store, path, {})
    assert recorded.spans == []


async def test_each_event_is_a_producer_span_under_the_id_in_its_header(ledger: Ledger[Counter]) -> None:
    cause = Cause("e1", "test.source.happened.v1", "source:1", 1, traceparent=CALLER)
    with recorded_spans() as recorded:
        results = await ledger.apply([increase("a", "x", times=2, cause=cause)])
    events = results[0].events
    assert [span.traceparent for span in recorded.spans] == [event.traceparent for event in events]
    assert {(span.kind, span.parent, span.scope) for span in recorded.spans} == {(Kind.PRODUCER, CALLER, "test")}
    assert recorded.spans[0].name == f"send {NotificationFailed.TYPE}"
    assert recorded.spans[0].attributes["messaging.message.id"] == events[0].id


async def test_what_a_request_causes_is_below_the_request(ledger: Ledger[Counter]) -> None:
    token = context.traceparent.set(CALLER)
    with recorded_spans() as recorded:
        await ledger.apply_one(increase("a", "x"))
    context.traceparent.reset(token)
    assert [span.parent for span in recorded.spans] == [CALLER]


async def test_a_refused_or_repeated_change_sends_nothing(ledger: Ledger[Counter]) -> None:
    cause = Cause("e1", "test.source.happened.v1", "source:1", 1, traceparent=CALLER)
    await ledger.apply([increase("a", "x", cause=cause)])
    with recorded_spans() as recorded:
        await ledger.apply([increase("a", "x", cause=cause), touch_and_refuse("a")])
    assert recorded.spans == []


class Raw:
    """A record as the client hands it over."""

    def __init__(self, event: OutgoingEvent) -> None:
        record = encode(event)
        self.key, self.value, self.headers, self.topic = record.key, record.value, record.headers, record.topic
        self.partition, self.offset, self.timestamp = 0, event.seq, 0


def sender(seq: int) -> str:
    return f"00-{'c' * 32}-{seq:016x}-01"


def raw(seq: int) -> Raw:
    message = counted("a", seq)
    sent_by = sender(seq)
    data = message.model_dump_json(exclude_none=True)
    return Raw(
        OutgoingEvent(
            seq,
            str(uuid.UUID(int=seq)),
            "notify.delivery.v1",
            "a",
            message.TYPE,
            "/notify",
            START,
            data,
            sent_by,
            correlation_id="a",
        )
    )


async def processed(handle: Any) -> KeptSpans:
    with recorded_spans() as recorded:
        consumer = Consumer("test.group", frozenset({NotificationFailed}), handle)
        backoff = Backoff(asyncio.Event(), lambda _: None)
        await Batch(consumer, topics=(DELIVERIES,), backoff=lambda: backoff, runs={}, limit=20).process([raw(1), raw(2)])
    return recorded


async def test_each_event_of_a_batch_is_a_consumer_span_below_its_sender_s_and_above_what_it_causes() -> None:
    causes: list[str | None] = []

    async def handle(events: Sequence[Received]) -> Sequence[Rejection]:
        causes.extend(event.cause.traceparent for event in events)
        return []

    recorded = await processed(handle)
    assert [span.parent for span in recorded.spans] == [sender(1), sender(2)]
    assert [span.traceparent for span in recorded.spans] == causes
    assert {span.kind for span in recorded.spans} == {Kind.CONSUMER}
    assert {span.attributes["messaging.consumer.group.name"] for span in recorded.spans} == {"test.group"}
    assert {span.error for span in recorded.spans} == {None}


async def test_a_dead_event_is_a_span_with_the_code_as_error() -> None:
    async def handle(events: Sequence[Received]) -> Sequence[Rejection]:
        return [Rejection(event, "not_found", "a reason") for event in events if event.cause.seq == 2]

    assert [span.error for span in (await processed(handle)).spans] == [None, "not_found"]


async def test_an_event_that_breaks_its_handler_is_a_span_with_an_error_and_its_neighbour_is_not() -> None:
    async def handle(events: Sequence[Received]) -> Sequence[Rejection]:
        if any(event.cause.seq == 1 for event in events):
            raise ConflictError("a bug")
        return []

    assert [span.error for span in (await processed(handle)).spans] == ["handler_error", None]


async def test_without_tracing_a_handler_gets_the_sender_s_id_itself() -> None:
    causes: list[str | None] = []

    async def handle(events: Sequence[Received]) -> Sequence[Rejection]:
        causes.extend(event.cause.traceparent for event in events)
        return []

    consumer = Consumer("test.group", frozenset({NotificationFailed}), handle)
    backoff = Backoff(asyncio.Event(), lambda _: None)
    await Batch(consumer, topics=(DELIVERIES,), backoff=lambda: backoff, runs={}, limit=20).process([raw(1)])
    assert causes == [sender(1)]
