"""Who may begin a Vorgang, who may see it, and that there is one at a time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.ordering.domain.guards import MOST_CHECKS
from shared.http.idempotency import COLLECTION
from shared.ids import derived_id
from shared.messages.catalog import OfferingChanged, OfferingSuspended
from shared.messages.ordering import InterestDeclared
from shared.messages.values import Channel, OfferingState, Verdict
from shared.store.port import Query
from tests.component.ordering.ordering_world import (
    ANBIETER,
    BEREITSTELLER,
    INTEREST,
    KUNDE,
    OTHER_ANBIETER,
    STRANGER,
    World,
)
from tests.support.builders.orders import OFFERING_ID, offering

pytestmark = pytest.mark.slow

EVERYBODY_ELSE = [STRANGER, OTHER_ANBIETER, "gov/govdigital/KUNDE"]
STEPS: list[tuple[str, Any]] = [
    ("recheck", None),
    ("clarification", None),
    ("points", {"label": "X", "owner": "KUNDE"}),
    (f"points/{derived_id('p')}/settle", {"value": "X"}),
    ("questions", {"text": "X"}),
    (f"questions/{derived_id('q')}/answer", {"text": "X"}),
    ("conditions", {"conditions": []}),
    ("decline", {"reason": "X"}),
    ("offer", {"valid_until": "2026-12-31"}),
    ("place", {"accepts_agb": True}),
    ("onboarding", None),
    ("milestones/acceptance/reach", None),
    ("go-live", None),
    ("withdraw", None),
    ("expire", None),
    ("terminate", {"ends_on": "2026-12-31"}),
    ("end", None),
]


@pytest.mark.parametrize("who", EVERYBODY_ELSE)
async def test_who_has_no_part_in_a_vorgang_does_not_find_it(world: World, who: str) -> None:
    order = await world.declare()
    unknown = await world.get(f"/v1/orders/{derived_id('nothing')}", who)
    hidden = await world.get(f"/v1/orders/{order['id']}", who)
    assert (unknown.status_code, hidden.status_code) == (404, 404)
    assert unknown.json()["code"] == hidden.json()["code"] == "order_not_found"
    assert (await world.get("/v1/orders", who)).json() == {"items": [], "next": None}


@pytest.mark.slow
@pytest.mark.parametrize(("step", "body"), STEPS, ids=[step for step, _ in STEPS])
@pytest.mark.parametrize(
    "headers", [{}, {"If-Match": '"99"'}, {"If-Match": "*"}, {"If-None-Match": "*"}], ids=["plain", "stale", "any", "none"]
)
async def test_no_step_tells_a_stranger_that_the_vorgang_exists(
    world: World, step: str, body: Any, headers: dict[str, str]
) -> None:
    order = await world.declare()
    answer = await world.post(f"/v1/orders/{order['id']}/{step}", STRANGER, body, **headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "order_not_found")


async def test_without_the_role_of_a_side_its_members_may_read_but_not_act(world: World) -> None:
    order = await world.declare()
    reader = f"rita/{order['customer']['id']}/KLIENT"
    assert (await world.get(f"/v1/orders/{order['id']}", reader)).status_code == 200
    assert (await world.post(f"/v1/orders/{order['id']}/withdraw", reader)).status_code == 403


@pytest.mark.parametrize("who", [BEREITSTELLER, ANBIETER])
async def test_a_step_of_the_kunde_is_not_for_the_others(world: World, who: str) -> None:
    order = await world.declare()
    await world.judge(order)
    answer = await world.post(f"/v1/orders/{order['id']}/withdraw", who)
    assert (answer.status_code, answer.json()["allowed_actors"]) == (403, ["KUNDE"])


async def test_only_a_kunde_declares_interest(world: World) -> None:
    answer = await world.post("/v1/orders", "bea/dataport/BEREITSTELLER", INTEREST)
    assert answer.status_code == 403


async def test_an_unknown_offer_is_not_found_with_a_hint(world: World) -> None:
    answer = await world.post("/v1/orders", KUNDE, {**INTEREST, "offering_id": derived_id("nothing")})
    assert (answer.status_code, answer.json()["code"]) == (404, "offering_not_found")
    assert "/v1/offerings" in answer.json()["detail"]


async def test_a_channel_that_is_not_listed_is_refused_with_those_that_are(world: World) -> None:
    answer = await world.post("/v1/orders", KUNDE, {**INTEREST, "channel": "fitko"})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["channels"]) == (409, "channel_not_offered", ["govdigital"])


async def test_a_channel_that_an_ended_accreditation_has_closed_is_refused_until_it_opens_again(world: World) -> None:
    closed = OfferingChanged(offering=offering(orderable_channels=()))
    await world.feed(world.received(closed, OFFERING_ID))
    answer = await world.post("/v1/orders", KUNDE, INTEREST)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["channels"]) == (409, "channel_not_offered", [])
    assert "accreditation" in problem["detail"]
    opened = OfferingChanged(offering=offering(orderable_channels=(Channel.GOVDIGITAL,)))
    await world.feed(world.received(opened, OFFERING_ID))
    assert (await world.post("/v1/orders", KUNDE, INTEREST)).status_code == 201


async def test_a_suspended_offer_takes_no_interest(world: World) -> None:
    suspended = OfferingSuspended(offering=offering(state=OfferingState.AUSGESETZT), reason="Wartung")
    await world.feed(world.received(suspended, OFFERING_ID))
    answer = await world.post("/v1/orders", KUNDE, INTEREST)
    assert (answer.status_code, answer.json()["code"], answer.json()["channels"]) == (409, "offering_not_orderable", [])


async def test_an_older_state_of_an_offer_that_comes_late_does_not_come_back(world: World) -> None:
    suspended = OfferingSuspended(offering=offering(state=OfferingState.AUSGESETZT), reason="Wartung")
    changed = OfferingChanged(offering=offering(version=4))
    await world.feed(world.received(suspended, OFFERING_ID, seq=5))
    assert await world.feed(world.received(changed, OFFERING_ID, seq=4)) == []
    assert (await world.post("/v1/orders", KUNDE, INTEREST)).status_code == 409


async def test_one_does_not_order_from_oneself(world: World) -> None:
    answer = await world.post("/v1/orders", "bea/komm-one/KUNDE+BEREITSTELLER", INTEREST)
    assert (answer.status_code, answer.json()["code"]) == (422, "own_offering")


async def test_the_version_is_pinned_at_the_interest(world: World) -> None:
    order = await world.declare()
    await world.feed(world.received(OfferingChanged(offering=offering(version=4, title="Neu")), OFFERING_ID))
    assert (await world.read(order["id"]))["offering"] == {"id": OFFERING_ID, "title": "Digitale Baugenehmigung", "version": 3}


async def test_a_second_interest_names_the_open_vorgang(world: World) -> None:
    order = await world.declare()
    answer = await world.post("/v1/orders", KUNDE, INTEREST)
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["code"], problem["order_id"], problem["number"]) == ("open_order_exists", order["id"], order["number"])


async def test_a_new_interest_is_possible_once_the_vorgang_is_over_as_often_as_one_likes(world: World) -> None:
    ids = set()
    for _ in range(6):
        order = await world.declare()
        ids.add(order["id"])
        await world.step(order["id"], "withdraw", KUNDE)
    assert len(ids) == 6


async def test_of_many_interests_at_once_one_comes_in(world: World) -> None:
    answers = await asyncio.gather(*(world.post("/v1/orders", KUNDE, INTEREST) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    assert sum(isinstance(message, InterestDeclared) for message in world.messages()) == 1


async def test_one_key_declares_one_interest(world: World) -> None:
    answers = [await world.post("/v1/orders", KUNDE, INTEREST, key="k-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].text == answers[1].text
    assert answers[0].headers["location"] == f"/v1/orders/{answers[0].json()['id']}"
    assert world.publisher.types() == [InterestDeclared.TYPE]


async def test_a_key_whose_answer_was_lost_finds_its_vorgang_again(world: World) -> None:
    first = await world.post("/v1/orders", KUNDE, INTEREST, key="k-1")
    marks = await world.store.find(COLLECTION, Query("expiry"))
    await world.store.delete(COLLECTION, [mark["_id"] for mark in marks])
    again = await world.post("/v1/orders", KUNDE, INTEREST, key="k-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert world.publisher.types() == [InterestDeclared.TYPE]


async def test_lists_hold_ones_own_newest_first_page_by_page(world: World) -> None:
    expected: list[str] = []
    for number in range(5):
        other = derived_id("offering", str(number))
        await world.offer(offering(id=other))
        world.pass_time(minutes=1)
        order = await world.declare(offering_id=other)
        await world.judge(order)
        expected.insert(0, order["id"])
    await world.step(expected[0], "withdraw", KUNDE)
    for who in (KUNDE, BEREITSTELLER, ANBIETER):
        seen: list[str] = []
        cursor = None
        while True:
            params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = (await world.get("/v1/orders", who, **params)).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == expected
    withdrawn = (await world.get("/v1/orders", KUNDE, state="ZURUECKGEZOGEN")).json()["items"]
    assert [item["id"] for item in withdrawn] == expected[:1]
    assert (await world.get("/v1/orders", KUNDE, party="BEREITSTELLER")).json()["items"] == []


async def test_the_bereitsteller_learns_of_an_interest_when_it_is_forwarded_and_not_before(world: World) -> None:
    order = await world.declare()
    assert (await world.get(f"/v1/orders/{order['id']}", BEREITSTELLER)).status_code == 404
    assert (await world.get("/v1/orders", BEREITSTELLER)).json()["items"] == []
    assert (await world.post(f"/v1/orders/{order['id']}/decline", BEREITSTELLER, {"reason": "Nein."})).status_code == 404
    await world.judge(order)
    assert (await world.read(order["id"], BEREITSTELLER))["state"] == "WEITERGELEITET"
    assert [item["id"] for item in (await world.get("/v1/orders", BEREITSTELLER)).json()["items"]] == [order["id"]]


async def test_a_refused_interest_is_never_shown_to_the_bereitsteller(world: World) -> None:
    order = await world.declare()
    await world.judge(order, Verdict.NOT_EXEMPT)
    assert (await world.read(order["id"], KUNDE))["state"] == "ABGELEHNT"
    assert (await world.get(f"/v1/orders/{order['id']}", BEREITSTELLER)).status_code == 404
    assert (await world.get("/v1/orders", BEREITSTELLER)).json()["items"] == []


async def test_an_organisation_sees_what_it_orders_and_what_it_provides_in_one_list(world: World) -> None:
    both = f"kim/{(await world.declare())['customer']['id']}/KUNDE+BEREITSTELLER"
    own = derived_id("own")
    customer = both.split("/")[1]
    provider = offering().provider.model_copy(update={"id": customer})
    await world.offer(offering(id=own, provider=provider))
    await world.judge(await world.declare("sam/dataport/KUNDE", offering_id=own))
    items = (await world.get("/v1/orders", both)).json()["items"]
    assert sorted(item["your_party"] for item in items) == ["BEREITSTELLER", "KUNDE"]


async def test_the_correlation_id_of_every_request_of_a_vorgang_is_its_id(world: World) -> None:
    declared = await world.post("/v1/orders", KUNDE, INTEREST)
    order_id = declared.json()["id"]
    step = await world.post(f"/v1/orders/{order_id}/withdraw", KUNDE)
    read = await world.get(f"/v1/orders/{order_id}", KUNDE)
    assert [answer.headers["x-correlation-id"] for answer in (declared, step, read)] == [order_id] * 3
    assert (await world.get("/v1/orders", KUNDE)).headers["x-correlation-id"] != order_id


@pytest.mark.parametrize("step", ["offer", "terminate"])
async def test_a_day_at_the_end_of_the_calendar_is_refused_as_input(world: World, step: str) -> None:
    body = {"valid_until" if step == "offer" else "ends_on": "9999-12-31"}
    order = await (world.declare() if step == "offer" else world.contracted())
    answer = await world.post(f"/v1/orders/{order['id']}/{step}", ANBIETER, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_kunde_and_anbieter_see_the_grounds_of_the_pre_check_the_bereitsteller_the_result(world: World) -> None:
    order = await world.declare()
    await world.judge(order, Verdict.RISK, signed_off_by="anna")
    for who in (KUNDE, ANBIETER):
        seen = (await world.read(order["id"], who))["verdict"]
        assert (seen["verdict"], seen["signed_off_by"]) == ("RISK", "anna")
        assert seen["findings"]
        assert seen["reason"]
    seen = (await world.read(order["id"], BEREITSTELLER))["verdict"]
    assert seen["verdict"] == "RISK"
    hidden = ("code", "reason", "remedy", "rule_set", "signed_off_by")
    assert [seen[name] for name in hidden] == [None] * len(hidden)
    assert (seen["findings"], seen["allowed_channels"]) == ([], [])


async def test_which_other_channels_are_open_may_know_to_the_kunde_alone(world: World) -> None:
    order = await world.declare()
    given = await world.judge(order, Verdict.NO_EVIDENCE)
    channels = [Channel.FITKO, Channel.GOVDIGITAL]
    open_everywhere = given.model_copy(
        update={
            "check": 2,
            "verdict_id": derived_id("second"),
            "assessment": given.assessment.model_copy(update={"allowed_channels": tuple(channels)}),
        }
    )
    await world.step(order["id"], "recheck", KUNDE)
    assert await world.feed(world.received(open_everywhere, order["id"], source=f"/eligibility/{order['id']}")) == []
    assert (await world.read(order["id"], KUNDE))["verdict"]["allowed_channels"] == channels
    assert (await world.read(order["id"], ANBIETER))["verdict"]["allowed_channels"] == [Channel.GOVDIGITAL]


async def test_a_vorgang_is_checked_anew_only_so_often(world: World) -> None:
    order = await world.declare()
    await world.judge(order, Verdict.NO_EVIDENCE)
    for _ in range(MOST_CHECKS - 1):
        order = await world.step(order["id"], "recheck", KUNDE)
        await world.judge(order, Verdict.NO_EVIDENCE)
    refused = await world.post(f"/v1/orders/{order['id']}/recheck", KUNDE)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_checks")
    assert refused.json()["allowed_moves"] == ["withdraw"]


@pytest.mark.parametrize(
    ("step", "who", "body"),
    [
        ("conditions", BEREITSTELLER, {"conditions": ["a\u0001b"]}),
        ("decline", BEREITSTELLER, {"reason": "a\u0000b"}),
        ("withdraw", KUNDE, {"reason": "a\u007fb"}),
    ],
)
async def test_control_characters_in_a_text_are_refused_as_input(world: World, step: str, who: str, body: dict[str, Any]) -> None:
    order = await world.declare()
    await world.judge(order)
    order = await world.step(order["id"], "clarification", BEREITSTELLER)
    await world.settle(order)
    answer = await world.post(f"/v1/orders/{order['id']}/{step}", who, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
