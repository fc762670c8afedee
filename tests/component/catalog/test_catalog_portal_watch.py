"""Reports of portals are bound to their key, kept in their newest form, judged by checkpoints, and shown to operators."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.catalog.app import build
from services.catalog.domain.checkpoint import Checkpoint
from services.catalog.portals import repository
from services.catalog.repository import checkpoint_ledger
from shared.aggregate.change import Change
from shared.bus.envelope import decode
from shared.bus.faults import DecodeError
from shared.bus.handling import Received, Rejection
from shared.bus.record import RawRecord
from shared.messages.catalog_checkpoints import CheckpointState
from shared.messages.catalog_portals import PortalHealthReported
from shared.process.service import Resources
from shared.topics import PORTAL_HEALTH
from tests.component.catalog.conftest import BETREIBER, DATA, KOMM_ONE

TOPIC = "catalog.offering.v1"
A, B = "a" * 64, "b" * 64


def record(portal: str, at: datetime, *, key: str | None = None, source: str | None = None, sha256: str = A) -> RawRecord:
    """Return the record of a report as the kit writes it."""
    partitions = [{"partition": 0, "offset": 5, "sha256": sha256}]
    shown = {"topic": TOPIC, "state": "in-step", "lag": 0, "live": 1, "sha256": sha256, "partitions": partitions}
    report = PortalHealthReported.model_validate(
        {"health": {"portal": portal, "reported_at": at, "kit": "efa-portal 0.1.0", "topics": [shown]}}
    )
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{portal}-{at.timestamp()}")),
        "ce_source": source or f"/portal/{key or portal}",
        "ce_type": report.TYPE,
        "ce_time": at.isoformat(),
        "ce_sequence": str(int(at.timestamp() * 1000)),
        "content-type": "application/json",
    }
    raw = tuple((name, value.encode()) for name, value in headers.items())
    return RawRecord(PORTAL_HEALTH.name, (key or portal).encode(), report.model_dump_json().encode(), raw)


def received(portal: str, at: datetime, **parts: Any) -> Received:
    raw: Any = record(portal, at, **parts)
    return decode(raw, PORTAL_HEALTH)


async def handle(world: Any, *events: Received) -> Sequence[Rejection]:
    consumer, _ = world.service.consumers
    found: Sequence[Rejection] = await consumer.handle(list(events))
    return found


async def judge(world: Any) -> None:
    (periodic,) = (periodic for periodic in world.service.periodic if periodic.name == "catalog.portal-watch")
    await periodic.run()


async def checkpoint(world: Any, *, sha256: str = A, offset: int = 5, at: datetime | None = None) -> None:
    state = CheckpointState.model_validate(
        {
            "topic": TOPIC,
            "taken_at": at or world.clock(),
            "live": 1,
            "sha256": B,
            "partitions": [{"partition": 0, "offset": offset, "live": 1, "sha256": sha256}],
        }
    )
    ledger = checkpoint_ledger(Resources(store=world.store, publisher=world.publisher, data_dir=DATA, clock=world.clock))

    def decide(present: Checkpoint | None) -> Any:
        if present is None:
            return Checkpoint.begin("offering", state)
        return present, present.advance(state, state.taken_at, timedelta(0))

    await ledger.apply_one(Change("offering", decide))


async def seen(world: Any, path: str = "/v1/portals", token: str = BETREIBER) -> Any:
    answer = await world.as_(token).get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_operators_see_how_a_portal_stands_by_the_own_checkpoint(world: Any) -> None:
    await checkpoint(world)
    assert await handle(world, received("nord", world.clock())) == []
    (portal,) = (await seen(world))["items"]
    assert (portal["id"], portal["state"]) == ("nord", "in-step")
    assert portal["reported"]["topics"][0]["partitions"] == [{"partition": 0, "offset": 5, "sha256": A}]
    await handle(world, received("nord", world.clock(), sha256=B))
    assert (await seen(world, "/v1/portals/nord"))["state"] == "differs"
    assert [it["id"] for it in (await seen(world, "/v1/portals?state=differs"))["items"]] == ["nord"]
    assert (await seen(world, "/v1/portals?state=silent"))["items"] == []


async def test_silence_shows_without_any_further_report(world: Any) -> None:
    await checkpoint(world)
    await handle(world, received("nord", world.clock()))
    world.clock.time += timedelta(minutes=6)
    assert (await seen(world, "/v1/portals/nord"))["state"] == "silent"


async def test_a_report_counts_only_under_the_name_that_key_and_source_have(world: Any) -> None:
    for source in ("/portal/sued", "/catalog", "/portal", "nord"):
        with pytest.raises(DecodeError) as raised:
            received("nord", world.clock(), source=source)
        assert raised.value.code == "foreign_source"
    (rejected,) = await handle(world, received("nord", world.clock(), key="sued"))
    assert rejected.code == "portal_mismatch"
    assert (await seen(world))["items"] == []


async def test_an_older_report_never_replaces_a_newer_one(world: Any) -> None:
    first, second = received("nord", world.clock()), received("nord", world.clock(), sha256=B)
    await handle(world, second, first)
    await handle(world, first)
    assert (await seen(world, "/v1/portals/nord"))["reported"]["topics"][0]["sha256"] == B


async def test_reports_of_too_many_portals_are_refused_and_those_of_known_ones_are_not(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.catalog.portals.watch.MOST_PORTALS", 2)
    assert await handle(world, received("p1", world.clock()), received("p2", world.clock())) == []
    rejected = await handle(world, received("p3", world.clock()), received("p1", world.clock()))
    assert [(it.code, it.event.key) for it in rejected] == [("too_many_portals", "p3")]
    assert [it["id"] for it in (await seen(world))["items"]] == ["p1", "p2"]
    assert repository.MOST_PORTALS >= 100


async def test_the_metrics_show_each_portal_and_none_that_is_gone(world: Any) -> None:
    await checkpoint(world)
    await handle(world, received("nord", world.clock()), received("sued", world.clock(), sha256=B))
    await judge(world)

    def shown(portal: str, state: str) -> float | None:
        return REGISTRY.get_sample_value("catalog_portal_state", {"portal": portal, "topic": TOPIC, "state": state})

    assert (shown("nord", "in-step"), shown("nord", "differs"), shown("sued", "differs")) == (1, 0, 1)
    assert REGISTRY.get_sample_value("catalog_portals", {"state": "differs"}) == 1
    assert (await world.as_(BETREIBER).delete("/v1/portals/sued")).status_code == 204
    await judge(world)
    assert (shown("nord", "in-step"), shown("sued", "differs")) == (1, None)
    assert (await world.as_(BETREIBER).delete("/v1/portals/sued")).status_code == 404


async def test_a_change_of_state_is_stored_so_that_its_time_stays(world: Any) -> None:
    await checkpoint(world)
    await handle(world, received("nord", world.clock()))
    world.clock.time += timedelta(minutes=2)
    await checkpoint(world, offset=9, sha256=B)
    await judge(world)
    found = (await seen(world, "/v1/portals/nord"))["standings"][0]
    assert (found["state"], found["behind"]) == ("behind", 4)
    world.clock.time += timedelta(minutes=1)
    await judge(world)
    assert (await seen(world, "/v1/portals/nord"))["standings"][0]["since"] == found["since"]


async def test_only_operators_see_portals(world: Any) -> None:
    await handle(world, received("nord", world.clock()))
    for path in ("/v1/portals", "/v1/portals/nord"):
        assert (await world.as_(KOMM_ONE).get(path)).status_code == 403
        assert (await world.as_(None).get(path)).status_code == 401
    assert (await world.as_(KOMM_ONE).delete("/v1/portals/nord")).status_code == 403


async def test_a_second_worker_reads_what_the_first_has_stored(world: Any) -> None:
    await handle(world, received("nord", world.clock()))
    other = build(Resources(store=world.store, publisher=world.publisher, data_dir=DATA, clock=world.clock))
    consumer, _ = other.consumers
    assert await consumer.handle([received("nord", world.clock(), sha256=B)]) == []
    assert (await seen(world, "/v1/portals/nord"))["reported"]["topics"][0]["sha256"] == B
