"""Each channel of an offer is its Anbieter's own: one of them suspends theirs, and the other's goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.component.catalog.conftest import BETREIBER, FITKO, GOVDIGITAL, KOMM_ONE, World


@pytest.fixture(name="offering_id")
async def _offering_id(world: World) -> str:
    """An offer in both channels."""
    offering_id = await world.published(channels=["govdigital", "fitko"])
    assert (await world.do(FITKO, offering_id, "bereitstellungsvertrag")).status_code == 200
    await world.contracts_answer()
    return offering_id


async def read(world: World, offering_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await world.as_(None).get(f"/v1/offerings/{offering_id}")).json()
    return found


def last(world: World) -> tuple[str, dict[str, Any]]:
    event = world.publisher.events[-1]
    return event.type, json.loads(event.body)


async def test_an_anbieter_suspends_their_channel_and_the_other_one_goes_on(world: World, offering_id: str) -> None:
    answer = await world.do(GOVDIGITAL, offering_id, "suspend", reason="Umstellung")
    assert answer.status_code == 200
    shown = await read(world, offering_id)
    assert (shown["state"], shown["orderable"], shown["orderable_channels"]) == ("VEROEFFENTLICHT", True, ["fitko"])
    assert shown["suspension"] is None
    assert [(it["channel"], it["by"], it["reason"]) for it in shown["channel_suspensions"]] == [
        ("govdigital", "govdigital", "Umstellung")
    ]
    assert (await world.search(channel="fitko", orderable="true"))["total"] == 1
    assert (await world.search(channel="govdigital", orderable="true"))["total"] == 0


async def test_only_the_anbieter_of_the_channel_and_the_operator_lift_its_suspension(world: World, offering_id: str) -> None:
    await world.do(GOVDIGITAL, offering_id, "suspend", reason="Umstellung")
    for other in (FITKO, KOMM_ONE):
        assert (await world.do(other, offering_id, "resume")).status_code == 200  # theirs is not suspended
        assert (await read(world, offering_id))["orderable_channels"] == ["fitko"]
    for lifter in (GOVDIGITAL, BETREIBER):
        await world.do(GOVDIGITAL, offering_id, "suspend", reason="Umstellung")
        assert (await world.do(lifter, offering_id, "resume")).status_code == 200
        assert (await read(world, offering_id))["orderable_channels"] == ["govdigital", "fitko"]


async def test_an_offer_whose_channels_are_all_suspended_is_suspended(world: World, offering_id: str) -> None:
    await world.do(GOVDIGITAL, offering_id, "suspend", reason="Umstellung")
    await world.do(FITKO, offering_id, "suspend", reason="Vorfall")
    shown = await read(world, offering_id)
    assert (shown["state"], shown["orderable"], shown["suspension"]["by"]) == ("AUSGESETZT", False, "govdigital")
    refused = await world.do(KOMM_ONE, offering_id, "resume")
    assert (refused.status_code, refused.json()["code"]) == (403, "suspended_by_other")
    await world.do(FITKO, offering_id, "resume")
    shown = await read(world, offering_id)
    assert (shown["state"], shown["orderable_channels"], shown["suspension"]) == ("VEROEFFENTLICHT", ["fitko"], None)


async def test_the_bereitsteller_suspends_the_whole_offer_also_beside_an_anbieter(world: World, offering_id: str) -> None:
    await world.do(GOVDIGITAL, offering_id, "suspend", reason="Umstellung")
    await world.do(KOMM_ONE, offering_id, "suspend", reason="Wartung")
    shown = await read(world, offering_id)
    assert (shown["state"], shown["suspension"]["by"]) == ("AUSGESETZT", "komm_one")
    assert (await world.do(GOVDIGITAL, offering_id, "resume")).json()["state"] == "AUSGESETZT"
    refused = await world.do(GOVDIGITAL, offering_id, "resume")
    assert (refused.status_code, refused.json()["suspended_by"]) == (403, "komm_one")
    assert (await world.do(KOMM_ONE, offering_id, "resume")).json()["orderable_channels"] == ["govdigital", "fitko"]


async def test_the_events_name_who_did_it_and_the_channel(world: World, offering_id: str) -> None:
    await world.do(GOVDIGITAL, offering_id, "suspend", reason="Umstellung")
    kind, suspended = last(world)
    assert (kind, suspended["channel"], suspended["by"]["id"]) == ("catalog.offering.suspended.v1", "govdigital", "govdigital")
    assert suspended["offering"]["orderable_channels"] == ["fitko"]
    await world.do(GOVDIGITAL, offering_id, "resume")
    kind, resumed = last(world)
    assert (kind, resumed["channel"]) == ("catalog.offering.resumed.v1", "govdigital")
    assert "channel_suspensions" not in resumed["offering"]
    await world.do(KOMM_ONE, offering_id, "suspend", reason="Wartung")
    kind, whole = last(world)
    assert (kind, "channel" in whole) == ("catalog.offering.suspended.v1", False)


async def test_an_anbieter_without_a_bereitstellungsvertrag_has_no_channel_to_suspend(world: World) -> None:
    offering_id = await world.published(channels=["govdigital", "fitko"])
    refused = await world.do(FITKO, offering_id, "suspend", reason="X")
    assert (refused.status_code, refused.json()["code"]) == (422, "channel_not_listed")


async def test_a_repeat_changes_nothing_and_the_moves_follow_what_is_suspended(world: World, offering_id: str) -> None:
    async def moves() -> list[str]:
        answer = (await world.as_(GOVDIGITAL).get(f"/v1/offerings/{offering_id}")).json()
        return [move for move in answer["workflow"]["allowed_moves"] if move in ("suspend", "resume")]

    assert await moves() == ["suspend"]
    first = await world.do(GOVDIGITAL, offering_id, "suspend", reason="Umstellung")
    again = await world.do(GOVDIGITAL, offering_id, "suspend", reason="Anderes")
    assert (again.json(), again.headers["ETag"]) == (first.json(), first.headers["ETag"])
    assert await moves() == ["resume"]
