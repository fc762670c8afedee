"""The processor itself reminds both sides of contracts that end, once, however often and wherever it looks."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.contracts.app import processor
from shared.messages.contracts_reminders import ContractEndEscalated, ContractEndReminded
from shared.messages.values import Channel
from tests.component.contracts.test_contracts_amending import SACHSEN
from tests.component.contracts.test_contracts_notice import KilledError, World
from tests.component.contracts.test_contracts_succession import LAST, concluded, ending, world
from tests.support.contract_requests import AT

__all__ = ["world"]

CONTRACTS_THAT_END = 3
"""That of Sachsen and those of its two Kommunen; the others are open."""


async def look(world: World, channel: Channel = Channel.FITKO) -> None:
    run = next(it for it in processor(channel)(world.resources).periodic if it.name == f"contracts.{channel}.reminders")
    await run.run()


def told(world: World) -> list[tuple[str, str]]:
    kinds = {ContractEndReminded.TYPE: "reminded", ContractEndEscalated.TYPE: "escalated"}
    return [(kinds[it.type], it.key) for it in world.publisher.events if it.type in kinds]


async def test_each_reminder_is_given_once_whoever_looks(world: World) -> None:
    ends = datetime.combine(LAST, time(9), UTC)
    counts = []
    for days in (250, 165, 150, 50, 45, 14, 10, 0):
        world.now = ends - timedelta(days=days)
        await look(world)
        await look(world, Channel.GOVDIGITAL)
        await look(world)
        counts.append(len(told(world)))
    assert counts == [it * CONTRACTS_THAT_END for it in (0, 1, 1, 2, 2, 3, 3, 3)]
    assert [kind for kind, key in told(world) if key == SACHSEN] == ["reminded", "reminded", "escalated"]
    heads = [json.loads(it.body)["contract"] for it in world.publisher.events if it.type == ContractEndReminded.TYPE]
    assert {head["ends_on"] for head in heads} == {LAST.isoformat()}


async def test_a_run_that_is_cut_off_is_ended_by_the_next_one(world: World) -> None:
    world.now = datetime.combine(LAST, time(9), UTC) - timedelta(days=60)
    world.store.until = 0
    with pytest.raises(KilledError):
        await look(world)
    world.store.until = -1
    await look(world)
    assert len({key for _, key in told(world)}) == len(told(world)) == CONTRACTS_THAT_END


async def test_a_contract_that_another_one_follows_reminds_nobody_and_after_a_gap_it_does(world: World) -> None:
    following = await concluded(world, SACHSEN, text={"valid_to": "2030-12-31"})
    world.now = datetime.combine(LAST, time(9), UTC) - timedelta(days=60)
    await look(world)
    assert SACHSEN not in {key for _, key in told(world)}
    assert len(told(world)) == CONTRACTS_THAT_END - 1
    await ending(world, SACHSEN, following.valid_from - timedelta(days=2), seq=3)
    await look(world)
    assert SACHSEN in {key for _, key in told(world)}


async def test_a_contract_of_which_notice_was_given_is_told_of_once_more(world: World) -> None:
    await world.notice(SACHSEN, date(2027, 6, 30), AT.date())
    await world.cascade.run()
    before = len(told(world))
    for day in (date(2027, 5, 1), date(2027, 6, 3), date(2027, 6, 29)):
        world.now = datetime.combine(day, time(9), UTC)
        await look(world)
    assert [kind for kind, key in told(world)[before:] if key == SACHSEN] == ["reminded"]
