"""Steps back over HTTP, as the three sides take them."""

from __future__ import annotations

import pytest

from services.ordering import repository
from shared.messages.catalog import ChannelListing
from shared.messages.values import Channel
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, INTEREST, KUNDE, OTHER_ANBIETER, World
from tests.support.builders.orders import T0, offering


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


async def both_channels(world: World) -> None:
    """Have the offer listed by both Anbieter."""
    listings = tuple(
        ChannelListing(channel=it, bereitstellungsvertrag=f"B-{it}", signed_at=T0) for it in (Channel.GOVDIGITAL, Channel.FITKO)
    )
    await world.offer(offering(version=4, channels=listings))


async def test_who_changes_the_channel_is_seen_by_the_other_anbieter_and_no_more_by_the_first(world: World) -> None:
    order = await world.offered()
    await both_channels(world)
    changed = await world.step(order["id"], "channel", KUNDE, {"channel": "fitko", "reason": "Dort akkreditiert"})
    assert (changed["state"], changed["channel"], changed["points"]) == ("INTERESSE_BEKUNDET", "fitko", order["points"])
    assert (await world.get(f"/v1/orders/{order['id']}", ANBIETER)).status_code == 404
    await world.judge(changed)
    seen = await world.read(order["id"], OTHER_ANBIETER)
    assert (seen["state"], seen["waiting"]["what"]) == ("IN_ABSTIMMUNG", "confirm_conditions")
    await world.step(order["id"], "conditions", BEREITSTELLER, {"conditions": []})
    offered = await world.step(order["id"], "offer", OTHER_ANBIETER, {"valid_until": "2026-12-31"})
    assert offered["offer_number"] == 2


async def test_there_is_one_open_vorgang_for_an_offer_and_channel_whoever_changes(world: World) -> None:
    await both_channels(world)
    first = await world.declare()
    second = await world.declare(channel="fitko")
    refused = await world.post(f"/v1/orders/{first['id']}/channel", KUNDE, {"channel": "fitko"})
    assert (refused.status_code, refused.json()["code"]) == (409, "open_order_exists")
    await world.step(second["id"], "withdraw", KUNDE)
    await world.step(first["id"], "channel", KUNDE, {"channel": "fitko"})
    taken = await world.post("/v1/orders", KUNDE, {**INTEREST, "channel": "fitko"})
    assert (taken.status_code, taken.json()["order_id"]) == (409, first["id"])
    again = await world.declare()
    assert again["id"] not in (first["id"], second["id"])
    back = await world.post(f"/v1/orders/{first['id']}/channel", KUNDE, {"channel": "govdigital"})
    assert (back.status_code, back.json()["code"]) == (409, "open_order_exists")


async def test_a_channel_is_changed_to_and_fro(world: World) -> None:
    await both_channels(world)
    order = await world.declare()
    for channel in ("fitko", "govdigital", "fitko"):
        order = await world.step(order["id"], "channel", KUNDE, {"channel": channel})
        assert order["channel"] == channel


async def test_a_channel_in_which_all_places_were_taken_is_changed_to_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await both_channels(world)
    first = await world.declare(channel="fitko")
    await world.step(first["id"], "withdraw", KUNDE)
    order = await world.declare()
    monkeypatch.setattr(repository, "MOST_GENERATIONS", 1)
    refused = await world.post(f"/v1/orders/{order['id']}/channel", KUNDE, {"channel": "fitko"})
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_orders")
    assert (await world.read(order["id"]))["channel"] == "govdigital"
