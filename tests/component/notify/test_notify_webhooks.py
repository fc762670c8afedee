"""Webhooks: an organisation has its systems called about what lies in its inbox; attempts, pauses, the end of patience."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.notify.domain.webhook import PAUSES
from services.notify.repository import COLLECTIONS
from services.notify.settings import Settings
from services.notify.webhooks.repository import DELIVERIES, WEBHOOKS, Deliveries
from services.notify.webhooks.signing import signed_headers
from shared.http import idempotency
from shared.key_file import ensure_key_file
from shared.process.service import Resources
from shared.store.port import Query, Save
from tests.component.notify.test_notify_api import CONCLUDED, LIVE, Api
from tests.component.notify.workbench import DATA, Bench, WatchedStore, received
from tests.support.builders.events import CUSTOMER, ORDER_ID, PROVIDER
from tests.support.publisher import RecordingPublisher
from tests.support.receiver import Receiver

FORM = {"event_types": [LIVE.TYPE, CONCLUDED.TYPE]}
READ = {"If-Match": '"1"'}


class World(Api):
    def __init__(self, bench: Bench, receiver: Receiver) -> None:
        super().__init__(bench)
        self.receiver = receiver
        self.http = self.of(CUSTOMER.id)

    async def webhook(self, **changes: Any) -> dict[str, Any]:
        answer = await self.http.post("/v1/webhooks", json={"url": self.receiver.url, **FORM, **changes})
        made: dict[str, Any] = answer.raise_for_status().json()
        return made

    async def happen(self, *seqs: int) -> None:
        await self.bench.consume([replace(received(LIVE, seq), time=self.bench.clock()) for seq in seqs or (1,)])

    async def send(self) -> None:
        await self.bench.repeat("send-webhooks")

    async def deliveries(self, webhook: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
        answer = await self.http.get(f"/v1/webhooks/{webhook['id']}/deliveries", params=params)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return found

    async def get(self, webhook: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = (await self.http.get(f"/v1/webhooks/{webhook['id']}")).raise_for_status().json()
        return found


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    ensure_key_file(tmp_path / "keys")
    store = WatchedStore(None)
    await store.prepare([*COLLECTIONS, WEBHOOKS, DELIVERIES, idempotency.COLLECTION])
    async with Receiver() as receiver:
        bench = Bench(
            store,
            webhook_keys=tmp_path / "keys",
            webhook_networks=("127.0.0.0/8",),
            webhook_timeout=timedelta(seconds=2),
        )
        world = World(bench, receiver)
        yield world
        await world.http.aclose()
    await store.close()


async def test_a_webhook_is_called_about_what_lies_in_the_inbox_signed_and_with_no_more_than_that(world: World) -> None:
    made = await world.webhook()
    await world.happen()
    await world.send()
    (call,) = world.receiver.calls
    (delivery,) = await world.deliveries(made)
    assert (call.method, call.path) == ("POST", "/empfang")
    assert call.headers["content-type"] == "application/json"
    body = json.loads(call.body)
    (note,) = (await world.http.get("/v1/inbox")).json()["items"]
    assert body["type"] == LIVE.TYPE
    assert body["data"] == {
        "notification_id": note["id"],
        "event_id": note["event_id"],
        "organisation": CUSTOMER.id,
        "subject_kind": "order",
        "subject_id": ORDER_ID,
        "order_id": ORDER_ID,
        "offering_id": note["offering_id"],
    }
    expected = signed_headers(delivery["id"], world.bench.clock(), call.body, [made["secret"]])
    assert {name: call.headers[name] for name in expected} == expected
    assert (delivery["state"], [(it["status"], it["code"]) for it in delivery["attempts"]]) == ("DELIVERED", [(204, None)])
    await world.send()
    assert len(world.receiver.calls) == 1


async def test_the_secret_is_shown_once_and_lies_nowhere(world: World) -> None:
    made = await world.webhook()
    assert made["secret"].startswith("whsec_")
    assert "secret" not in await world.get(made)
    (listed,) = (await world.http.get("/v1/webhooks")).json()["items"]
    assert "secret" not in listed
    stored = str([await world.bench.store.scan(it) for it in (WEBHOOKS, DELIVERIES, idempotency.COLLECTION)])
    assert made["id"] in stored
    assert made["secret"].removeprefix("whsec_") not in stored


async def test_only_the_kinds_asked_for_are_delivered_and_a_repeat_of_an_event_is_not(world: World) -> None:
    made = await world.webhook(event_types=[CONCLUDED.TYPE])
    await world.happen()
    later = replace(received(CONCLUDED, 5), time=world.bench.clock())
    await world.bench.consume([later])
    await world.send()
    await world.bench.consume([later])
    await world.send()
    assert [json.loads(it.body)["type"] for it in world.receiver.calls] == [CONCLUDED.TYPE]
    assert len(await world.deliveries(made)) == 1


async def test_what_happened_before_a_webhook_was_there_is_not_delivered(world: World) -> None:
    world.bench.clock.turn(hours=1)
    await world.webhook()
    await world.bench.consume([received(LIVE, 1)])
    await world.send()
    assert world.receiver.calls == []


async def test_another_organisation_s_webhook_does_not_exist(world: World) -> None:
    made = await world.webhook()
    await world.happen()
    (delivery,) = await world.deliveries(made)
    stranger = world.of(PROVIDER.id, "otto", "BEREITSTELLER")
    assert (await stranger.get("/v1/webhooks")).json() == {"items": []}
    place = f"/v1/webhooks/{made['id']}"
    form = {"url": "https://fremd.example/x", **FORM}
    answers = [
        await stranger.get(place),
        await stranger.put(place, json=form, headers=READ),
        await stranger.post(f"{place}/rotate"),
        await stranger.get(f"{place}/deliveries"),
        await stranger.post(f"{place}/deliveries/{delivery['id']}/resend"),
        await stranger.delete(place, headers=READ),
    ]
    assert [(it.status_code, it.json()["code"]) for it in answers] == [(404, "webhook_not_found")] * 6
    assert (await world.get(made))["url"] == world.receiver.url
    own = await stranger.post("/v1/webhooks", json={"url": world.receiver.url, **FORM})
    through = await stranger.post(f"/v1/webhooks/{own.json()['id']}/deliveries/{delivery['id']}/resend")
    assert (through.status_code, through.json()["code"]) == (404, "delivery_not_found")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"url": "https://localhost/x", **FORM}, "webhook_url_invalid"),
        ({"url": "https://10.0.0.1/x", **FORM}, "webhook_url_invalid"),
        ({"url": "https://empfang.example/x", "event_types": ["ordering.order.contracted.v1"]}, "event_type_unknown"),
        ({"url": "https://empfang.example/x", "event_types": []}, "invalid"),
        ({"url": "https://empfang.example/x", **FORM, "secret": "whsec_eigenes"}, "invalid"),
    ],
)
async def test_what_cannot_be_called_is_refused_when_it_is_entered(world: World, form: dict[str, Any], code: str) -> None:
    answer = await world.http.post("/v1/webhooks", json=form)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_there_are_so_many_webhooks_at_most(world: World) -> None:
    for _ in range(20):
        await world.webhook()
    answer = await world.http.post("/v1/webhooks", json={"url": world.receiver.url, **FORM})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_webhooks")


async def test_after_a_rotation_both_secrets_sign_until_the_overlap_is_over(world: World) -> None:
    made = await world.webhook()
    rotated = (await world.http.post(f"/v1/webhooks/{made['id']}/rotate")).raise_for_status().json()
    assert rotated["secret"] != made["secret"]
    assert rotated["old_secrets_until"] is not None
    await world.happen()
    await world.send()
    call = world.receiver.calls[-1]
    both = signed_headers(call.headers["webhook-id"], world.bench.clock(), call.body, [rotated["secret"], made["secret"]])
    assert call.headers["webhook-signature"] == both["webhook-signature"]
    world.bench.clock.turn(days=1)
    await world.happen(2)
    await world.send()
    call = world.receiver.calls[-1]
    alone = signed_headers(call.headers["webhook-id"], world.bench.clock(), call.body, [rotated["secret"]])
    assert call.headers["webhook-signature"] == alone["webhook-signature"]
    assert (await world.get(made))["old_secrets_until"] is None


async def test_under_its_key_a_webhook_is_entered_once_and_its_secret_stored_nowhere(world: World) -> None:
    form, key = {"url": world.receiver.url, **FORM}, {"Idempotency-Key": "enter-1"}
    first, again = [await world.http.post("/v1/webhooks", json=form, headers=key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert len((await world.http.get("/v1/webhooks")).json()["items"]) == 1
    other = await world.http.post("/v1/webhooks", json=form | {"event_types": [LIVE.TYPE]}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert first.json()["secret"] not in str(await marks(world))
    assert (await world.webhook())["id"] != (await world.webhook())["id"], "without a key each request is one of its own"


async def test_a_repeat_enters_no_webhook_that_was_removed_meanwhile(world: World) -> None:
    form, key = {"url": world.receiver.url, **FORM}, {"Idempotency-Key": "enter-1"}
    made = (await world.http.post("/v1/webhooks", json=form, headers=key)).json()
    assert (await world.http.delete(f"/v1/webhooks/{made['id']}", headers=READ)).status_code == 204
    await world.http.post("/v1/webhooks", json=form, headers=key)
    assert (await world.http.get("/v1/webhooks")).json()["items"] == []


async def test_under_its_key_a_secret_is_replaced_once_also_after_an_answer_that_was_lost(world: World) -> None:
    made = await world.webhook()
    rotate, keyed = f"/v1/webhooks/{made['id']}/rotate", {"Idempotency-Key": "rotate-1", **READ}
    first = await world.http.post(rotate, headers=keyed)
    assert (first.status_code, first.json()["secret"] == made["secret"]) == (200, False)
    assert (await world.http.post(rotate, headers=keyed)).json() == first.json()
    (mark,) = [it for it in await marks(world) if it["answer"] is not None]
    lost = mark | {"answer": None, "holder": None, "rev": mark["rev"] + 1}
    assert await world.bench.store.save_many(idempotency.COLLECTION, [Save(lost, expected_rev=mark["rev"])]) == set()
    assert (await world.http.post(rotate, headers=keyed)).json() == first.json()
    assert (await world.get(made))["old_secrets_until"] is not None
    another = await world.http.post(rotate, headers={"Idempotency-Key": "rotate-2"})
    assert another.json()["secret"] not in {made["secret"], first.json()["secret"]}
    assert first.json()["secret"] not in str(await marks(world))


async def test_under_its_key_a_delivery_is_sent_once_more_and_not_twice(world: World) -> None:
    made = await world.webhook()
    await world.happen()
    await world.send()
    (delivery,) = await world.deliveries(made)
    for _ in range(2):
        again = f"/v1/webhooks/{made['id']}/deliveries/{delivery['id']}/resend"
        assert (await world.http.post(again, headers={"Idempotency-Key": "again-1"})).status_code == 200
        await world.send()
    assert len(world.receiver.calls) == 2


async def marks(world: World) -> list[dict[str, Any]]:
    """Return what is stored of requests with a key."""
    far = Query("expiry", below=world.bench.clock() + timedelta(days=400), limit=100)
    return await world.bench.store.find(idempotency.COLLECTION, far)


async def test_attempts_are_listed_with_status_and_latency_and_pauses_grow_over_days(world: World) -> None:
    made = await world.webhook()
    world.receiver.status = 503
    await world.happen()
    begun = world.bench.clock()
    for pause in (timedelta(0), *PAUSES):
        world.bench.clock.turn(seconds=pause.total_seconds() * 1.2)
        await world.send()
    (delivery,) = await world.deliveries(made)
    assert len(world.receiver.calls) == len(PAUSES) + 1 == len(delivery["attempts"])
    assert {it.headers["webhook-id"] for it in world.receiver.calls} == {delivery["id"]}
    assert {(it["status"], it["code"]) for it in delivery["attempts"]} == {(503, "webhook_refused")}
    assert all(it["latency_ms"] >= 0 for it in delivery["attempts"])
    assert delivery["state"] == "FAILED"
    assert timedelta(days=3) < world.bench.clock() - begun < timedelta(days=5)
    assert (await world.get(made))["failing_since"] is not None
    world.bench.clock.turn(days=2)
    await world.send()
    assert len(world.receiver.calls) == len(PAUSES) + 1, "given up"


async def test_a_subscriber_sends_again_what_was_delivered_or_given_up_with_the_same_id(world: World) -> None:
    made = await world.webhook()
    await world.happen()
    await world.send()
    (delivery,) = await world.deliveries(made)
    again = await world.http.post(f"/v1/webhooks/{made['id']}/deliveries/{delivery['id']}/resend")
    assert again.json()["state"] == "PENDING"
    await world.send()
    first, second = world.receiver.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery["id"]
    assert first.body == second.body
    (delivery,) = await world.deliveries(made)
    assert (delivery["state"], len(delivery["attempts"])) == ("DELIVERED", 2)


async def test_a_redirect_is_not_followed(world: World) -> None:
    made = await world.webhook()
    async with Receiver() as inside:
        world.receiver.answers = [302, 307, 308]
        await world.happen()
        await world.send()
        assert inside.calls == []
    (delivery,) = await world.deliveries(made)
    assert [(it["status"], it["code"]) for it in delivery["attempts"]] == [(302, "webhook_redirected")]


async def test_a_receiver_that_hangs_costs_its_time_out_and_holds_up_nobody_else(tmp_path: Path, world: World) -> None:
    world.bench.settings.webhook_timeout = timedelta(milliseconds=100)
    bench = Bench(
        world.bench.store,
        clock=world.bench.clock,
        webhook_keys=tmp_path / "keys",
        webhook_networks=("127.0.0.0/8",),
        webhook_timeout=timedelta(milliseconds=100),
        webhook_connections=1,
    )
    hanging = await world.webhook()
    async with Receiver() as other:
        well = await world.webhook(url=other.url)
        world.receiver.status = 0
        await world.happen(*range(1, 8))
        async with asyncio.timeout(5):
            await bench.repeat("send-webhooks")
        assert len(other.calls) == 7
        assert len(world.receiver.calls) == 1, "the others to it wait without an attempt of their own"
    assert {it["state"] for it in await world.deliveries(well)} == {"DELIVERED"}
    tried = [it for it in await world.deliveries(hanging) if it["attempts"]]
    assert [it["attempts"][0]["code"] for it in tried] == ["webhook_timed_out"]
    world.receiver.status = 204
    world.bench.clock.turn(minutes=10)
    await bench.repeat("send-webhooks")
    assert {it["state"] for it in await world.deliveries(hanging)} == {"DELIVERED"}


async def test_nobody_listening_is_a_failed_attempt_without_a_status(world: World) -> None:
    made = await world.webhook(url="http://127.0.0.1:1/x")
    await world.happen()
    await world.send()
    (delivery,) = await world.deliveries(made)
    assert [(it["status"], it["code"]) for it in delivery["attempts"]] == [(None, "webhook_unreachable")]


async def test_a_webhook_that_fails_for_days_is_switched_off_with_a_notice_to_all(world: World) -> None:
    await world.bench.enter(CUSTOMER.id, "erika")
    made = await world.webhook()
    world.receiver.status = 500
    await world.happen(1)
    await world.send()
    world.bench.clock.turn(days=5, hours=1)
    await world.happen(2)
    await world.send()
    off = await world.get(made)
    assert (off["active"], off["switched_off_code"]) == (False, "webhook_failing")
    notes = (await world.http.get("/v1/inbox", headers={"Accept-Language": "de"})).json()["items"]
    (note,) = [it for it in notes if it["event_type"] == "notify.webhook.switched-off.v1"]
    assert world.receiver.url in note["subject"]
    assert "abgeschaltet" in note["body"]
    english = (await world.http.get("/v1/inbox", headers={"Accept-Language": "en"})).json()["items"]
    assert "switched off" in next(it for it in english if it["id"] == note["id"])["body"]
    assert [it.event_type for it in await world.bench.mails() if it.template == "webhook-switched-off"]
    own = {"event_type": note["event_type"]}
    narrowed = (await world.http.get("/v1/inbox", params={**own, "unread": "true"})).raise_for_status().json()["items"]
    assert [it["id"] for it in narrowed] == [note["id"]]
    assert (await world.http.post("/v1/inbox/read", json=own)).json() == {"marked": 1}
    calls = len(world.receiver.calls)
    world.bench.clock.turn(hours=1)
    await world.happen(3)
    await world.send()
    assert len(world.receiver.calls) == calls, "a webhook that is off is not called"
    # Mended and switched on again: new events, and what the subscriber sends again.
    world.receiver.status = 204
    place = f"/v1/webhooks/{made['id']}"
    read = {"If-Match": (await world.http.get(place)).headers["ETag"]}
    on = await world.http.put(place, json={"url": world.receiver.url, **FORM, "active": True}, headers=read)
    assert (on.json()["active"], on.json()["failing_since"], on.json()["switched_off_code"]) == (True, None, None)
    failed = await world.deliveries(made, state="FAILED")
    assert failed
    await world.http.post(f"/v1/webhooks/{made['id']}/deliveries/{failed[0]['id']}/resend")
    await world.happen(4)
    await world.send()
    assert len(world.receiver.calls) >= calls + 2


async def test_a_success_forgets_that_it_failed(world: World) -> None:
    made = await world.webhook()
    world.receiver.answers = [500]
    await world.happen(1)
    await world.send()
    assert (await world.get(made))["failing_since"] is not None
    world.bench.clock.turn(minutes=1)
    await world.send()
    assert (await world.get(made))["failing_since"] is None


async def test_a_receiver_that_says_it_is_gone_is_switched_off_at_once(world: World) -> None:
    made = await world.webhook()
    world.receiver.status = 410
    await world.happen(1)
    await world.send()
    assert (await world.get(made))["switched_off_code"] == "webhook_gone"
    (delivery,) = await world.deliveries(made)
    assert delivery["state"] == "FAILED"


async def test_what_waits_for_a_removed_webhook_is_not_delivered(world: World) -> None:
    made = await world.webhook()
    await world.happen(1)
    gone = [(await world.http.delete(f"/v1/webhooks/{made['id']}", headers=READ)).status_code for _ in range(2)]
    assert gone == [204, 404]
    await world.send()
    assert world.receiver.calls == []


async def test_a_change_needs_the_revision_it_was_made_for(world: World) -> None:
    made = await world.webhook()
    place = f"/v1/webhooks/{made['id']}"
    tag = (await world.http.get(place)).headers["ETag"]
    form = {"url": world.receiver.url, "event_types": [LIVE.TYPE]}
    assert (await world.http.put(place, json=form, headers={"If-Match": tag})).status_code == 200
    late: list[httpx.Response] = [
        await world.http.put(place, json={**form, "active": False}, headers={"If-Match": tag}),
        await world.http.post(f"{place}/rotate", headers={"If-Match": tag}),
        await world.http.delete(place, headers={"If-Match": tag}),
    ]
    assert [it.status_code for it in late] == [412] * 3
    unread = [await world.http.put(place, json=form), await world.http.delete(place)]
    assert [(it.status_code, it.json()["code"]) for it in unread] == [(428, "if_match_missing")] * 2


async def test_a_worker_that_died_in_between_sends_again_with_the_same_id(world: World) -> None:
    made = await world.webhook()
    await world.happen(1)
    at = world.bench.clock()
    (delivery,) = await world.deliveries(made)
    resources = Resources(world.bench.store, RecordingPublisher(), DATA, world.bench.clock)
    claims = await Deliveries(resources).claim(at, at + world.bench.settings.lease, 10)
    assert [it.delivery.id for it in claims] == [delivery["id"]]
    await world.send()
    assert world.receiver.calls == [], "it is another's"
    world.bench.clock.turn(minutes=6)
    await world.send()
    assert [it.headers["webhook-id"] for it in world.receiver.calls] == [delivery["id"]]


async def test_without_keys_no_webhook_is_entered(world: World) -> None:
    bench = Bench(world.bench.store, clock=world.bench.clock)
    async with Api(bench).of(CUSTOMER.id) as http:
        answer = await http.post("/v1/webhooks", json={"url": "https://empfang.example/x", **FORM})
    assert (answer.status_code, answer.json()["code"]) == (503, "webhook_key_missing")


async def test_deliveries_are_paged_and_purged_by_age(world: World) -> None:
    made = await world.webhook()
    await world.happen(*range(1, 6))
    await world.send()
    place = f"/v1/webhooks/{made['id']}/deliveries"
    first = (await world.http.get(place, params={"limit": 3})).json()
    second = (await world.http.get(place, params={"limit": 3, "cursor": first["next"]})).json()
    assert len({it["id"] for it in first["items"] + second["items"]}) == 5
    assert second["next"] is None
    world.receiver.status = 500
    await world.happen(9)
    world.bench.clock.turn(days=31)
    await world.bench.repeat("purge-notifications")
    assert [it["state"] for it in await world.deliveries(made)] == ["PENDING"], "what waits stays"
    await world.bench.consume([received(LIVE, seq) for seq in range(1, 6)])
    assert len(await world.deliveries(made)) == 1, "an old event is not delivered again"


def test_deliveries_can_be_looked_at_for_a_day_at_least() -> None:
    with pytest.raises(ValueError, match="NOTIFY_WEBHOOK_MAX_AGE"):
        Settings(webhook_max_age=timedelta(hours=1))


async def test_mail_about_a_webhook_that_is_switched_off_can_be_muted_and_no_webhook_is_called_about_it(world: World) -> None:
    kinds = (await world.http.get("/v1/contacts/kinds")).raise_for_status().json()["items"]
    (own,) = [it for it in kinds if not it["for_webhooks"]]
    assert (own["event_type"], own["concerns_you"], own["rhythms"]) == ("notify.webhook.switched-off.v1", True, ["IMMEDIATE"])
    form = {"name": "Erika", "email": "erika@husum.example", "muted": [own["event_type"]], "rhythm": "WEEKLY"}
    assert (await world.http.put("/v1/contacts/me", json=form)).json()["muted"] == [own["event_type"]]
    refused = await world.http.post("/v1/webhooks", json={"url": world.receiver.url, "event_types": [own["event_type"]]})
    assert (refused.status_code, refused.json()["code"]) == (422, "event_type_unknown")
    world.receiver.status = 410
    await world.webhook()
    await world.happen()
    await world.send()
    told = (await world.http.get("/v1/inbox", params={"event_type": own["event_type"]})).json()["items"]
    assert len(told) == 1
    assert not [it for it in await world.bench.mails() if it.event_type == own["event_type"]]
