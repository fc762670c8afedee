"""The change feed holds the topic's records in its order, loses none over pages and time, and proves what was read."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from services.catalog.app import build
from services.catalog.feed.changes import Feed, Waiting
from services.catalog.feed.cursor import FeedCursor, parsed
from services.catalog.settings import Settings
from shared.bus.mirror.content import Content
from shared.bus.mirror.mirror import TopicMirror
from shared.fold import entry_digest, fold_digest
from shared.http.app import create_app
from shared.http.problem import RefusedRequestError
from shared.process.service import Resources
from shared.topics import KNOWN_SERVICES, OFFERINGS
from tests.component.catalog.conftest import DATA, Clock
from tests.support.http import FakeAuthenticator, FixedHealth, client

PATH = "/v1/offerings/changes"
CHANGED, REMOVED = "catalog.offering.changed.v1", "catalog.offering.removed.v1"
AT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def mirror_of(world: Any, name: str = OFFERINGS.name) -> TopicMirror:
    (mirror,) = (mirror for mirror in world.service.mirrors if mirror.topic.name == name)
    found: TopicMirror = mirror
    return found


def filled(world: Any, partitions: int = 2, begun_at: datetime | None = None) -> Content:
    """Give the offerings' mirror an empty content, as if the topic had been read through, and return it."""
    content = Content("offering", dict.fromkeys(range(partitions), 0), begun_at or world.clock())
    mirror_of(world).content = content
    return content


def body(version: int) -> bytes:
    return json.dumps({"offering": {"version": version, "text": "ä"}}).encode()


def put(content: Content, partition: int, key: str, value: bytes | None) -> None:
    kind = REMOVED if value is None else CHANGED
    content.put(partition, content.positions[partition], key.encode(), value, kind, AT)


async def read(world: Any, cursor: str | None = None, **query: Any) -> httpx.Response:
    params = {**query} | ({} if cursor is None else {"cursor": cursor})
    answer: httpx.Response = await world.as_(None).get(PATH, params=params)
    return answer


async def page(world: Any, cursor: str | None = None, **query: Any) -> dict[str, Any]:
    answer = await read(world, cursor, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def applied(state: dict[str, tuple[int, str]], items: list[dict[str, Any]]) -> None:
    """Fold items as a reader does: digest of the state of each key, with its partition."""
    for item in items:
        if item["body"] is None:
            state.pop(item["key"], None)
        else:
            state[item["key"]] = (item["partition"], entry_digest(json.dumps(item["body"]).encode(), "offering"))


def agrees(state: Mapping[str, tuple[int, str]], checkpoint: dict[str, Any]) -> bool:
    lines = {key: digest for key, (_, digest) in state.items()}
    return checkpoint["sha256"] == fold_digest((key.encode(), digest) for key, digest in lines.items()) and all(
        part["sha256"]
        == fold_digest((key.encode(), digest) for key, (number, digest) in state.items() if number == part["partition"])
        for part in checkpoint["partitions"]
    )


async def test_a_reader_gets_the_newest_record_of_each_key_in_order_with_tombstones(world: Any) -> None:
    content = filled(world)
    put(content, 0, "a", body(1))
    put(content, 1, "b", body(1))
    put(content, 0, "c", body(1))
    put(content, 0, "a", body(2))
    put(content, 1, "b", None)
    found = await page(world)
    assert [(item["partition"], item["offset"], item["key"], item["type"]) for item in found["items"]] == [
        (0, 1, "c", CHANGED),
        (0, 2, "a", CHANGED),
        (1, 1, "b", REMOVED),
    ]
    assert [item["body"] and item["body"]["offering"]["version"] for item in found["items"]] == [1, 2, None]
    assert found["complete"] is True
    state: dict[str, tuple[int, str]] = {}
    applied(state, found["items"])
    assert agrees(state, found["checkpoint"])
    assert {part["partition"]: part["offset"] for part in found["checkpoint"]["partitions"]} == {0: 3, 1: 2}


STEPS = st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | st.integers(0, 3), st.booleans()), max_size=40)


@given(STEPS, st.integers(1, 4))
@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_is_written_between_pages_the_reader_ends_with_the_fold(
    steps: list[tuple[str, int | None, bool]], limit: int
) -> None:
    mirror = TopicMirror(OFFERINGS, "offering")
    clock = Clock()
    mirror.content = content = Content("offering", {0: 0, 1: 0, 2: 0}, clock())
    feed = Feed(mirror, Waiting(1), clock)
    state: dict[str, tuple[int, str]] = {}
    cursor: FeedCursor | None = None
    for key, version, reads in steps:
        put(content, ord(key) % 3, key, None if version is None else body(version))
        if reads:
            found = await feed.read(cursor, limit, 0)
            cursor = parsed(found.next.text(), OFFERINGS.name)
            applied(state, [json.loads(item) for item in found.items])
    while not (found := await feed.read(cursor, limit, 0)).complete or found.items:
        cursor = found.next
        applied(state, [json.loads(item) for item in found.items])
    assert found.checkpoint is not None
    assert agrees(state, found.checkpoint.model_dump(mode="json"))
    assert (found.checkpoint.sha256, dict(found.next.positions)) == (content.digest(), content.positions)


async def test_only_the_last_page_has_a_checkpoint(world: Any) -> None:
    content = filled(world)
    for number in range(5):
        put(content, number % 2, f"k{number}", body(1))
    first = await page(world, limit=2)
    assert (len(first["items"]), first["complete"], first["checkpoint"]) == (2, False, None)
    second = await page(world, first["next"], limit=2)
    third = await page(world, second["next"], limit=2)
    assert (len(third["items"]), third["complete"]) == (1, True)
    keys = [item["key"] for found in (first, second, third) for item in found["items"]]
    assert sorted(keys) == ["k0", "k1", "k2", "k3", "k4"]


async def test_a_page_is_bounded_in_bytes(world: Any) -> None:
    content = filled(world)
    for number in range(4):
        put(content, 0, f"k{number}", json.dumps({"offering": {"text": "x" * 600_000}}).encode())
    assert len((await page(world))["items"]) == 1


async def test_a_body_stands_there_byte_by_byte_and_no_json_in_base64(world: Any) -> None:
    content = filled(world)
    put(content, 0, "a", b'{"offering": {"b":1.50, "a":"\\u00e4", "later":[ ]}}')
    put(content, 0, "b", b"\xff{")
    answer = await read(world)
    assert b'"body":{"offering": {"b":1.50, "a":"\\u00e4", "later":[ ]}}' in answer.content
    assert base64.b64decode(answer.json()["items"][1]["raw"]) == b"\xff{"


async def test_a_waiting_reader_is_answered_when_something_changes(world: Any) -> None:
    content = filled(world)
    start = (await page(world))["next"]
    waiting = asyncio.create_task(page(world, start, wait=30))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    mirror_of(world)._show(content)  # moved, but nothing new: it goes on waiting
    await asyncio.sleep(0.05)
    assert not waiting.done()
    put(content, 1, "b", body(1))
    mirror_of(world)._show(content)
    async with asyncio.timeout(20):
        assert [item["key"] for item in (await waiting)["items"]] == ["b"]


async def test_after_the_wait_the_page_is_empty_or_not_modified(world: Any) -> None:
    filled(world)
    first = await read(world)
    start = first.json()["next"]
    idle = await read(world, start, wait=0.05)
    assert (idle.status_code, idle.json()["items"], idle.json()["complete"]) == (200, [], True)
    held = await world.as_(None).get(
        PATH, params={"cursor": start, "wait": 0.05}, headers={"If-None-Match": idle.headers["ETag"]}
    )
    assert (held.status_code, held.content) == (304, b"")
    world.clock.time += timedelta(hours=1)
    fresh = await world.as_(None).get(PATH, params={"cursor": start}, headers={"If-None-Match": idle.headers["ETag"]})
    assert fresh.status_code == 200
    assert parsed(fresh.json()["next"], OFFERINGS.name).made_at > parsed(start, OFFERINGS.name).made_at


async def test_no_more_than_the_allowed_requests_wait(world: Any) -> None:
    service = build(
        Resources(store=world.store, publisher=world.publisher, data_dir=DATA, clock=world.clock), Settings(feed_waiting=1)
    )
    app = create_app(
        service.title,
        service.router,
        authenticator=FakeAuthenticator(),
        store=world.store,
        health=FixedHealth(),
        clock=world.clock,
    )
    for mirror in service.mirrors:
        mirror.content = Content(mirror.member, {0: 0}, world.clock())
    start = (await client(app).get(PATH)).json()["next"]
    waiting = asyncio.create_task(client(app).get(PATH, params={"cursor": start, "wait": 30}))
    await asyncio.sleep(0.1)
    refused = await client(app).get(PATH, params={"cursor": start, "wait": 30})
    assert (refused.status_code, refused.json()["code"]) == (503, "too_many_waiting")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await client(app).get(PATH, params={"cursor": start})).status_code == 200
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(30):  # whoever is gone gives the place back
        while (await client(app).get(PATH, params={"cursor": start, "wait": 0.01})).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_cursor_older_than_the_removals_is_gone(world: Any) -> None:
    filled(world)
    start = (await page(world))["next"]
    world.clock.time += OFFERINGS.tombstone_retention - timedelta(minutes=1)
    assert (await read(world, start)).status_code == 200
    world.clock.time += timedelta(minutes=1)
    answer = await read(world, start)
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_expired")
    assert "without a cursor" in answer.json()["detail"]


async def test_a_cursor_of_a_topic_that_was_created_again_is_gone(world: Any) -> None:
    content = filled(world)
    for number in range(3):
        put(content, 0, f"k{number}", body(1))
    start = (await page(world))["next"]
    behind = filled(world)  # another process, which has read less: it began before the cursor was made
    behind.begun_at = world.clock.time - timedelta(minutes=5)
    waiting = await page(world, start)
    assert (waiting["items"], waiting["complete"], waiting["next"]) == ([], False, start)
    world.clock.time += timedelta(minutes=2)
    filled(world)
    answer = await read(world, start)
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_of_lost_topic")
    filled(world, partitions=2)
    one = FeedCursor(OFFERINGS.name, world.clock(), {7: 0}).text()
    assert (await read(world, one)).json()["code"] == "cursor_of_lost_topic"


async def test_before_the_topic_was_read_through_the_feed_asks_for_patience(world: Any) -> None:
    answer = await read(world)
    assert (answer.status_code, answer.json()["code"]) == (503, "feed_not_ready")
    assert int(answer.headers["Retry-After"]) > 0


async def test_known_services_have_a_feed_of_their_own(world: Any) -> None:
    content = mirror_of(world, KNOWN_SERVICES.name).content = Content("service", {0: 0}, world.clock())
    content.put(0, 0, b"E001", b'{"service":{"id":"E001"}}', "catalog.known-service.listed.v1", AT)
    found = (await world.as_(None).get("/v1/known-services/changes")).json()
    assert [item["body"]["service"]["id"] for item in found["items"]] == ["E001"]
    refused = await read(world, found["next"])
    filled(world)
    refused = await read(world, found["next"])
    assert (refused.status_code, refused.json()["code"]) == (400, "cursor_invalid")


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "ä",
        "a" * 9000,
        encoded([]),
        encoded({"a": 1}),
        encoded([2, OFFERINGS.name, 0, []]),
        encoded([1, OFFERINGS.name, -1, []]),
        encoded([1, OFFERINGS.name, 10**17, []]),
        encoded([1, OFFERINGS.name, 0, [[0, -1]]]),
        encoded([1, OFFERINGS.name, 0, [[0, True]]]),
        encoded([1, OFFERINGS.name, 0, [[0, "1"]]]),
        encoded([1, OFFERINGS.name, 0, [[0, 2**63]]]),
        encoded([1, OFFERINGS.name, 0, [0, 1]]),
        encoded([1, OFFERINGS.name, 0, 5]),
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(RefusedRequestError) as raised:
        parsed(text, OFFERINGS.name)
    assert (raised.value.status, raised.value.code) == (400, "cursor_invalid")
