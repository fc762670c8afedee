"""Contracts that run make an offer "already used": in its page, its card, the filter by Land and its facet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from services.catalog.repository import REUSES
from shared.messages.contracts import ContractConcluded
from shared.messages.contracts_accessions import AccessionEvent
from shared.messages.contracts_chain import ChainEvent
from shared.topics import CATALOG_CONTRACTS
from tests.component.catalog.conftest import KOMM_ONE, World
from tests.component.catalog.test_catalog_provisions import shown
from tests.support.builders.reuse import acceded, ended, ordered, received

DRESDEN, LEIPZIG, GOERLITZ, HUSUM = "146120000000", "147130000000", "146260110110", "010540056056"


async def hear(world: World, *messages: ContractConcluded | ChainEvent | AccessionEvent, seq: int = 1) -> None:
    (consumer,) = (it for it in world.service.consumers if it.group == CATALOG_CONTRACTS)
    assert {type(it) for it in messages} <= consumer.handles
    assert list(await consumer.handle([received(it, seq) for it in messages])) == []


def values(found: dict[str, Any]) -> list[tuple[str, int, dict[str, str]]]:
    """Return the facet of Länder."""
    return [(it["value"], it["count"], it["labels"]) for it in found["facets"]["used_in"]]


async def test_who_reuses_an_offer_is_shown_filtered_and_counted_without_names(world: World) -> None:
    used, other = await world.published(title="Alpha"), await world.published(title="Beta")
    published = len(world.publisher.events)
    assert (await world.search(kind="offering"))["total"] == 2
    before = await world.as_(None).get(f"/v1/offerings/{used}")
    assert before.json()["in_use"] is None

    await hear(world, *(ordered(body, used) for body in (DRESDEN, LEIPZIG, HUSUM, "dataport")), ordered(HUSUM, other))
    await hear(world, ordered(DRESDEN, used))
    in_use = {"bodies": 4, "laender": ["DE-SH", "DE-SN"]}
    after = await world.as_(None).get(f"/v1/offerings/{used}", headers={"If-None-Match": before.headers["ETag"]})
    assert (after.status_code, after.json()["in_use"]) == (200, in_use)
    assert DRESDEN not in after.text
    assert (await shown(world, used, KOMM_ONE))["in_use"] == in_use
    found = await world.search(kind="offering", sort="title")
    assert [it["in_use"] for it in found["items"]] == [in_use, {"bodies": 1, "laender": ["DE-SH"]}]
    saxony = {"de": "Sachsen", "en": "Saxony"}
    assert values(found) == [("DE-SH", 2, {"de": "Schleswig-Holstein", "en": "Schleswig-Holstein"}), ("DE-SN", 1, saxony)]
    assert [it["id"] for it in (await world.search(used_in="DE-SN"))["items"]] == [used]
    both = await world.search(used_in=["DE-SN", "DE-SH"], sort="title")
    assert [it["id"] for it in both["items"]] == [used, other]
    assert (await world.search(used_in="DE-BY"))["total"] == 0

    await hear(world, acceded(GOERLITZ, other, date(2026, 12, 31)))
    assert (await shown(world, other, None))["in_use"] == {"bodies": 2, "laender": ["DE-SH", "DE-SN"]}
    (ends,) = (it for it in world.service.periodic if it.name == "catalog.reuse-ends")
    await ends.run()
    assert (await world.search(used_in="DE-SN"))["total"] == 2
    world.clock.time = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    await ends.run()
    assert (await shown(world, other, None))["in_use"] == {"bodies": 1, "laender": ["DE-SH"]}

    await hear(world, ended(DRESDEN, used), ended(LEIPZIG, used), seq=2)
    assert (await shown(world, used, None))["in_use"] == {"bodies": 2, "laender": ["DE-SH"]}
    assert (await world.search(used_in="DE-SN"))["total"] == 0
    assert len(world.publisher.events) == published
    assert await world.store.scan(REUSES) != []
