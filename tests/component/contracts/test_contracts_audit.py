"""An audit of the store of contracts finds each thing that somebody changed in it, and nothing where nobody did."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.contracts.archiving.erasure import Erasure, Ground, erase
from services.contracts.archiving.log import CHECKPOINTS, ENTRIES, KEYS
from services.contracts.archiving.periods import HEADS
from services.contracts.archiving.records import DOCUMENTS, ERASURES, RECORDS
from services.contracts.archiving.restoring import begin_restored_log
from services.contracts.audit.findings import LATE, REMEDIES, Examined, Fault
from services.contracts.audit.whole import audited
from services.contracts.repository import CONTRACTS, REGISTERS
from services.contracts.settings import Settings
from shared.aggregate.epochs import Restoration
from shared.ids import contract_id
from shared.messages.values import Channel
from shared.store.port import Collection, Document
from tests.support.archive_log import ORIGIN, verified
from tests.support.archive_world import AT, NAMES, PERSON, World
from tests.support.contract_requests import order_id
from tests.support.memory_store import MemoryStore

SETTINGS = Settings(archive_origin=ORIGIN)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.form(*NAMES)
    await world.change("a", "Az. 1")
    await world.archivist().run()
    await world.form("f")
    await world.archivist().run()
    return world


async def audit(world: World) -> tuple[list[Fault], Examined]:
    examined = Examined()
    resources = world.resources(MemoryStore(documents=world.documents))
    findings = [finding async for finding in audited(resources, SETTINGS, examined)]
    assert all(REMEDIES[finding.fault] in finding.line and "\n" not in finding.line for finding in findings)
    return [finding.fault for finding in findings], examined


def stored(world: World, collection: Collection) -> dict[str, Document]:
    return world.documents[collection.name]


async def test_nothing_is_found_where_nobody_changed_anything(world: World) -> None:
    faults, examined = await audit(world)
    assert faults == []
    read = ((CONTRACTS, examined.contracts), (REGISTERS, examined.registers), (ENTRIES, examined.entries))
    outside = ((CHECKPOINTS, examined.checkpoints), (DOCUMENTS, examined.documents), (RECORDS, examined.records))
    assert [count for _, count in (*read, *outside)] == [len(stored(world, it)) for it, _ in (*read, *outside)]
    assert len(world.entries()) == 7


async def test_nothing_is_found_after_a_restore_and_all_logs_are_read(world: World) -> None:
    store = MemoryStore(documents=world.documents)
    entries = len(stored(world, ENTRIES))
    await begin_restored_log(store, ORIGIN, Restoration(AT, AT + timedelta(days=1)))
    await world.change("b", "Az. 2")
    await world.archivist().run()
    faults, examined = await audit(world)
    assert (faults, examined.entries, examined.checkpoints) == ([], entries + 2, 3)


def first(documents: dict[str, Document]) -> Document:
    return documents[min(documents)]


def contract(world: World, name: str) -> Document:
    return stored(world, CONTRACTS)[contract_id(Channel.FITKO, order_id(name))]


def number_twice(world: World) -> None:
    contract(world, "b").update(sequence=1)


def number_beyond(world: World) -> None:
    first(stored(world, REGISTERS)).update(last=4)


def contract_gone(world: World) -> None:
    del stored(world, CONTRACTS)[contract_id(Channel.FITKO, order_id("b"))]


def contract_changed(world: World) -> None:
    contract(world, "a").update(order_reference="Az. 9")


def root_gone(world: World) -> None:
    del stored(world, CONTRACTS)[contract(world, "a")["parent"]]


def root_ended_before(world: World) -> None:
    stored(world, CONTRACTS)[contract(world, "a")["parent"]].update(valid_to="2026-11-24")


def contract_damaged(world: World) -> None:
    del contract(world, "a")["anbieter"]


def entry_gone(world: World) -> None:
    del stored(world, ENTRIES)[sorted(stored(world, ENTRIES))[2]]


def entry_changed(world: World) -> None:
    document = first(stored(world, ENTRIES))
    changed: dict[str, Any] = json.loads(document["raw"]) | {"number": "FITST/2026/9999"}
    document["raw"] = json.dumps(changed, sort_keys=True, separators=(",", ":"))


def entry_without_form(world: World) -> None:
    first(stored(world, ENTRIES))["raw"] += " "


def entry_twice(world: World) -> None:
    entries = stored(world, ENTRIES)
    entries[max(entries)]["key"] = first(entries)["key"]


def hash_changed(world: World) -> None:
    first(stored(world, ENTRIES)).update(nodes=["00" * 32])


def head_changed(world: World) -> None:
    stored(world, HEADS)["head"].update(peaks=["00" * 32])


def signature_changed(world: World) -> None:
    checkpoint = first(stored(world, CHECKPOINTS))
    checkpoint["note"] = checkpoint["note"][:-8] + "AAAAAA=\n"


def checkpoint_ahead(world: World) -> None:
    checkpoints = stored(world, CHECKPOINTS)
    newest = checkpoints[max(checkpoints)]
    checkpoints["9"] = newest | {"_id": "9", "size": 9}


def key_gone(world: World) -> None:
    stored(world, KEYS).clear()


def document_gone(world: World) -> None:
    stored(world, DOCUMENTS).clear()


def document_changed(world: World) -> None:
    first(stored(world, DOCUMENTS)).update(content="{}")


def record_gone(world: World) -> None:
    stored(world, RECORDS).clear()


def record_changed(world: World) -> None:
    first(stored(world, RECORDS)).update(record={"person": "somebody"})


ENTRY_FAULTS = {Fault.TREE_DIFFERS, Fault.CHECKPOINT_INVALID}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (number_twice, {Fault.NUMBER_TWICE, Fault.NUMBER_MISSING, Fault.CONTRACT_DIFFERS}),
        (number_beyond, {Fault.NUMBER_BEYOND_REGISTER}),
        (contract_gone, {Fault.NUMBER_MISSING, Fault.ENTRY_WITHOUT_CONTRACT}),
        (contract_changed, {Fault.CONTRACT_DIFFERS}),
        (root_gone, {Fault.CHAIN_BROKEN, Fault.ENTRY_WITHOUT_CONTRACT}),
        (root_ended_before, {Fault.CHAIN_BROKEN, Fault.CONTRACT_DIFFERS}),
        (contract_damaged, {Fault.CONTRACT_UNREADABLE}),
        (entry_gone, {Fault.ENTRY_MISSING}),
        (entry_changed, ENTRY_FAULTS),
        (entry_without_form, ENTRY_FAULTS | {Fault.ENTRY_DAMAGED}),
        (entry_twice, {Fault.EFFECT_TWICE, Fault.RECORD_MISSING}),
        (hash_changed, {Fault.TREE_DIFFERS}),
        (head_changed, {Fault.TREE_DIFFERS}),
        (signature_changed, {Fault.CHECKPOINT_INVALID}),
        (checkpoint_ahead, {Fault.CHECKPOINT_INVALID}),
        (key_gone, {Fault.CHECKPOINT_INVALID}),
        (document_gone, {Fault.DOCUMENT_MISSING}),
        (document_changed, {Fault.DOCUMENT_DIFFERS}),
        (record_gone, {Fault.RECORD_MISSING}),
        (record_changed, {Fault.RECORD_DIFFERS}),
    ],
)
async def test_what_somebody_changed_is_found(world: World, change: Callable[[World], None], expected: set[Fault]) -> None:
    change(world)
    assert set((await audit(world))[0]) == expected


async def test_an_effect_without_an_entry_is_found_and_one_that_waits_only_if_it_waits_long(world: World) -> None:
    await world.form("g")
    assert (await audit(world))[0] == []
    world.now += LATE + timedelta(seconds=1)
    assert (await audit(world))[0] == [Fault.EFFECT_WAITING]
    contract(world, "g").update(journal=[], journal_since=None)
    assert (await audit(world))[0] == [Fault.EFFECT_MISSING]


async def test_what_was_erased_is_no_finding_and_the_log_verifies_as_before(world: World) -> None:
    before = await world.exported(persons=True)
    note = json.loads(before[-1])["note"]
    subject = contract_id(Channel.FITKO, order_id("a"))
    order = Erasure(subject, (), "op-7", Ground.REQUEST, "DS-2026/11", AT)
    assert await erase(world.log, order) == 2
    assert await erase(world.log, order) == 0
    after = await world.exported(persons=True)
    assert verified(before) == verified(after, note) == ("VALID", [])
    assert sum(PERSON.encode() in line for line in before) == sum(PERSON.encode() in line for line in after) + 2
    assert (await audit(world))[0] == []

    await world.change("a", "Az. 3")
    await world.archivist().run()
    assert not [key for key in stored(world, RECORDS) if subject in key]
    noted = stored(world, ERASURES)[subject]["erased"]
    expected = ("op-7", "request", "DS-2026/11", ["award.signed_off_by"])
    assert [(it["by"], it["ground"], it["reference"], it["roles"]) for it in noted] == [expected, expected]
    assert PERSON not in json.dumps(noted, default=str)


async def test_only_the_role_that_is_named_is_erased_and_of_nobody_else(world: World) -> None:
    subject = contract_id(Channel.FITKO, order_id("a"))
    others = [key for key in stored(world, RECORDS) if subject not in key]
    assert await erase(world.log, Erasure(subject, ("award.override_by",), "op-7", Ground.RETENTION, None, AT)) == 0
    assert subject not in world.documents.get(ERASURES.name, {})
    assert await erase(world.log, Erasure(subject, ("award.signed_off_by",), "op-7", Ground.RETENTION, None, AT)) == 2
    assert sorted(stored(world, RECORDS)) == sorted(others)
