"""A withdrawn offer is visible for a while, then its tombstone ends it on the topic, once; the API never forgets it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.catalog.app import build
from services.catalog.domain.offering import Offering
from services.catalog.repository import OFFERINGS
from services.catalog.settings import Settings
from shared.aggregate.ledger import Ledger
from shared.bus.envelope import encode
from shared.errors import OutboxFullError
from shared.messages.base import Message
from shared.messages.values import OfferingState
from shared.process.service import Resources, Service
from shared.store.port import Document, Save
from shared.tracing.spans import Kind
from tests.component.catalog.conftest import BETREIBER, DATA, GOVDIGITAL, KOMM_ONE, World
from tests.support.publisher import RecordingPublisher
from tests.support.spans import recorded_spans

REMOVED = "catalog.offering.removed.v1"
RESTATED = "catalog.offering.restated.v1"
NEW_FIELDS = ("stated", "withdrawn_at", "removal_counts_from", "removed_at", "supersedes", "removal_waits_since")


async def run(service: Service, name: str) -> None:
    """Run the periodic work of that name once."""
    (periodic,) = [it for it in service.periodic if it.name == f"catalog.{name}"]
    await periodic.run()


def sent_of(world: World, offering_id: str) -> list[str]:
    return [event.type for event in world.publisher.events if event.key == offering_id and event.topic == "catalog.offering.v1"]


async def withdrawn(world: World, **parts: Any) -> str:
    offering_id = await world.published(**parts)
    answer = await world.do(KOMM_ONE, offering_id, "withdraw", reason="Eingestellt")
    assert answer.status_code == 200
    return offering_id


async def stored(world: World, offering_id: str) -> Document:
    document = await world.store.get(OFFERINGS, offering_id)
    assert document is not None
    return document


async def as_stored_by_0_1_0(world: World, offering_id: str) -> None:
    """Turn a stored offer into what version 0.1.0 would have stored."""
    document = await stored(world, offering_id)
    old = {name: value for name, value in document.items() if name not in NEW_FIELDS}
    old["form"] = {name: value for name, value in old["form"].items() if name != "contact_mailbox"}
    assert await world.store.save_many(OFFERINGS, [Save({**old, "rev": document["rev"] + 1}, document["rev"])]) == set()


async def test_the_tombstone_follows_when_the_time_is_over_and_not_before(world: World) -> None:
    offering_id = await withdrawn(world)
    world.clock.time += timedelta(days=30) - timedelta(minutes=1)
    await run(world.service, "removal")
    assert sent_of(world, offering_id)[-1] == "catalog.offering.withdrawn.v1"
    world.clock.time += timedelta(minutes=1)
    await run(world.service, "removal")
    assert sent_of(world, offering_id)[-2:] == ["catalog.offering.withdrawn.v1", REMOVED]
    last = world.publisher.events[-1]
    assert (last.topic, last.key, last.data) == ("catalog.offering.v1", offering_id, None)
    assert last.seq == (await stored(world, offering_id))["seq"]


async def test_a_second_run_and_a_second_worker_remove_nothing_more(world: World) -> None:
    offering_ids = [await withdrawn(world) for _ in range(3)]
    world.clock.time += timedelta(days=31)
    others = [build(world.resources) for _ in range(3)]
    await asyncio.gather(*(run(service, "removal") for service in (world.service, *others)))
    await run(world.service, "removal")
    for offering_id in offering_ids:
        assert sent_of(world, offering_id).count(REMOVED) == 1


async def test_nothing_but_withdrawn_offers_that_were_public_is_removed(world: World) -> None:
    public, discarded = await world.published(), (await world.draft())["id"]
    await world.do(KOMM_ONE, discarded, "withdraw", reason="Doch nicht")
    suspended = await world.published()
    await world.do(KOMM_ONE, suspended, "suspend", reason="Wartung")
    world.clock.time += timedelta(days=400)
    await run(world.service, "removal")
    assert REMOVED not in world.publisher.types()
    assert sent_of(world, public)
    assert sent_of(world, discarded) == []


async def test_the_api_answers_for_a_removed_offer_as_for_a_withdrawn_one(world: World) -> None:
    offering_id = await withdrawn(world)

    async def answers() -> list[Any]:
        """All that the API says to everybody, to the Bereitsteller, the Anbieter and the operator."""
        found: list[Any] = []
        for who in (None, KOMM_ONE, GOVDIGITAL, BETREIBER):
            answer = await world.as_(who).get(f"/v1/offerings/{offering_id}")
            found.append((answer.status_code, {k: v for k, v in answer.json().items() if k != "correlation_id"}))
        for who, view in ((KOMM_ONE, "bereitsteller"), (GOVDIGITAL, "anbieter")):
            listed = (await world.as_(who).get("/v1/my/offerings", params={"view": view})).json()["items"]
            found.append([{**item, "rev": None} for item in listed])
        for who, step in ((KOMM_ONE, "resume"), (KOMM_ONE, "withdraw")):
            body = {"reason": "Noch einmal"} if step == "withdraw" else {}
            answer = await world.do(who, offering_id, step, **body)
            found.append((answer.status_code, answer.json().get("code"), answer.json().get("state")))
        found.append((await world.search())["total"])
        return found

    before = await answers()
    world.clock.time += timedelta(days=31)
    await run(world.service, "removal")
    assert sent_of(world, offering_id)[-1] == REMOVED
    assert await answers() == before


async def test_a_tombstone_that_was_not_acknowledged_is_relayed(world: World) -> None:
    offering_id = await withdrawn(world)
    world.clock.time += timedelta(days=31)
    world.publisher.refuses = lambda event: event.type == REMOVED
    await run(world.service, "removal")
    assert REMOVED not in world.publisher.types()
    (entry,) = (await stored(world, offering_id))["outbox"]
    assert (entry["type"], entry["data"]) == (REMOVED, None)
    world.publisher.refuses = lambda _: False
    world.clock.time += timedelta(minutes=1)
    ledger = world.service.ledgers[0]
    assert await ledger.outbox.relay(timedelta(seconds=5)) == 1
    assert sent_of(world, offering_id)[-1] == REMOVED
    assert (await stored(world, offering_id))["outbox"] == []


async def test_whoever_restates_a_removed_offer_publishes_its_tombstone_again(world: World) -> None:
    offering_id = await withdrawn(world)
    world.clock.time += timedelta(days=31)
    await run(world.service, "removal")
    (republisher, _) = world.service.republishers
    document = await stored(world, offering_id)
    assert (republisher.retains(document), republisher.has_removed(document)) == (False, True)
    assert await republisher.republish([offering_id]) == 1
    assert sent_of(world, offering_id)[-2:] == [REMOVED, REMOVED]
    first, second = world.publisher.events[-2:]
    assert second.seq == first.seq + 1


async def test_a_relay_that_was_overtaken_by_the_removal_ends_with_the_tombstone(world: World) -> None:
    offering_id = await world.published()
    world.publisher.refuses = lambda event: event.type == "catalog.offering.withdrawn.v1"
    await world.do(KOMM_ONE, offering_id, "withdraw", reason="Eingestellt")
    world.publisher.refuses = lambda _: False
    world.clock.time += timedelta(days=31)

    class Slow(RecordingPublisher):
        """Lets the removal pass before its own events reach the topic."""

        meanwhile: Callable[[], Awaitable[None]] | None = None

        async def publish(self, events: Any) -> list[bool]:
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                await meanwhile()
            return await world.publisher.publish(events)

    slow = Slow()
    slow.meanwhile = lambda: run(world.service, "removal")
    late: Ledger[Any] = build(Resources(world.store, slow, DATA, world.clock)).ledgers[0]
    await late.outbox.relay(timedelta(seconds=5))
    found = sent_of(world, offering_id)
    assert found.count("catalog.offering.withdrawn.v1") == 2, "the late repeat did not happen: nothing to repair"
    assert found[-1] == REMOVED


async def test_an_offer_with_a_full_outbox_does_not_hold_up_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await withdrawn(world), await withdrawn(world)
    world.clock.time += timedelta(days=31)
    remove = Offering.remove

    def full(offering: Offering, at: datetime) -> Sequence[Message]:
        if offering.id == first:
            raise OutboxFullError("500 events wait", id=first, waiting=500)
        return remove(offering, at)

    monkeypatch.setattr(Offering, "remove", full)
    with pytest.raises(OutboxFullError):
        await run(world.service, "removal")
    assert sent_of(world, second)[-1] == REMOVED
    assert REMOVED not in sent_of(world, first)


async def test_the_time_is_a_setting(world: World) -> None:
    offering_id = await withdrawn(world)
    service = build(world.resources, Settings(remove_after=timedelta(hours=1)))
    world.clock.time += timedelta(hours=1)
    await run(service, "removal")
    assert sent_of(world, offering_id)[-1] == REMOVED


async def test_an_offer_that_version_0_1_0_withdrew_is_restated_in_full_and_removed_when_it_was_visible_so(world: World) -> None:
    offering_id = await withdrawn(world)
    await as_stored_by_0_1_0(world, offering_id)
    world.clock.time += timedelta(days=31)
    await run(world.service, "removal")
    assert REMOVED not in sent_of(world, offering_id), "its document is in no index yet"
    await run(world.service, "restatement")
    await run(world.service, "removal")
    assert sent_of(world, offering_id)[-1] == RESTATED, "readers of version 0.1.0 may run beside"
    world.clock.time += timedelta(days=31)
    await run(world.service, "restatement")
    await run(world.service, "removal")
    assert sent_of(world, offering_id)[-2:] == [RESTATED, REMOVED]


async def test_offers_of_version_0_1_0_are_restated_in_full_once(world: World) -> None:
    public, suspended = await world.published(), await world.published()
    await world.do(KOMM_ONE, suspended, "suspend", reason="Wartung")
    for offering_id in (public, suspended):
        await as_stored_by_0_1_0(world, offering_id)
    new = await world.published()
    for _ in range(2):
        await run(world.service, "restatement")
    assert [sent_of(world, it).count(RESTATED) for it in (public, suspended, new)] == [1, 1, 0]
    answer = (await world.as_(None).get(f"/v1/offerings/{suspended}")).json()
    assert answer["state"] == OfferingState.AUSGESETZT
    assert answer["suspension"]["reason"] == "Wartung"


async def test_a_tombstone_is_a_producer_span_under_the_id_in_its_header(world: World) -> None:
    offering_id = await withdrawn(world)
    world.clock.time += timedelta(days=31)
    with recorded_spans() as recorded:
        await run(world.service, "removal")
    (span,) = [it for it in recorded.spans if it.kind is Kind.PRODUCER]
    tombstone = world.publisher.events[-1]
    assert (span.name, span.traceparent) == (f"send {REMOVED}", tombstone.traceparent)
    assert span.attributes["messaging.kafka.message.key"] == offering_id
    assert dict(encode(tombstone).headers)["traceparent"] == tombstone.traceparent.encode()
