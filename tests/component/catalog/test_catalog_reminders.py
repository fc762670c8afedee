"""Reminders of Anbieter over the store: found, given once whoever looks, published, and no more once it is decided."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

from services.catalog.domain.reminders import Schedule
from services.catalog.reminders import Reminders
from services.catalog.repository import Offerings
from shared.reminders import read_schedule
from tests.component.catalog.conftest import GOVDIGITAL, KOMM_ONE, MUSTS, World
from tests.support.builders.offerings import form_body

BOTH = ["govdigital", "fitko"]
ENDINGS = (".reminded.v1", ".escalated.v1")


async def look(world: World) -> None:
    schedule = read_schedule(Schedule, None, "services.catalog")
    await Reminders(Offerings(world.resources), schedule, world.clock).run()


def given(world: World) -> list[tuple[str, str, tuple[str, ...], bool]]:
    """Return kind, offer, channels and whether a version waits, of all reminders that were given."""
    found = [
        (event.type.split(".")[2], json.loads(event.body)) for event in world.publisher.events if event.type.endswith(ENDINGS)
    ]
    return [(kind, it["submission"]["offering_id"], tuple(it["submission"]["channels"]), it["new_version"]) for kind, it in found]


async def test_who_lets_a_form_lie_is_reminded_once_however_many_look_and_no_more_once_it_is_decided(world: World) -> None:
    offering_id = (await world.draft(channels=BOTH))["id"]
    await world.do(KOMM_ONE, offering_id, "submit")
    await look(world)
    assert given(world) == []
    world.clock.time = datetime(2026, 12, 8, 9, tzinfo=UTC)
    await asyncio.gather(*(look(world) for _ in range(3)))
    assert sorted(given(world)) == [("reminded", offering_id, (channel,), False) for channel in sorted(BOTH)]
    await world.do(GOVDIGITAL, offering_id, "accept")
    world.clock.time += timedelta(days=8)
    await look(world)
    assert given(world)[2:] == [("escalated", offering_id, ("fitko",), False)]


async def test_a_version_that_waits_is_reminded_of_by_the_service_itself(world: World) -> None:
    offering_id = await world.published()
    tag = (await world.as_(KOMM_ONE).get(f"/v1/offerings/{offering_id}")).headers["ETag"]
    body = form_body(MUSTS, reifegrad=4)
    assert (await world.as_(KOMM_ONE).put(f"/v1/offerings/{offering_id}", json=body, headers={"If-Match": tag})).is_success
    world.clock.time += timedelta(days=8)
    (periodic,) = [it for it in world.service.periodic if it.name == "catalog.reminders"]
    await periodic.run()
    await periodic.run()
    assert given(world) == [("reminded", offering_id, ("govdigital",), True)]
    assert (await world.do(GOVDIGITAL, offering_id, "accept")).is_success
    world.clock.time += timedelta(days=60)
    await periodic.run()
    assert len(given(world)) == 1
