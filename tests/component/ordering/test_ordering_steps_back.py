"""Steps back over HTTP, as the three sides take them."""

from __future__ import annotations

import pytest

from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, KUNDE, World


async def test_an_amended_offer_is_accepted_by_its_number_only(world: World) -> None:
    order = await world.offered()
    assert order["offer_number"] == 1
    amended = await world.step(order["id"], "offer/amend", ANBIETER, {"valid_until": "2026-12-15", "reason": "Falsche Frist"})
    assert (amended["state"], amended["offer_number"], amended["valid_until"]) == ("ANGEBOT_ERSTELLT", 2, "2026-12-15")
    unread = await world.post(f"/v1/orders/{order['id']}/place", KUNDE, {"accepts_agb": True})
    assert (unread.status_code, unread.json()["code"]) == (409, "offer_changed")
    placed = await world.step(order["id"], "place", KUNDE, {"accepts_agb": True, "offer_number": 2})
    assert placed["state"] == "BESTELLT"


async def test_a_withdrawn_offer_shows_its_reason_to_all_sides(world: World) -> None:
    order = await world.offered()
    await world.step(order["id"], "offer/withdraw", ANBIETER, {"reason": "Die Preise waren falsch."})
    for who in (KUNDE, BEREITSTELLER, ANBIETER):
        seen = await world.read(order["id"], who)
        assert (seen["state"], seen["offer_number"], seen["price_items"]) == ("ABGESTIMMT", None, [])
        assert (seen["timeline"][-1]["command"], seen["timeline"][-1]["note"]) == ("withdraw_offer", "Die Preise waren falsch.")


@pytest.mark.parametrize("who", [KUNDE, BEREITSTELLER])
async def test_either_side_reopens_the_abstimmung_and_it_is_agreed_again(world: World, who: str) -> None:
    order = await world.offered()
    points = order["points"]
    back = await world.step(order["id"], "clarification/reopen", who, {"reason": "Das Fachverfahren wird gewechselt."})
    assert (back["state"], back["points"], back["waiting"]["what"]) == ("IN_ABSTIMMUNG", points, "confirm_conditions")
    agreed = await world.step(order["id"], "conditions", BEREITSTELLER, {"conditions": ["Nur mit Gateway."]})
    assert agreed["state"] == "ABGESTIMMT"


async def test_a_step_back_needs_a_reason(world: World) -> None:
    order = await world.offered()
    for step, who in (("clarification/reopen", KUNDE), ("offer/withdraw", ANBIETER)):
        refused = await world.post(f"/v1/orders/{order['id']}/{step}", who, {})
        assert refused.status_code == 422
