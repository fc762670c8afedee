"""The processor reminds of accessions that end: the body that has acceded, and the one whose contract it uses."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta

from services.contracts.app import processor
from shared.messages.contracts_reminders import AccessionEndEscalated, AccessionEndReminded
from shared.messages.values import Channel
from tests.component.contracts.test_contracts_accessions import KOMMUNE, accede, ask, world
from tests.component.contracts.test_contracts_notice import World

__all__ = ["world"]

LAST = date(2027, 12, 31)


async def look(world: World, day: date) -> None:
    """Have both processors look at a morning, one of them twice."""
    world.now = datetime.combine(day, time(9), UTC)
    for channel in (Channel.FITKO, Channel.GOVDIGITAL, Channel.FITKO):
        run = next(it for it in processor(channel)(world.resources).periodic if it.name == f"contracts.{channel}.reminders")
        await run.run()


def told(world: World) -> list[str]:
    kinds = {AccessionEndReminded.TYPE: "reminded", AccessionEndEscalated.TYPE: "escalated"}
    return [kinds[it.type] for it in world.publisher.events if it.type in kinds]


async def test_an_accession_declared_with_its_last_day_has_the_reminders_of_an_agreed_end(world: World) -> None:
    made = (await accede(world, valid_from="2026-12-01", valid_to=LAST.isoformat())).json()
    counts = []
    for days in (250, 165, 70, 50, 20, 14, 0):
        await look(world, LAST - timedelta(days=days))
        counts.append(len(told(world)))
    assert counts == [0, 1, 1, 2, 2, 3, 3]
    assert told(world) == ["reminded", "reminded", "escalated"]
    event = next(it for it in world.publisher.events if it.type == AccessionEndReminded.TYPE)
    assert event.key == made["id"]
    assert json.loads(event.body)["accession"]["ends_on"] == LAST.isoformat()


async def test_one_that_was_ended_since_is_told_of_once_more(world: World) -> None:
    made = (await accede(world, valid_from="2026-12-01")).json()
    await look(world, date(2026, 12, 2))
    ended = await ask(world, KOMMUNE, "POST", f"/v1/accessions/{made['id']}/end", json={"last_day": LAST.isoformat()})
    assert ended.status_code == 200
    for days in (250, 50, 27, 14, 0):
        await look(world, LAST - timedelta(days=days))
    assert told(world) == ["reminded"]


async def test_a_short_accession_reminds_nobody_of_what_was_just_declared(world: World) -> None:
    first = world.now.date()
    await accede(world, valid_from=first.isoformat(), valid_to=(first + timedelta(days=10)).isoformat())
    await look(world, first + timedelta(days=1))
    assert told(world) == []


async def test_who_uses_the_offer_on_by_another_accession_is_not_reminded(world: World) -> None:
    await accede(world, valid_from="2026-12-01", valid_to=LAST.isoformat())
    await accede(world, valid_from=(LAST + timedelta(days=1)).isoformat(), valid_to="2028-12-31")
    await look(world, LAST - timedelta(days=14))
    assert told(world) == []


async def test_one_that_has_ended_is_not_looked_at_any_more(world: World) -> None:
    await accede(world, valid_from="2026-12-01", valid_to=LAST.isoformat())
    await look(world, LAST + timedelta(days=1))
    assert told(world) == []
