"""Several Vorgänge ordered in one act: each is ordered or refused by itself, once however often it is asked, and names the act."""

from __future__ import annotations

from typing import Any

from shared.ids import derived_id
from shared.messages.ordering import OrderPlaced
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, KUNDE, OTHER_ANBIETER, PLACE, STRANGER, World
from tests.component.ordering.test_ordering_repeats import unanswered
from tests.support.builders.orders import offering

PATH = "/v1/orders/placements"


async def ready(world: World, number: int) -> dict[str, Any]:
    """Return a Vorgang of an offer of its own that can be ordered."""
    offering_id = derived_id("offering", f"together {number}")
    await world.offer(offering(id=offering_id, title=f"Leistung {number}"))
    return await world.offered(offering_id=offering_id)


def body(*orders: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"orders": [{**PLACE, **parts, "order_id": it["id"]} for it in orders]}


def outcomes(answer: Any) -> list[tuple[str, str | None]]:
    assert answer.status_code == 200, answer.text
    return [(it["outcome"], it["problem"] and it["problem"]["code"]) for it in answer.json()["results"]]


async def test_each_is_ordered_or_refused_by_itself_and_those_ordered_name_the_act(world: World) -> None:
    first, second, stale = [await ready(world, number) for number in range(3)]
    undecided = await world.declare()
    sent = body(first, undecided, stale, second)
    sent["orders"][2]["revision"] = 1
    answer = await world.post(PATH, KUNDE, sent)
    assert outcomes(answer) == [
        ("PLACED", None),
        ("REFUSED", "illegal_move"),
        ("REFUSED", "precondition_failed"),
        ("PLACED", None),
    ]
    placement = answer.json()["id"]
    shown = [await world.read(it["id"]) for it in (first, undecided, stale, second)]
    states = [(it["state"], it["placement_id"]) for it in shown]
    assert states == [
        ("BESTELLT", placement),
        ("INTERESSE_BEKUNDET", None),
        ("ANGEBOT_ERSTELLT", None),
        ("BESTELLT", placement),
    ]
    placed = [it for it in world.messages() if isinstance(it, OrderPlaced)]
    assert [(it.order.id, it.placement_id) for it in placed] == [(first["id"], placement), (second["id"], placement)]


async def test_each_side_reads_what_of_it_lies_with_them(world: World) -> None:
    orders = [await ready(world, number) for number in range(2)]
    placement = (await world.post(PATH, KUNDE, body(*orders))).json()["id"]
    for who in (KUNDE, BEREITSTELLER, ANBIETER):
        found = (await world.get(f"{PATH}/{placement}", who)).json()
        assert {it["id"] for it in found["orders"]} == {it["id"] for it in orders}
        assert (await world.read(orders[0]["id"], who))["placement_id"] == placement
    hidden = [await world.get(f"{PATH}/{placement}", who) for who in (STRANGER, OTHER_ANBIETER)]
    absent = await world.get(f"{PATH}/{derived_id('placement', 'none')}", KUNDE)
    assert [(it.status_code, it.json()["code"]) for it in (*hidden, absent)] == [(404, "placement_not_found")] * 3


async def test_who_names_a_vorgang_that_is_not_theirs_orders_nothing(world: World) -> None:
    order = await ready(world, 1)
    foreign = {"id": derived_id("order", "foreign")}
    refused = await world.post(PATH, KUNDE, body(order, foreign))
    assert (refused.status_code, refused.json()["code"], refused.json()["order_id"]) == (404, "order_not_found", foreign["id"])
    for who, status in ((STRANGER, 404), (BEREITSTELLER, 403), (ANBIETER, 403)):
        assert (await world.post(PATH, who, body(order))).status_code == status
    assert (await world.read(order["id"]))["state"] == "ANGEBOT_ERSTELLT"


async def test_a_repeat_answers_the_same_and_goes_on_where_a_crash_has_left_it(world: World) -> None:
    orders = [await ready(world, number) for number in range(2)]
    first = await world.post(PATH, KUNDE, body(*orders), key="together")
    events = len(world.messages())
    again = await world.post(PATH, KUNDE, body(*orders), key="together")
    await unanswered(world)
    anew = await world.post(PATH, KUNDE, body(*orders), key="together")
    assert [it.json()["id"] for it in (again, anew)] == [first.json()["id"]] * 2
    assert outcomes(again) == outcomes(anew) == [("PLACED", None)] * 2
    assert len(world.messages()) == events
    other = await world.post(PATH, KUNDE, body(orders[0]), key="together")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert outcomes(await world.post(PATH, KUNDE, body(*orders))) == [("REFUSED", "already_placed")] * 2


async def test_what_is_refused_for_each_is_said_for_each_by_the_code_of_its_own_step(world: World) -> None:
    orders = [await ready(world, number) for number in range(2)]
    for part, code in (
        ({"accepts_agb": False}, "agb_not_accepted"),
        ({"leitweg_id": "04011000-900X999-09"}, "leitweg_id_check_digits"),
        ({"offer_number": 2}, "offer_changed"),
    ):
        assert outcomes(await world.post(PATH, KUNDE, body(*orders, **part))) == [("REFUSED", code)] * 2
    for wrong in (body(), body(orders[0], orders[0]), body(*orders * 11)):
        assert (await world.post(PATH, KUNDE, wrong)).status_code == 422


async def test_a_refusal_is_said_in_the_language_of_the_reader_as_that_of_a_single_order_is(world: World) -> None:
    order = await ready(world, 1)
    wrong = {"accepts_agb": False}
    german, english = [
        await world.post(PATH, KUNDE, body(order, **wrong), **{"Accept-Language": it}) for it in ("de-AT,en;q=0.1", "en")
    ]
    alone = await world.post(f"/v1/orders/{order['id']}/place", KUNDE, {**PLACE, **wrong}, **{"Accept-Language": "de"})
    said = [it.json()["results"][0]["problem"]["detail"] for it in (german, english)]
    assert said[0] == alone.json()["detail"]
    assert said[1] == "An order needs the consent to the Anbieter's AGB."
