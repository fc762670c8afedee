"""The quarantine over a real store: bytes come back as they were, repeats change nothing, and 90 days later all is gone."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.ordering.partners import handlers
from services.ordering.partners.quarantine import (
    MOST_BESIDE_BYTES,
    MOST_VALUE_BYTES,
    ORIGINALS,
    QUARANTINE,
    RETENTION,
    Fault,
    Original,
    Quarantine,
)
from shared.errors import NotFoundError
from shared.messages.ordering_partners import QuarantineState
from tests.component.ordering.ordering_world import World
from tests.support.builders.orders import T0

RECORD = Original(
    "partner.nord.orders.v1", 2, 17, T0, b"\xff\x00key", b"\x00not a JWS\xff", (("content-type", b"\xfe"), ("x", None))
)
UNREADABLE = Fault("event_unreadable", "The value is no compact JWS.")


@pytest.fixture
def quarantine(world: World) -> Quarantine:
    return Quarantine(world.resources)


async def test_the_original_bytes_come_back_as_they_were(world: World, quarantine: Quarantine) -> None:
    reference = await quarantine.take_in("nord", RECORD, UNREADABLE)
    assert await quarantine.original(reference) == RECORD
    record, _ = await quarantine.get(reference, lambda _: True)
    assert (record.partner, record.code, record.detail) == ("nord", UNREADABLE.code, UNREADABLE.detail)
    assert (record.size, record.sha256) == (11, hashlib.sha256(b"\x00not a JWS\xff").hexdigest())
    assert world.publisher.types() == ["ordering.quarantine.recorded.v1"]


@pytest.mark.parametrize("value", [None, b""])
async def test_a_null_value_and_an_empty_one_are_told_apart(quarantine: Quarantine, value: bytes | None) -> None:
    record = replace(RECORD, key=None, value=value, headers=())
    assert (await quarantine.original(await quarantine.take_in("nord", record, UNREADABLE))) == record


async def test_a_repeat_changes_nothing(world: World, quarantine: Quarantine) -> None:
    first = await quarantine.take_in("nord", RECORD, UNREADABLE)
    world.pass_time(days=1)
    again = await quarantine.take_in("nord", replace(RECORD, value=b"other"), Fault("other", "Other."))
    assert again == first
    assert await quarantine.original(first) == RECORD
    assert world.publisher.types() == ["ordering.quarantine.recorded.v1"]


async def test_no_event_shows_what_the_record_holds(world: World, quarantine: Quarantine) -> None:
    await quarantine.take_in("nord", replace(RECORD, key=b"Erika", value=b"Erika Muster"), UNREADABLE)
    assert not any("Erika" in event.body for event in world.publisher.events)


async def test_what_is_too_large_is_shortened_with_its_size_and_hash(quarantine: Quarantine) -> None:
    value = bytes(range(256)) * (MOST_VALUE_BYTES // 256) + b"more"
    headers = (("a", bytes(MOST_BESIDE_BYTES // 2)), ("b", bytes(MOST_BESIDE_BYTES)), ("c", b""))
    reference = await quarantine.take_in("nord", replace(RECORD, key=bytes(10**6), value=value, headers=headers), UNREADABLE)
    record, _ = await quarantine.get(reference, lambda _: True)
    assert (record.size, record.sha256, record.shortened) == (len(value), hashlib.sha256(value).hexdigest(), True)
    original = await quarantine.original(reference)
    assert original.shortened
    assert (original.value, len(original.key or b""), len(original.headers)) == (value[:MOST_VALUE_BYTES], MOST_BESIDE_BYTES, 1)


async def test_records_are_listed_newest_first_by_partner_and_state(world: World, quarantine: Quarantine) -> None:
    references = []
    for offset, partner in enumerate(("nord", "sued", "nord")):
        references.append(await quarantine.take_in(partner, replace(RECORD, offset=offset), UNREADABLE))
        world.pass_time(minutes=1)
    assert [it.id for it in await quarantine.page(limit=10)] == references[::-1]
    assert [it.id for it in await quarantine.page(partner="nord", limit=10)] == [references[2], references[0]]
    assert [it.id for it in await quarantine.page(partner="nord", state=QuarantineState.OPEN, limit=1)] == [references[2]]
    assert await quarantine.page(state=QuarantineState.DISCARDED, limit=10) == []
    assert (await quarantine.count_open(), await quarantine.oldest_open()) == (3, T0)


async def test_after_90_days_record_and_bytes_are_gone(world: World, quarantine: Quarantine) -> None:
    old = await quarantine.take_in("nord", RECORD, UNREADABLE)
    world.pass_time(days=1)
    young = await quarantine.take_in("nord", replace(RECORD, offset=18), UNREADABLE)
    world.now = T0 + RETENTION
    await quarantine.purge()
    assert await quarantine.original(old) == RECORD, "on the last moment of the 90 days it is still there"
    world.pass_time(milliseconds=1)
    await quarantine.purge()
    with pytest.raises(NotFoundError):
        await quarantine.original(old)
    assert await world.store.get(QUARANTINE, old) is None
    assert await quarantine.original(young) == replace(RECORD, offset=18)


async def test_purging_takes_more_than_one_page(world: World, quarantine: Quarantine) -> None:
    for offset in range(205):
        await quarantine.take_in("nord", replace(RECORD, offset=offset), UNREADABLE)
    world.now = T0 + RETENTION + timedelta(days=1)
    await quarantine.purge()
    assert (await world.store.scan(QUARANTINE), await world.store.scan(ORIGINALS)) == ([], [])


async def test_a_record_whose_event_waits_for_the_broker_is_not_purged(world: World, quarantine: Quarantine) -> None:
    world.publisher.refuses = lambda _: True
    reference = await quarantine.take_in("nord", RECORD, UNREADABLE)
    world.now = T0 + RETENTION + timedelta(days=1)
    await quarantine.purge()
    assert await quarantine.original(reference) == RECORD


async def test_the_figures_show_what_nobody_has_decided_about(world: World, quarantine: Quarantine) -> None:
    def figures() -> tuple[float | None, float | None]:
        names = ("ordering_partner_quarantine", "ordering_partner_quarantine_age_seconds")
        count, age = (REGISTRY.get_sample_value(name) for name in names)
        return count, age

    await quarantine.measure()
    assert figures() == (0, 0)
    reference = await quarantine.take_in("nord", RECORD, UNREADABLE)
    await quarantine.take_in("nord", replace(RECORD, offset=18), UNREADABLE)
    world.pass_time(hours=3)
    await quarantine.measure()
    assert figures() == (2, 3 * 3600)
    await quarantine.ledger.apply_one(handlers.discard(reference, "Testsendung", "otto", world.now))
    await quarantine.measure()
    assert figures() == (1, 3 * 3600)
