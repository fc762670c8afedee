"""A Bündler orders for its Klienten over the API: each of them sees its own part, answers, and nobody else learns of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.ordering.participations import repository
from services.ordering.participations.repository import PARTICIPATIONS
from services.ordering.reference import load_schedule, load_vocabulary
from services.ordering.reminders import Reminders
from services.ordering.repository import Orders
from services.ordering.settings import Settings
from shared.ids import derived_id
from shared.messages.eligibility import ChangeReason
from shared.messages.eligibility_klienten import KlientJudged, KlientVerdictChanged
from shared.messages.ordering import OrderPlaced
from shared.messages.ordering_klienten import KlientCheckRequested, KlientOrdered, KlientReminded
from shared.messages.values import Party, Verdict
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, INTEREST, KUNDE, PLACE, STRANGER, World
from tests.support.builders.orders import CUSTOMER, T0, assessment

BUENDLER = f"kai/{CUSTOMER.id}/BUENDELNDE_ORGANISATION"
HUSUM = Party(id="010540056056", name="Husum, Stadt")
KLIENT = f"karin/{HUSUM.id}/KLIENT"
ITZEHOE = "ina/010610046046/KLIENT"


async def offered(world: World) -> dict[str, Any]:
    """Return a Vorgang of a Bündler with an offer made."""
    order = await world.declare(BUENDLER, bundled=True)
    await world.judge(order)
    order = await world.step(order["id"], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
    for point in order["points"]:
        if point["mandatory"]:
            who = BUENDLER if point["owner"] == "KUNDE" else BEREITSTELLER
            await world.step(order["id"], f"points/{point['id']}/settle", who, {"value": point["example"]})
    await world.step(order["id"], "conditions", BEREITSTELLER, {"conditions": []})
    return await world.step(order["id"], "offer", ANBIETER, {"valid_until": "2026-12-31"})


async def judge(world: World, order_id: str, value: Verdict = Verdict.EXEMPT) -> None:
    """Answer the check of a Klient that was asked for last."""
    asked = [it for it in world.messages() if isinstance(it, KlientCheckRequested)][-1]
    found = assessment(value).model_copy(update={"as_of": world.now.date()})
    judged = KlientJudged(order_id=order_id, klient=asked.klient, check=asked.check, assessment=found, given_at=T0)
    assert await world.feed(world.received(judged, order_id, source=f"/eligibility/{order_id}")) == []


async def find_later(world: World, order_id: str) -> None:
    """Find another verdict on the Klient that was checked last, without a check."""
    asked = [it for it in world.messages() if isinstance(it, KlientCheckRequested)][-1]
    found = assessment(Verdict.NOT_EXEMPT).model_copy(update={"as_of": world.now.date()})
    changed = KlientVerdictChanged(
        order_id=order_id,
        klient=asked.klient,
        check=asked.check,
        before=Verdict.EXEMPT,
        because=ChangeReason.FACTS,
        assessment=found,
        found_at=T0,
    )
    assert await world.feed(world.received(changed, order_id, source=f"/eligibility/{order_id}")) == []


async def test_a_klient_confirms_its_own_part_and_it_is_ordered_for_it(world: World) -> None:
    order = await offered(world)
    path = f"/v1/participations/{order['id']}"
    assert (await world.get(path, KLIENT)).status_code == 404
    body = {"klient": HUSUM.id, "name": "Husum", "payment": False}
    order = await world.step(order["id"], "klienten", BUENDLER, body)
    assert [(it["klient"]["id"], it["state"]) for it in order["klienten"]] == [(HUSUM.id, "ANGEFRAGT")]
    refused = await world.post(f"/v1/orders/{order['id']}/place", BUENDLER, PLACE)
    assert (refused.status_code, refused.json()["code"]) == (409, "klienten_open")
    (listed,) = (await world.get("/v1/participations", KLIENT)).json()["items"]
    assert (listed["order_id"], listed["waiting"], listed["bundler"]["id"]) == (order["id"], True, CUSTOMER.id)
    waits = {"waits_for_me": "true"}
    assert (await world.get("/v1/participations", KLIENT, **waits)).json()["items"] == [listed]
    part = (await world.post(f"{path}/confirm", KLIENT)).json()
    assert (await world.get("/v1/participations", KLIENT, **waits)).json()["items"] == []
    assert (part["answer"], part["check"]["pending"], part["allowed"]) == ("BESTAETIGT", True, ["decline"])
    await judge(world, order["id"])
    assert (await world.get(path, KLIENT)).json()["check"]["free"]
    await find_later(world, order["id"])
    check = (await world.get(path, KLIENT)).json()["check"]
    assert (check["free"], check["later"]["verdict"], check["later"]["open"]) == (False, "NOT_EXEMPT", True)
    await world.post(f"{path}/recheck", KLIENT)
    await judge(world, order["id"])
    await world.step(order["id"], "place", BUENDLER, PLACE)
    (placed,) = [it for it in world.messages() if isinstance(it, OrderPlaced)]
    (told,) = [it for it in world.messages() if isinstance(it, KlientOrdered)]
    assert [it.id for it in placed.klienten] == [told.klient.id] == [HUSUM.id]
    assert (await world.post(f"{path}/decline", KLIENT, {"reason": "Doch nicht"})).status_code == 409


@pytest.mark.parametrize("limit", [1, 50])
async def test_what_waits_for_a_klient_is_found_behind_any_number_of_others(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(repository, "SCANNED", 2)
    monkeypatch.setattr(repository, "_PORTION", 1)
    order = await offered(world)
    await world.step(order["id"], "klienten", BUENDLER, {"klient": HUSUM.id, "name": "Husum"})
    for number in range(1, 8):
        # Places of Vorgänge that it was named in earlier and is not any more.
        place = {"_id": derived_id("participation", f"former {number}"), "rev": 1, "klient_id": HUSUM.id}
        former = {**place, "order_id": derived_id("order", f"former {number}"), "named_at": T0 - timedelta(days=number)}
        assert await world.store.insert_many(PARTICIPATIONS, [former])
    for query in ({"waits_for_me": "true"}, {}):
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await world.get("/v1/participations", KLIENT, limit=str(limit), **query, **cursor)).json()
            found += [it["order_id"] for it in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert found == [order["id"]], query


async def test_nobody_but_the_klient_itself_sees_or_answers_its_part(world: World) -> None:
    order = await offered(world)
    await world.step(order["id"], "klienten", BUENDLER, {"klient": HUSUM.id})
    path = f"/v1/participations/{order['id']}"
    for who in (ITZEHOE, STRANGER, ANBIETER, BUENDLER):
        assert (await world.get(path, who)).status_code == 404
        assert (await world.post(f"{path}/confirm", who)).status_code == 404
        assert (await world.get("/v1/participations", who)).json() == {"items": [], "next": None}
    assert (await world.get(f"/v1/orders/{order['id']}", KLIENT)).status_code == 404
    answer = await world.post(f"{path}/confirm", f"karin/{HUSUM.id}/KUNDE")
    assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
    await world.step(order["id"], f"klienten/{HUSUM.id}/remove", BUENDLER, {"reason": "Bestellt selbst"})
    assert (await world.get(path, KLIENT)).status_code == 404
    assert (await world.get("/v1/participations", KLIENT)).json() == {"items": [], "next": None}


async def test_only_a_buendler_begins_a_vorgang_for_klienten(world: World) -> None:
    refused = await world.post("/v1/orders", KUNDE, {**INTEREST, "bundled": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    order = await world.declare()
    named = await world.post(f"/v1/orders/{order['id']}/klienten", BUENDLER, {"klient": HUSUM.id})
    assert (named.status_code, named.json()["code"]) == (409, "not_bundled")


async def test_a_risk_of_a_klient_is_signed_off_by_the_anbieter_of_the_vorgang(world: World) -> None:
    order = await offered(world)
    await world.step(order["id"], "klienten", BUENDLER, {"klient": HUSUM.id})
    await world.post(f"/v1/participations/{order['id']}/confirm", KLIENT)
    await judge(world, order["id"], Verdict.RISK)
    sign = f"/v1/orders/{order['id']}/klienten/{HUSUM.id}/sign-off"
    assert (await world.post(sign, BUENDLER, {"reason": "Gutachten"})).status_code == 403
    signed = (await world.post(sign, ANBIETER, {"reason": "Gutachten"})).json()
    assert (signed["klienten"][0]["free"], signed["klienten"][0]["signed_off_by"]) == (True, "anna")
    world.pass_time(days=1)
    again = await world.step(order["id"], "klienten/recheck", BUENDLER)
    assert again["klienten"][0]["pending"]
    await judge(world, order["id"], Verdict.RISK)
    await world.step(order["id"], "place", BUENDLER, PLACE)


async def test_a_silent_klient_is_found_and_reminded_once(world: World) -> None:
    order = await offered(world)
    await world.step(order["id"], "klienten", BUENDLER, {"klient": HUSUM.id})
    runner = Reminders(Orders(world.resources), load_schedule(), load_vocabulary().tasks, Settings().idle_after, world.clock)
    world.pass_time(days=7)
    await runner.run()
    await runner.run()
    (told,) = [it for it in world.messages() if isinstance(it, KlientReminded)]
    assert (told.klient.id, told.escalated) == (HUSUM.id, False)
