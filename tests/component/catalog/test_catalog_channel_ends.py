"""Notice of a Bereitstellungsvertrag reaches the catalog: everybody reads until when, and then the channel is closed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

from services.catalog.upkeep import HEARD_WITHIN
from shared.messages.contracts_chain import ChainEvent
from shared.messages.ordering import OrderParty
from shared.messages.values import Channel
from shared.topics import CATALOG_CONTRACTS
from tests.component.catalog.conftest import FITKO, World
from tests.component.catalog.test_catalog_provisions import shown
from tests.component.catalog.test_catalog_removal import run
from tests.support.builders.provisions import ending, succeeded, told

GD = Channel.GOVDIGITAL
LAST = date(2027, 12, 31)
MIDNIGHT = datetime(2027, 12, 31, 23, 5, tzinfo=UTC)
"""Five past midnight in Germany."""
AFTER = MIDNIGHT + HEARD_WITHIN


async def hear(world: World, message: ChainEvent) -> None:
    (consumer,) = (it for it in world.service.consumers if it.group == CATALOG_CONTRACTS)
    assert type(message) in consumer.handles
    assert list(await consumer.handle([told(message, 7)])) == []


async def test_everybody_reads_until_when_and_on_the_day_after_the_channel_is_closed_once(world: World) -> None:
    offering_id = await world.published(channels=["govdigital", "fitko"])
    await world.do(FITKO, offering_id, "accept")
    await world.contracts_answer()
    await hear(world, ending(offering_id, GD, LAST, OrderParty.BEREITSTELLER))
    public = await shown(world, offering_id, None)
    reason = "Der Bereitstellungsvertrag mit govdigital endet durch Kündigung am 31.12.2027."
    assert public["channel_ends"] == [{"channel": "govdigital", "orderable_until": "2027-12-31", "reason": reason}]
    assert set(public["orderable_channels"]) == {"govdigital", "fitko"}
    provisions = (await shown(world, offering_id))["workflow"]["provisions"]
    assert {it["channel"]: it["ends_on"] for it in provisions} == {"govdigital": "2027-12-31", "fitko": None}
    await run(world.service, "channel-ends")
    assert await shown(world, offering_id, None) == public

    world.clock.time = AFTER
    await run(world.service, "channel-ends")
    await run(world.service, "channel-ends")
    closed = await shown(world, offering_id, None)
    assert (closed["state"], closed["orderable_channels"], closed["channel_ends"]) == ("VEROEFFENTLICHT", ["fitko"], [])
    assert [(it["channel"], it["by"], it["reason"], it["contract_ended_on"]) for it in closed["channel_withdrawals"]] == [
        ("govdigital", "komm_one", reason, "2027-12-31")
    ]
    (told,) = [it for it in world.publisher.events if it.type == "catalog.offering.withdrawn.v1"]
    (withdrawal,) = json.loads(told.body)["offering"]["channel_withdrawals"]
    assert withdrawal["contract_ended_on"] == "2027-12-31", "a portal writes its own sentence of it"
    assert world.publisher.types().count("catalog.offering.withdrawn.v1") == 1


async def test_a_contract_that_follows_takes_the_announcement_back(world: World) -> None:
    offering_id = await world.published()
    await hear(world, ending(offering_id, GD, LAST))
    # What was concluded in the last minutes of the day is heard of on the next one.
    world.clock.time = MIDNIGHT
    await run(world.service, "channel-ends")
    await hear(world, succeeded(offering_id, GD))
    world.clock.time = AFTER
    await run(world.service, "channel-ends")
    found = await shown(world, offering_id, None)
    assert (found["channel_ends"], found["orderable_channels"]) == ([], ["govdigital"])
