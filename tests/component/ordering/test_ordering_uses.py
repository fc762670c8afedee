"""The Kunde reports the uses of a month, from productive use on; a later report replaces the earlier one."""

from __future__ import annotations

from typing import Any

from shared.messages.ordering import UsesReported
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, KUNDE, World


async def productive(world: World) -> dict[str, Any]:
    """Return a Vorgang in productive use."""
    order = await world.step((await world.contracted())["id"], "onboarding", BEREITSTELLER)
    for milestone in order["milestones"]:
        who = KUNDE if milestone["owner"] == "KUNDE" else BEREITSTELLER
        await world.step(order["id"], f"milestones/{milestone['code']}/reach", who)
    return await world.step(order["id"], "go-live", BEREITSTELLER)


async def test_a_report_is_seen_by_all_parties_and_corrected_by_another_one(world: World) -> None:
    order = await productive(world)
    assert "report_uses" in (await world.read(order["id"]))["allowed_moves"]
    await world.step(order["id"], "uses", KUNDE, {"period": "2026-10", "count": 7})
    await world.step(order["id"], "uses", KUNDE, {"period": "2026-09", "count": 5})
    corrected = await world.step(order["id"], "uses", KUNDE, {"period": "2026-10", "count": 9})
    assert [(it["period"], it["count"]) for it in corrected["uses"]] == [("2026-09", 5), ("2026-10", 9)]
    for who in (BEREITSTELLER, ANBIETER):
        assert (await world.read(order["id"], who))["uses"] == corrected["uses"]
    reports = [message for message in world.messages() if isinstance(message, UsesReported)]
    assert [(it.period, it.count, it.corrected) for it in reports] == [
        ("2026-10", 7, False),
        ("2026-09", 5, False),
        ("2026-10", 9, True),
    ]


async def test_the_same_report_again_changes_nothing(world: World) -> None:
    order = await productive(world)
    first = await world.post(f"/v1/orders/{order['id']}/uses", KUNDE, {"period": "2026-10", "count": 7})
    again = await world.post(f"/v1/orders/{order['id']}/uses", KUNDE, {"period": "2026-10", "count": 7})
    assert (first.headers["ETag"], first.json()["uses"]) == (again.headers["ETag"], again.json()["uses"])


async def test_a_month_to_come_and_a_service_that_was_never_productive_are_refused(world: World) -> None:
    order = await productive(world)
    future = await world.post(f"/v1/orders/{order['id']}/uses", KUNDE, {"period": "2027-01", "count": 7})
    assert (future.status_code, future.json()["code"]) == (422, "period_in_future")
    other = await world.post(f"/v1/orders/{order['id']}/uses", BEREITSTELLER, {"period": "2026-10", "count": 7})
    assert (other.status_code, other.json()["code"]) == (403, "forbidden")


async def test_uses_are_reported_after_notice_was_given_only_if_there_were_any(world: World) -> None:
    contracted = await world.contracted()
    early = await world.post(f"/v1/orders/{contracted['id']}/uses", KUNDE, {"period": "2026-10", "count": 7})
    assert (early.status_code, early.json()["code"]) == (409, "illegal_move")
    await world.terminate(contracted["id"], "2026-12-31")
    never = await world.post(f"/v1/orders/{contracted['id']}/uses", KUNDE, {"period": "2026-10", "count": 7})
    assert (never.status_code, never.json()["code"]) == (409, "never_productive")


async def test_uses_of_the_last_month_are_reported_after_notice(world: World) -> None:
    order = await productive(world)
    await world.terminate(order["id"], "2026-12-31")
    reported = await world.step(order["id"], "uses", KUNDE, {"period": "2026-11", "count": 3})
    assert [it["count"] for it in reported["uses"]] == [3]
