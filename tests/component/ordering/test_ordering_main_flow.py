"""The way of a Vorgang through API and consumers."""

from __future__ import annotations

import pytest

from services.ordering.deadlines import Deadlines
from services.ordering.domain.transitions import Command
from services.ordering.repository import Orders
from services.ordering.settings import Settings
from shared.bus.handling import Rejection
from shared.http.idempotency import COLLECTION
from shared.ids import derived_id
from shared.messages.ordering import ContractRequested, OrderContracted, OrderPlaced, OrderRefused
from shared.messages.values import Verdict
from shared.store.port import Query
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, INTEREST, KUNDE, PLACE, World
from tests.support.builders.orders import concluded, refused, verdict
from tests.support.http import client


async def test_a_vorgang_goes_from_interest_to_productive_use_and_its_end(world: World) -> None:
    order = await world.contracted()
    assert (order["state"], order["contract"]["number"]) == ("VERTRAG_GESCHLOSSEN", "GD/2026/0001")
    order = await world.step(order["id"], "onboarding", BEREITSTELLER)
    for milestone in order["milestones"]:
        who = KUNDE if milestone["owner"] == "KUNDE" else BEREITSTELLER
        await world.step(order["id"], f"milestones/{milestone['code']}/reach", who)
    order = await world.step(order["id"], "go-live", BEREITSTELLER)
    assert (order["state"], order["waiting"]) == ("PRODUKTIV", None)
    await world.terminate(order["id"], "2026-11-30")
    world.pass_time(days=7)
    order = await world.step(order["id"], "end", ANBIETER)
    assert order["state"] == "BEENDET"
    assert order["allowed_moves"] == []
    types = [
        name.removeprefix("ordering.order.")
        for name in world.publisher.types()
        if "point" not in name and "milestone" not in name
    ]
    assert types == [
        "interest-declared.v1",
        "interest-forwarded.v1",
        "clarification-started.v1",
        "conditions-confirmed.v1",
        "offer-made.v1",
        "placed.v1",
        "ordering.contract-request.requested.v1",
        "contracted.v1",
        "onboarding-started.v1",
        "went-live.v1",
        "ordering.contract-notice.requested.v1",
        "terminated.v1",
        "ended.v1",
    ]
    assert [event.seq for event in world.publisher.events] == list(range(1, len(world.publisher.events) + 1))
    assert {event.correlation_id for event in world.publisher.events} == {order["id"]}


async def test_the_answer_says_who_waits_for_whom_since_when_and_what_is_possible(world: World) -> None:
    order = await world.declare(message="Start im April")
    assert order["waiting"] == {"party": "SYSTEM", "since": "2026-11-24T09:00:00Z", "what": "check", "planned_on": None}
    assert order["number"] == f"V-2026-{order['id'][:8]}"
    world.pass_time(hours=2)
    await world.judge(order)
    seen = await world.read(order["id"], BEREITSTELLER)
    assert seen["waiting"] == {
        "party": "BEREITSTELLER",
        "since": "2026-11-24T11:00:00Z",
        "what": "start_clarification",
        "planned_on": None,
    }
    assert seen["your_party"] == "BEREITSTELLER"
    assert seen["allowed_moves"] == ["start_clarification", "decline"]
    assert (await world.read(order["id"]))["allowed_moves"] == ["change_channel", "withdraw"]
    assert (await world.read(order["id"], ANBIETER))["allowed_moves"] == ["expire"]
    assert seen["message"] == "Start im April"
    world.pass_time(hours=1)
    clarified = await world.step(order["id"], "clarification", BEREITSTELLER)
    assert clarified["waiting"] == {
        "party": "KUNDE",
        "since": "2026-11-24T12:00:00Z",
        "what": "settle_points",
        "planned_on": None,
    }
    assert {point["owner"] for point in clarified["points"]} == {"KUNDE", "BEREITSTELLER"}
    assert {point["since"] for point in clarified["points"]} == {"2026-11-24T12:00:00Z"}


async def test_persons_are_shown_to_their_own_side_only(world: World) -> None:
    order = await world.declare()
    await world.judge(order)
    assert [step["person"] for step in (await world.read(order["id"], KUNDE))["timeline"]] == ["kai", None]
    assert [step["person"] for step in (await world.read(order["id"], BEREITSTELLER))["timeline"]] == [None, None]


async def test_no_event_holds_values_questions_or_answers(world: World) -> None:
    order = await world.declare(message="geheime Nachricht")
    await world.judge(order)
    order = await world.step(order["id"], "clarification", BEREITSTELLER)
    order = await world.step(order["id"], "questions", KUNDE, {"text": "geheime Frage"})
    question = order["questions"][0]["id"]
    await world.step(order["id"], f"questions/{question}/answer", BEREITSTELLER, {"text": "geheime Antwort"})
    order = await world.step(order["id"], "points", KUNDE, {"label": "Gebühren", "owner": "BEREITSTELLER"})
    point = next(point for point in order["points"] if point["label"] == "Gebühren")
    await world.step(order["id"], f"points/{point['id']}/settle", BEREITSTELLER, {"value": "geheim", "note": "geheime Notiz"})
    assert not any("geheim" in event.body or "kai" in event.body for event in world.publisher.events)


async def test_a_refusal_shows_code_reason_and_remedy(world: World) -> None:
    order = await world.declare()
    await world.judge(order, Verdict.NOT_EXEMPT)
    order = await world.read(order["id"])
    assert order["state"] == "ABGELEHNT"
    refusal = {"code": "code_not_exempt", "reason": "Because of the facts.", "remedy": "Use govdigital.", "facts": None}
    assert order["refusal"] == refusal
    assert order["verdict"]["allowed_channels"] == ["govdigital"]
    assert isinstance(world.messages()[-1], OrderRefused)


async def test_the_bereitsteller_reads_that_the_pre_check_refused_the_order_and_not_why(world: World) -> None:
    order = await world.step((await world.offered())["id"], "place", KUNDE, PLACE)
    await world.judge(order, Verdict.NOT_EXEMPT)
    held = await world.read(order["id"], BEREITSTELLER)
    assert (held["state"], held["deadline"]["kind"], held["timeline"][-1]["note"]) == ("BESTELLT", "hold", None)
    world.pass_time(days=31)
    await Deadlines(Orders(world.resources), Settings().idle_after, world.clock).run()
    reported = {who: await world.read(order["id"], who) for who in (KUNDE, ANBIETER, BEREITSTELLER)}
    assert {seen["state"] for seen in reported.values()} == {"ABGELEHNT"}
    assert reported[KUNDE]["refusal"] == reported[ANBIETER]["refusal"] is not None
    assert (reported[BEREITSTELLER]["refusal"], reported[BEREITSTELLER]["timeline"][-1]["note"]) == (None, None)
    assert reported[KUNDE]["timeline"][-1]["note"] == "code_not_exempt"
    assert "code_not_exempt" not in str(reported[BEREITSTELLER])


async def test_the_bereitsteller_reads_why_the_processor_formed_no_contract(world: World) -> None:
    order = await world.step((await world.offered())["id"], "place", KUNDE, PLACE)
    await world.judge(order)
    await world.feed(world.received(refused(order["id"]), derived_id("contract")))
    assert (await world.read(order["id"], BEREITSTELLER))["contract_refusal"]["code"] == "no_agb"


async def test_missing_evidence_is_mended_by_a_recheck(world: World) -> None:
    order = await world.declare()
    await world.judge(order, Verdict.NO_EVIDENCE)
    order = await world.read(order["id"])
    assert (order["waiting"]["what"], order["verdict"]["remedy"]) == ("bring_evidence", "Use govdigital.")
    order = await world.step(order["id"], "recheck", KUNDE)
    assert (order["verdict"]["check"], order["verdict"]["pending"]) == (2, True)
    await world.judge(order)
    assert (await world.read(order["id"]))["state"] == "WEITERGELEITET"


async def test_a_verdict_sent_twice_asks_for_one_contract(world: World) -> None:
    order = await world.step((await world.offered())["id"], "place", KUNDE, PLACE)
    given = await world.judge(order)
    again = world.received(given, order["id"], seq=2, source=f"/eligibility/{order['id']}")
    await world.feed(again)
    await world.feed(again, world.received(given, order["id"], source=f"/eligibility/{order['id']}"))
    requests = [message for message in world.messages() if isinstance(message, ContractRequested)]
    assert len(requests) == 1
    assert requests[0].leitweg_id == PLACE["leitweg_id"]
    assert [event.topic for event in world.publisher.events if event.type == ContractRequested.TYPE] == [
        "contracts.govdigital.request.v1"
    ]


async def test_an_older_check_that_comes_late_is_ignored(world: World) -> None:
    order = await world.declare()
    await world.judge(order, Verdict.NO_EVIDENCE)
    await world.step(order["id"], "recheck", KUNDE)
    late = verdict(Verdict.NOT_EXEMPT, check=1, order_id=order["id"])
    assert await world.feed(world.received(late, order["id"], source=f"/eligibility/{order['id']}")) == []
    order = await world.read(order["id"])
    assert (order["state"], order["refused_events"]) == ("INTERESSE_BEKUNDET", [])


async def test_a_contract_event_twice_may_know_once(world: World) -> None:
    order = await world.contracted()
    await world.feed(world.received(concluded(order["id"]), "contract", seq=1))
    await world.feed(world.received(concluded(order["id"]), "contract"))
    assert sum(isinstance(message, OrderContracted) for message in world.messages()) == 1
    assert (await world.read(order["id"]))["refused_events"] == []


async def test_an_event_that_a_rule_refuses_is_shown_on_the_vorgang(world: World) -> None:
    order = await world.contracted()
    second = world.received(concluded(order["id"], number="GD/2026/0002"), "contract-2")
    assert await world.feed(second) == []
    seen = await world.read(order["id"])
    assert [(entry["code"], entry["event_id"]) for entry in seen["refused_events"]] == [("other_contract", second.cause.event_id)]
    assert seen["contract"]["number"] == "GD/2026/0001"


@pytest.mark.parametrize("make", [lambda world: world.received(verdict(), "v"), lambda world: world.received(concluded(), "c")])
async def test_an_event_for_an_unknown_vorgang_goes_to_the_dead_letters(world: World, make: object) -> None:
    assert callable(make)
    event = make(world)
    (rejection,) = await world.feed(event)
    assert isinstance(rejection, Rejection)
    assert (rejection.event, rejection.code) == (event, "order_not_found")


async def test_an_illegal_move_names_the_state_and_what_is_possible(world: World) -> None:
    order = await world.declare()
    answer = await world.post(f"/v1/orders/{order['id']}/place", KUNDE, PLACE)
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["code"], problem["current_state"]) == ("illegal_move", "INTERESSE_BEKUNDET")
    assert problem["allowed_moves"] == ["recheck", "change_channel", "withdraw"]


async def test_open_points_hold_up_the_conditions_with_a_code(world: World) -> None:
    order = await world.declare()
    await world.judge(order)
    await world.step(order["id"], "clarification", BEREITSTELLER)
    answer = await world.post(f"/v1/orders/{order['id']}/conditions", BEREITSTELLER, {"conditions": []})
    assert (answer.status_code, answer.json()["code"]) == (409, "points_open")
    assert Command.CONFIRM_CONDITIONS not in answer.json()["allowed_moves"]
    seen = await world.read(order["id"], BEREITSTELLER)
    assert [(it["command"], it["code"]) for it in seen["blocked_moves"]] == [("confirm_conditions", "points_open")]
    assert (await world.read(order["id"]))["blocked_moves"] == []


async def test_the_same_step_again_answers_200_and_tells_nothing(world: World) -> None:
    order = await world.step((await world.offered())["id"], "place", KUNDE, PLACE)
    reported = len(world.publisher.events)
    again = await world.post(f"/v1/orders/{order['id']}/place", KUNDE, PLACE)
    assert (again.status_code, again.json()) == (200, order)
    assert len(world.publisher.events) == reported


async def test_one_key_places_one_order(world: World) -> None:
    order = await world.offered()
    answers = [await world.post(f"/v1/orders/{order['id']}/place", KUNDE, PLACE, key="k-1") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.text for answer in answers}) == 1
    assert sum(isinstance(message, OrderPlaced) for message in world.messages()) == 1


async def test_an_order_without_consent_or_after_its_day_is_refused(world: World) -> None:
    order = await world.offered()
    path = f"/v1/orders/{order['id']}/place"
    without = await world.post(path, KUNDE, {**PLACE, "accepts_agb": False})
    assert (without.status_code, without.json()["code"]) == (422, "agb_not_accepted")
    world.pass_time(days=60)
    late = await world.post(path, KUNDE, PLACE)
    assert (late.status_code, late.json()["code"]) == (409, "offer_expired")


async def test_a_change_made_for_an_older_revision_is_refused(world: World) -> None:
    order = await world.declare()
    path = f"/v1/orders/{order['id']}/withdraw"
    stale = await world.post(path, KUNDE, None, **{"If-Match": '"7"'})
    assert stale.status_code == 412
    new_only = await world.post(path, KUNDE, None, **{"If-None-Match": "*"})
    assert new_only.status_code == 412
    tag = (await world.get(f"/v1/orders/{order['id']}", KUNDE)).headers["etag"]
    assert (await world.post(path, KUNDE, {"reason": "Haushalt"}, **{"If-Match": tag})).status_code == 200


async def test_the_vocabulary_has_a_word_for_every_code(world: World) -> None:
    answer = await world.get("/v1/order-vocabulary", None)
    assert answer.status_code == 200
    assert answer.json()["states"]["WEITERGELEITET"]["de"] == "An den Bereitsteller weitergeleitet"
    assert len(answer.json()["moves"]) > len(Command)


async def test_the_interest_needs_a_key(world: World) -> None:
    async with client(world.app, KUNDE) as http:
        answer = await http.post("/v1/orders", json=INTEREST)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


async def test_the_api_describes_each_step_with_an_answer_and_examples(world: World) -> None:
    document = (await world.get("/openapi.json", None)).json()
    steps = [path for path in document["paths"] if path.startswith("/v1/orders/{order_id}/")]
    assert len(steps) == 27
    for path in steps:
        answer = document["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer == {"$ref": "#/components/schemas/OrderView"}
    assert document["components"]["schemas"]["PlaceOrder"]["properties"]["leitweg_id"]["examples"] == ["04011000-900X999-08"]


async def test_a_body_with_an_unknown_field_is_refused(world: World) -> None:
    answer = await world.post("/v1/orders", KUNDE, {**INTEREST, "customer": "010510044045"})
    assert answer.status_code == 422


async def test_a_repeat_of_a_request_that_was_cut_off_succeeds_though_the_vorgang_has_gone_on(world: World) -> None:
    """The process died after the order was saved and before its answer was kept: the client asks again under its key."""
    order = await world.offered()
    first = await world.post(f"/v1/orders/{order['id']}/place", KUNDE, {"accepts_agb": True}, key="cut-off")
    assert first.status_code == 200, first.text
    placed = await world.read(order["id"])
    await world.judge(placed)
    await world.feed(world.received(concluded(order["id"]), order["id"], source="/contracts/one"))
    before = len(world.publisher.events)
    marks = await world.store.find(COLLECTION, Query("expiry", limit=200))
    await world.store.delete(COLLECTION, [mark["_id"] for mark in marks])

    again = await world.post(f"/v1/orders/{order['id']}/place", KUNDE, {"accepts_agb": True}, key="cut-off")
    other = await world.post(f"/v1/orders/{order['id']}/place", KUNDE, {"accepts_agb": True}, key="another-key")

    assert again.status_code == 200, again.text
    assert (again.status_code, again.json()["state"]) == (200, "VERTRAG_GESCHLOSSEN")
    assert (other.status_code, other.json()["code"]) == (409, "illegal_move")
    assert len(world.publisher.events) == before
