"""The log of the archive is without gap and repeat on each store, whoever appends at the same time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from services.contracts.archive import bundle
from services.contracts.archive.checkpoint import Checkpoint
from services.contracts.archive.tree import Range, consistency, inclusion
from services.contracts.archiving.export import Export
from services.contracts.archiving.log import BATCH, COLLECTIONS, ArchiveLog, ArchiveOriginError, Head
from services.contracts.archiving.periods import HEADS, Period
from services.contracts.archiving.records import DOCUMENTS
from services.contracts.archiving.restoring import begin_restored_log
from shared.aggregate.epochs import Restoration
from shared.store.port import Save
from tests.contract.store.conftest import Place
from tests.support.archive_log import BEGUN, KEY, ORIGIN, MemoryLog, effect, verified

WRITERS, EACH = 5, 12


async def opened(place: Place) -> ArchiveLog:
    store = place.open()
    await store.prepare(COLLECTIONS)
    return ArchiveLog(store, ORIGIN)


async def bundle_of(log: ArchiveLog, *notes: str) -> list[bytes]:
    size = (await log.frontier()).size
    entries = await log.entries(0, size)
    assert [entry["seq"] for entry in entries] == list(range(size))
    lines = [bundle.entry(entry["raw"].encode()) for entry in entries]
    return [bundle.header(ORIGIN, full=True), *lines, *map(bundle.checkpoint, notes)]


async def test_writers_at_once_leave_neither_gap_nor_repeat(shared_place: Place) -> None:
    logs = [await opened(shared_place) for _ in range(WRITERS)]

    async def write(log: ArchiveLog, first: int) -> int:
        # Each of the last effects is appended by two writers.
        return sum([await log.append({f"k{n}": effect(n) for n in (place, place + 1)}) for place in range(first, first + EACH)])

    appended = await asyncio.gather(*(write(log, EACH * number) for number, log in enumerate(logs)))
    assert sum(appended) == WRITERS * EACH + 1
    frontier = await logs[0].frontier()
    assert frontier.size == WRITERS * EACH + 1
    assert verified(await bundle_of(logs[0], await logs[1].sign(KEY))) == ("VALID", [])


async def test_the_log_grows_as_a_tree_in_memory_and_proves_the_same(place: Place) -> None:
    log, model = await opened(place), MemoryLog.of(BATCH + 30)
    assert await log.append({f"k{n}": effect(n) for n in range(40)}) == 40
    first = await log.sign(KEY)
    assert await log.append({f"k{n}": effect(n) for n in range(BATCH + 30)}) == BATCH - 10
    assert await log.absent(["k3", "new", "k99"]) == ["new"]
    size = len(model.entries)
    assert await log.frontier() == model.tree.frontier
    assert (first, await log.sign(KEY)) == (model.note(40), model.note())
    assert await log.checkpoints() == [(size, model.note()), (40, model.note(40))]
    for index in (0, 39, 40, 77, size - 1):
        assert await log.proof(inclusion(index, size)) == model.tree.inclusion(index, size)
    assert await log.proof(consistency(40, size)) == model.tree.consistency(40, size)
    assert await log.proof([Range(0, size)]) == [model.tree.root(size)]
    assert [entry["seq"] for entry in await log.about(effect(8).subject.id)] == [8, 9]
    assert verified(await bundle_of(log, first, await log.sign(KEY))) == ("VALID", [])


async def test_one_size_is_signed_once(place: Place) -> None:
    log = await opened(place)
    await log.append({"a": effect(0)})
    note = await log.sign(KEY)
    stored = Checkpoint.read(note)
    assert (stored.origin, stored.size) == (ORIGIN, 1)
    other = await log.store.get(HEADS, "head")
    assert other is not None
    head = Head.of(other)
    forged = Head(head.rev + 1, head.frontier._replace(peaks=(bytes(32),))).document(Period(ORIGIN))
    assert not await log.store.save_many(HEADS, [Save(forged, expected_rev=head.rev)])
    assert await log.sign(KEY) == note


async def test_the_store_goes_on_with_the_log_that_it_holds(place: Place) -> None:
    log = await opened(place)
    await log.append({"a": effect(0)})
    with pytest.raises(ArchiveOriginError, match=ORIGIN):
        await ArchiveLog(log.store, "other.example").frontier()


async def test_a_copy_whose_head_is_older_than_its_entries_goes_on_behind_them(place: Place) -> None:
    log = await opened(place)
    await log.append({"a": effect(0)})
    old = await log.store.get(HEADS, "head")
    assert old is not None
    for number in range(1, 7):
        await log.append({f"k{number}": effect(number)})
    newest = await log.store.get(HEADS, "head")
    assert newest is not None
    await log.store.save_many(HEADS, [Save(old | {"rev": newest["rev"] + 1}, expected_rev=newest["rev"])])
    restored = ArchiveLog(log.store, ORIGIN)
    assert await restored.append({"k3": effect(3), "new": effect(7)}) == 1
    assert verified(await bundle_of(restored, await restored.sign(KEY))) == ("VALID", [])
    assert (await restored.frontier()).size == 8


async def test_a_restored_log_ends_with_its_last_checkpoint_and_another_goes_on(place: Place) -> None:
    """Whoever holds a checkpoint of the lost time finds entries missing, never two logs of one name."""
    log = await opened(place)
    await log.store.prepare([DOCUMENTS])
    await log.append({f"k{number}": effect(number) for number in range(5)})
    signed = await log.sign(KEY)
    await log.append({"unsigned": effect(5)})
    lost = MemoryLog.of(9).note()

    at = [BEGUN + timedelta(days=day) for day in (1, 2)]
    names = [await begin_restored_log(log.store, ORIGIN, Restoration(BEGUN, time)) for time in (at[0], at[0])]
    assert names == [f"{ORIGIN}/20250116T080000.000Z"] * 2
    present = ArchiveLog(log.store, ORIGIN)
    assert await present.origin() == names[0]
    assert await present.absent(["k4", "unsigned"]) == ["unsigned"]
    assert await present.append({"k4": effect(4), "unsigned": effect(5), "new": effect(6)}) == 2
    key = replace(KEY, name=names[0])
    assert Checkpoint.read(await present.sign(KEY)).size == 3
    assert (await present.vkeys(), await log.vkeys()) == ([key.vkey], [KEY.vkey])
    assert verified(await exported(present), key=key) == ("VALID", [])

    former, _ = await present.all()
    assert (await former.frontier()).size == 5
    assert verified(await exported(former), signed) == ("VALID", [])
    assert verified(await exported(former), lost) == ("INVALID", [("ENTRIES_MISSING", 1)])
    statement = json.loads(await statement_of(present))
    assert statement["former"]["log"] == ORIGIN
    assert statement["former"]["checkpoint"] == signed

    second = await begin_restored_log(log.store, ORIGIN, Restoration(BEGUN, at[1]))
    newest = ArchiveLog(log.store, ORIGIN)
    assert second != names[0]
    assert json.loads(await statement_of(newest))["former"]["log"] == names[0]
    assert len(await newest.all()) == 3
    assert await newest.absent(["k4", "unsigned", "new", "newer"]) == ["newer"]


async def exported(log: ArchiveLog) -> list[bytes]:
    return [line async for line in Export(log).whole()]


async def statement_of(log: ArchiveLog) -> str:
    (first, *_) = await log.entries(0, 1)
    (named,) = json.loads(first["raw"])["documents"]
    document = await log.store.get(DOCUMENTS, named["sha256"])
    assert document is not None
    return str(document["content"])
