"""N-1 beside N: documents and events with fields of a later version are read, worked on and saved without losing them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from shared.store.port import Save
from tests.component.ordering.ordering_world import World
from tests.component.upgrade.later_version import FIELD, SharedStore, extended, extended_record
from tests.support import scenario
from tests.support.marketplace import Marketplace

pytestmark = pytest.mark.slow

KEPT = {  # all that is ever saved again: a contract is not, an answer kept for repeats says nothing else
    "catalog_offerings",
    "organisations",
    "verdicts",
    "orders",
    "listed_offerings",
    "contract_registers",
    "notifications",
    "contacts",
    "restoration",
}
LATER_TYPE = "ordering.order.of-a-later-version.v1"


async def test_this_version_works_on_among_fields_of_a_later_one_loses_none_of_a_document_and_publishes_none() -> None:
    saved: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    async with Marketplace(lambda: SharedStore(saved, lost), extended_record) as market:
        await scenario.go_on(market, await scenario.play(market))
        assert saved.keys() >= KEPT
        assert {name: lost[name] for name in KEPT if lost[name]} == {}
        assert [event.type for event in market.bus.sent if FIELD in event.body] == []


async def test_an_outbox_that_a_later_version_left_is_published_by_this_one() -> None:
    world = World()
    await world.start()
    order = await world.declare()
    ledger = world.service.ledgers[0]
    document = await ledger.store.get(ledger.collection, order["id"])
    assert document is not None
    entry = {
        "seq": document["seq"] + 1,
        "id": "later",
        "topic": "ordering.order.v1",
        "type": LATER_TYPE,
        "time": world.now,
        "data": "{}",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "correlation_id": order["id"],
    }
    left = {**document, "rev": document["rev"] + 1, "outbox": [extended(entry)], "pending_since": world.now}
    assert await ledger.store.save_many(ledger.collection, [Save(left, expected_rev=document["rev"])]) == set()
    world.pass_time(seconds=1)
    assert await ledger.outbox.relay(timedelta(0)) == 1
    assert world.publisher.types()[-1] == LATER_TYPE
    await world.store.close()
