"""The inbox: what is wanted of it, how much of it is unread, all of it marked as read, and what is too old deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.notify import repository
from services.notify.repository import NOTIFICATIONS
from services.notify.settings import LEAST_INBOX_AGE, Settings
from shared.ids import derived_id
from shared.messages import ordering
from shared.store.port import Save
from tests.component.notify.test_notify_api import CONCLUDED, LIVE, Api, items
from tests.component.notify.workbench import Bench, open_store, received
from tests.support.builders.events import AT, CONTRACT, CUSTOMER, ORDER_ID, PROVIDER, head

OTHER_ORDER = derived_id("test", "other order")
OTHER_OFFERING = derived_id("test", "other offering")
OTHER = ordering.WentLive(
    order=head().model_copy(update={"id": OTHER_ORDER, "offering_id": OTHER_OFFERING}),
    at=AT,
)


@pytest_asyncio.fixture
async def api() -> AsyncIterator[Api]:
    store = await open_store()
    yield Api(Bench(store))
    await store.close()


async def everything(http: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await http.get("/v1/inbox", params={**params, **cursor})).raise_for_status().json()
        seen += page["items"]
        if page["next"] is None:
            return seen
        cursor = {"cursor": page["next"]}


async def mixed(api: Api) -> None:
    for seq, message in enumerate((LIVE, OTHER, CONCLUDED, LIVE, OTHER), 1):
        api.bench.clock.turn(minutes=1)
        await api.bench.consume([received(message, seq)])


async def test_an_inbox_is_narrowed_to_a_vorgang_with_its_contract_an_offer_or_a_kind(api: Api) -> None:
    assert (CONTRACT.order_id, CONTRACT.offering_id) == (ORDER_ID, head().offering_id)
    await mixed(api)
    async with api.of(CUSTOMER.id) as http:
        of_order = await items(http, order_id=ORDER_ID)
        assert [it["event_type"] for it in of_order] == [LIVE.TYPE, CONCLUDED.TYPE, LIVE.TYPE]
        assert {it["order_id"] for it in of_order} == {ORDER_ID}
        assert [it["offering_id"] for it in await items(http, offering_id=OTHER_OFFERING)] == [OTHER_OFFERING] * 2
        assert [it["event_type"] for it in await items(http, event_type=CONCLUDED.TYPE)] == [CONCLUDED.TYPE]
        assert len(await items(http, order_id=ORDER_ID, event_type=LIVE.TYPE)) == 2
        assert await items(http, order_id=OTHER_ORDER, event_type=CONCLUDED.TYPE) == []
        (newest, *_) = of_order
        await http.post(f"/v1/inbox/{newest['id']}/read")
        assert len(await items(http, order_id=ORDER_ID, unread=True)) == 2
        assert len(await items(http, event_type=LIVE.TYPE, unread=True)) == 3
    assert await items(api.of("fitko", "eve"), order_id=ORDER_ID) == [], "a filter shows nobody else's inbox"


async def test_a_narrowed_inbox_is_paged_without_loss_however_little_is_looked_through_at_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "SCANNED", 4)
    await mixed(api)
    await mixed(api)
    for seq in range(10, 30):
        await api.bench.consume([received(OTHER, seq)])
    async with api.of(CUSTOMER.id) as http:
        await http.post("/v1/inbox/read", json={"event_type": OTHER.TYPE, "order_id": OTHER_ORDER})
        found = await everything(http, limit=1, event_type=LIVE.TYPE, order_id=ORDER_ID, unread=True)
        assert [it["event_type"] for it in found] == [LIVE.TYPE] * 2
        assert len(await everything(http, limit=1, event_type=CONCLUDED.TYPE, unread=True)) == 1
        assert len(await everything(http, limit=1)) == 25


async def test_a_kind_that_nobody_is_told_of_is_refused(api: Api) -> None:
    async with api.of(CUSTOMER.id) as http:
        answer = await http.get("/v1/inbox", params={"event_type": "ordering.order.contracted.v1"})
        marking = await http.post("/v1/inbox/read", json={"event_type": "nothing"})
    assert answer.json()["code"] == marking.json()["code"] == "event_type_unknown"


async def test_all_is_marked_as_read_at_once_and_a_repeat_finds_nothing(api: Api) -> None:
    await api.reported(3)
    async with api.of(CUSTOMER.id) as http:
        assert (await http.get("/v1/inbox/unread")).json() == {"count": 3, "more": False}
        assert (await http.post("/v1/inbox/read", json={})).json() == {"marked": 3}
        assert (await http.get("/v1/inbox/unread")).json() == {"count": 0, "more": False}
        assert (await http.post("/v1/inbox/read", json={})).json() == {"marked": 0}
        assert all(it["read_at"] for it in await items(http))
    assert len(await items(api.of(PROVIDER.id), unread=True)) == 3, "each organisation reads for itself"


async def test_what_came_after_the_newest_seen_stays_unread(api: Api) -> None:
    await api.reported(2)
    async with api.of(CUSTOMER.id) as http:
        (newest, _) = await items(http)
        api.bench.clock.turn(minutes=1)
        await api.bench.consume([received(LIVE, 9)])
        assert (await http.post("/v1/inbox/read", json={"until": newest["created_at"]})).json() == {"marked": 2}
        assert len(await items(http, unread=True)) == 1


async def test_only_the_notices_of_one_vorgang_are_marked(api: Api) -> None:
    await mixed(api)
    async with api.of(CUSTOMER.id) as http:
        assert (await http.post("/v1/inbox/read", json={"order_id": ORDER_ID})).json() == {"marked": 3}
        assert {it["order_id"] for it in await items(http, unread=True)} == {OTHER_ORDER}


async def test_what_another_writes_while_all_is_marked_is_marked_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.reported(2)
    store = api.bench.store
    save_many = store.save_many
    overtaken: list[str] = []

    async def later(collection: Any, saves: Any) -> set[str]:
        if not overtaken:
            document = saves[0].document
            overtaken.append(document["_id"])
            present = await store.get(NOTIFICATIONS, document["_id"])
            assert present is not None
            await save_many(NOTIFICATIONS, [Save({**present, "rev": present["rev"] + 1}, expected_rev=present["rev"])])
        return await save_many(collection, saves)

    monkeypatch.setattr(store, "save_many", later)
    async with api.of(CUSTOMER.id) as http:
        assert (await http.post("/v1/inbox/read", json={})).json() == {"marked": 2}
        assert await items(http, unread=True) == []
    assert overtaken


async def test_the_count_of_unread_ends_where_it_would_cost(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "COUNTED", 2)
    monkeypatch.setattr("services.notify.api.COUNTED", 2)
    await api.reported(3)
    async with api.of(CUSTOMER.id) as http:
        assert (await http.get("/v1/inbox/unread")).json() == {"count": 2, "more": True}


async def test_what_is_too_old_is_deleted_in_portions_and_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "_PAGE", 2)
    store = await open_store()
    bench = Bench(store, inbox_max_age=LEAST_INBOX_AGE, mail_max_age=timedelta(days=999))
    await bench.enter(CUSTOMER.id, "erika")
    old = [received(LIVE, seq) for seq in range(1, 6)]
    await bench.consume(old)
    waiting = {it.id for it in await bench.mails()}
    assert len(waiting) == 5
    await bench.repeat("purge-notifications")
    before = len(await bench.all())
    bench.clock.turn(days=LEAST_INBOX_AGE.days, hours=1)
    await bench.consume([replace(received(CONCLUDED, 9), time=bench.clock())])
    await bench.repeat("purge-notifications")
    left = await bench.all()
    assert {it.id for it in left if it.event_type == LIVE.TYPE} == waiting, "what waits to be sent stays"
    assert before > len(left) > len(waiting)
    await bench.consume(old)
    assert {it.id for it in await bench.all() if it.event_type == LIVE.TYPE} == waiting
    await store.close()


def test_notifications_are_there_for_as_long_as_topics_are_compared() -> None:
    with pytest.raises(ValueError, match="NOTIFY_INBOX_MAX_AGE"):
        Settings(inbox_max_age=LEAST_INBOX_AGE - timedelta(days=1))
