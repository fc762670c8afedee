"""Every contract has its entry in the archive, whatever dies in between; what is exported verifies."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest

from services.contracts.app import build, processor
from services.contracts.archive.keys import LogKey, new_private_key
from services.contracts.archiving.export import Export
from services.contracts.archiving.log import ENTRIES
from services.contracts.archiving.records import DOCUMENTS, RECORDS
from services.contracts.repository import CONTRACTS as CONTRACT_DOCUMENTS
from services.contracts.settings import Settings
from shared.aggregate.journal import JOURNAL_LIMIT
from shared.bus.envelope import IncomingRecord, decode, encode
from shared.errors import JournalFullError, NotFoundError, StoreUnavailableError
from shared.ids import contract_id
from shared.messages.contracts import ContractConcluded, ContractRefused
from shared.messages.contracts_checkpoints import CheckpointSigned
from shared.messages.values import Channel
from shared.topics import ARCHIVE_CHECKPOINTS, CONTRACTS
from tests.support.archive_log import ORIGIN, verified
from tests.support.archive_world import AT, NAMES, PERSON, World
from tests.support.contract_requests import order_id
from tests.support.memory_store import MemoryStore


@pytest.fixture
async def world() -> World:
    world = World()
    await world.form(*NAMES)
    return world


async def test_each_contract_has_one_entry_that_says_what_became_of_it(world: World) -> None:
    archivist = world.archivist()
    for _ in range(3):
        await archivist.run()
    entries = world.entries()
    assert {entry["subject"]["id"] for entry in entries} == {contract_id(Channel.FITKO, order_id(name)) for name in NAMES}
    refused = next(entry for entry in entries if entry["subject"]["id"] == contract_id(Channel.FITKO, order_id("c")))
    concluded = [entry for entry in entries if entry is not refused]
    assert (refused["effect"], refused["number"], refused["state"]) == (ContractRefused.TYPE, None, "ABGELEHNT")
    assert {(entry["effect"], entry["state"]) for entry in concluded} == {(ContractConcluded.TYPE, "GESCHLOSSEN")}
    assert sorted(entry["number"] for entry in concluded) == [f"FITST/2026/{number:04d}" for number in range(1, 5)]
    events = [event for event in world.publisher.events if event.topic == CONTRACTS.name]
    assert {entry["effect_id"] for entry in entries} == {event.id for event in events}


async def test_no_person_stands_in_the_log_or_in_its_documents_and_the_commitment_opens(world: World) -> None:
    await world.archivist().run()
    exported = await world.exported()
    assert PERSON not in json.dumps([world.documents[ENTRIES.name], world.documents[DOCUMENTS.name]])
    assert verified(exported) == ("VALID", [])
    with_persons = await world.exported(persons=True)
    assert verified(with_persons) == ("VALID", [])
    assert sum(b'"t":"disclosure"' in line for line in with_persons) == len(NAMES) - 1
    world.documents[RECORDS.name].clear()
    world.documents[DOCUMENTS.name].clear()
    assert verified(await world.exported(persons=True)) == ("VALID", [])
    await world.archivist().run()
    assert not world.documents[RECORDS.name]


async def test_both_channels_write_one_log(world: World) -> None:
    await world.form("a", "b", channel=Channel.GOVDIGITAL)
    for archivist in (world.archivist(), world.archivist(channel=Channel.GOVDIGITAL)):
        await archivist.run()
    assert len(world.entries()) == len(NAMES) + 2
    assert verified(await world.exported()) == ("VALID", [])


@pytest.mark.slow
@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_death_at_any_access_to_the_store_leaves_no_contract_without_its_entry(where: str) -> None:
    died = 0
    while await _dies(where, died):
        died += 1
    assert died > 10


async def _dies(where: str, access: int) -> bool:
    """Return whether an archivist that dies at this access comes to it; what the next one leaves is whole either way."""
    world = World()
    await world.form("a")
    await world.archivist().run()
    await world.form("b", "c")
    for reference in ("Az. 1", "Az. 2"):
        await world.change("b", reference)
    passed = 0

    async def die(point: str) -> None:
        nonlocal passed
        passed += point.endswith(where)
        if passed > access and point.endswith(where):
            raise StoreUnavailableError("killed")

    died = False
    try:
        await world.archivist(MemoryStore(die, world.documents)).run()
    except StoreUnavailableError:
        died = True
    notes = [note for _, note in await world.log.checkpoints()]
    await world.archivist().run()
    assert len({entry["effect_id"] for entry in world.entries()}) == len(world.entries()) == 5
    assert [reference for _, reference in await references(world, "b")] == [None, "Az. 1", "Az. 2"]
    assert verified(await world.exported(), *notes) == ("VALID", [])
    return died


async def test_what_was_saved_late_or_recorded_by_a_clock_that_ran_ahead_is_found(world: World) -> None:
    archivist = world.archivist()
    world.now = AT + timedelta(days=1)
    await world.form("future")
    world.now = AT
    await archivist.run()
    await world.form("present")
    world.now = AT - timedelta(minutes=5)
    await world.form("late")
    world.now = AT
    await archivist.run()
    assert len(world.entries()) == len(NAMES) + 3


async def test_a_receipt_proves_one_contract_to_somebody_with_an_older_checkpoint(world: World) -> None:
    await world.archivist().run()
    ((size, older),) = await world.log.checkpoints()
    await world.form("f", "g")
    await world.archivist().run()
    subject = contract_id(Channel.FITKO, order_id("b"))
    export = Export(world.log, persons=True)
    lines = [line async for line in export.receipt(subject, [size])]
    assert verified(lines, older) == ("VALID", [])
    assert [json.loads(line)["t"] for line in lines] == [
        "bundle",
        "inclusion",
        "checkpoint",
        "consistency",
        "document",
        "disclosure",
    ]
    unconnected = [line async for line in export.receipt(subject)]
    assert verified(unconnected, older) == ("INCOMPLETE", [("CONSISTENCY_MISSING", None)])
    for wanting in (export.receipt(contract_id(Channel.FITKO, order_id("x"))), export.receipt(subject, [99])):
        with pytest.raises(NotFoundError):
            await anext(wanting)


async def references(world: World, name: str) -> list[tuple[str, str | None]]:
    """Return what the archive holds of a contract, in its order: ids of effects, and the reference in the document of each."""
    found = []
    for document in await world.log.about(contract_id(Channel.FITKO, order_id(name))):
        entry = json.loads(document["raw"])
        content = world.documents[DOCUMENTS.name][entry["documents"][0]["sha256"]]["content"]
        found.append((entry["effect_id"], json.loads(content)["order_reference"]))
    return found


async def test_each_change_of_a_contract_has_an_entry_of_its_own_with_the_contract_as_it_was_then(world: World) -> None:
    first = await world.change("a", "Az. 1")
    await world.archivist().run()
    later = [await world.change("a", f"Az. {number}") for number in (2, 3)]
    for _ in range(2):
        await world.archivist().run()
    formed, *others = await references(world, "a")
    assert formed[1] is None
    assert others == [(first, "Az. 1"), (later[0], "Az. 2"), (later[1], "Az. 3")]
    assert len(world.entries()) == len(NAMES) + 3
    assert verified(await world.exported(persons=True)) == ("VALID", [])


async def test_what_is_only_said_again_has_no_entry(world: World) -> None:
    await world.archivist().run()
    service = build(world.resources(MemoryStore(documents=world.documents)))
    (republisher,) = [it for it in service.republishers if it.name == "contract"]
    assert await republisher.republish([contract_id(Channel.FITKO, order_id(name)) for name in NAMES]) == len(NAMES)
    await world.change("a", None)
    await world.archivist().run()
    assert len(world.entries()) == len(NAMES)


async def test_contracts_that_were_formed_without_a_journal_have_one_entry_each_also_if_they_change_first(world: World) -> None:
    for document in world.documents[CONTRACT_DOCUMENTS.name].values():
        del document["journal"], document["journal_since"]
    await world.change("a", "Az. 1")
    for _ in range(2):
        await world.archivist().run()
    assert len(world.entries()) == len(NAMES) + 1
    assert [reference for _, reference in await references(world, "a")] == [None, "Az. 1"]


async def test_a_contract_waits_for_its_archivist_before_it_changes_without_end(world: World) -> None:
    for number in range(JOURNAL_LIMIT - 1):
        await world.change("a", f"Az. {number}")
    with pytest.raises(JournalFullError):
        await world.change("a", "one more")
    await world.archivist().run()
    await world.change("a", "one more")


async def test_the_document_is_the_contract_of_its_hash(world: World) -> None:
    await world.archivist().run()
    for entry in world.entries():
        (named,) = entry["documents"]
        content = world.documents[DOCUMENTS.name][named["sha256"]]["content"]
        assert sha256(content.encode()).hexdigest() == named["sha256"]
        contract = json.loads(content)
        assert (contract["id"], contract["number"]) == (entry["subject"]["id"], entry["number"])


async def test_each_signed_checkpoint_is_published_once_and_verifies(world: World) -> None:
    for names in ((), ("f",), ()):
        await world.form(*names)
        for archivist in (world.archivist(), world.archivist()):
            await archivist.run()
    published = [event for event in world.publisher.events if event.topic == ARCHIVE_CHECKPOINTS.name]
    messages = [decode(cast(IncomingRecord, encode(event)), ARCHIVE_CHECKPOINTS).message for event in published]
    first, second = [it for it in messages if isinstance(it, CheckpointSigned)]
    assert (first.log, second.log, second.size - first.size) == (ORIGIN, ORIGIN, 1)
    assert verified(await world.exported(), *(json.loads(event.body)["note"] for event in published)) == ("VALID", [])


async def test_without_a_key_contracts_are_archived_and_nothing_is_signed(world: World) -> None:
    archivist = world.archivist()
    archivist.key = None
    await archivist.run()
    assert verified(await world.exported()) == ("INCOMPLETE", [("NO_CHECKPOINT", None)])


def test_a_processor_archives_with_the_key_in_its_settings_and_the_api_needs_none(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(new_private_key())
    settings = Settings(archive_key=file, archive_origin=ORIGIN)
    key = settings.log_key()
    assert isinstance(key, LogKey)
    assert key.vkey.startswith(f"{ORIGIN}+")
    resources = World().resources(MemoryStore())
    names = [periodic.name for periodic in processor(Channel.FITKO)(resources, settings).periodic]
    assert "contracts.fitko.archive" in names
    file.write_bytes(b"no key")
    with pytest.raises(ValueError, match="PEM"):
        processor(Channel.FITKO)(resources, settings)
    assert build(resources, settings).periodic == ()


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_an_origin_that_no_log_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="archive_origin"):
        Settings(archive_origin=name)
