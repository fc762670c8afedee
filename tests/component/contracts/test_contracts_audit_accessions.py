"""An audit finds what is wrong with accessions, and nothing where nobody changed anything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from services.contracts.accessions.archiving import AccessionArchivist
from services.contracts.accessions.repository import ACCESSIONS
from services.contracts.archiving import log as archive_log
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.records import DOCUMENTS, ERASURES, RECORDS
from services.contracts.audit.findings import Examined, Fault
from services.contracts.audit.whole import audited
from services.contracts.repository import CONTRACTS
from services.contracts.settings import Settings
from services.contracts.statements.contents import CONTENTS
from services.contracts.statements.statement import STATEMENTS
from tests.component.contracts.test_contracts_accessions import CONTRACT, accede
from tests.component.contracts.test_contracts_notice import FITKO, World

ORIGIN = "test.example/archive"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.prepare()
    await made.store.prepare([*archive_log.COLLECTIONS, DOCUMENTS, RECORDS, ERASURES, STATEMENTS, CONTENTS])
    assert (await accede(made)).status_code == 201
    yield made
    await made.store.close()


async def archive(world: World) -> None:
    await AccessionArchivist(world.accessions, FITKO, ArchiveLog(world.store, ORIGIN)).run()


async def about_accessions(world: World) -> list[tuple[Fault, str]]:
    """Return what an audit finds about accessions; the contracts of this world are not archived."""
    examined = Examined()
    found = [it async for it in audited(world.resources, Settings(archive_origin=ORIGIN), examined)]
    assert examined.accessions == len(await world.store.scan(ACCESSIONS))
    return [(it.fault, it.text) for it in found if "accession " in it.text]


async def change(world: World, changed: Callable[[dict[str, Any]], object]) -> None:
    """Change the stored accession behind the back of the product."""
    (document,) = await world.store.scan(ACCESSIONS)
    changed(document)
    await world.store.delete(ACCESSIONS, [document["_id"]])
    await world.store.insert_many(ACCESSIONS, [document])


async def test_nothing_is_found_where_nobody_changed_anything(world: World) -> None:
    await archive(world)
    assert await about_accessions(world) == []


async def test_an_accession_may_wait_a_while_for_its_entry(world: World) -> None:
    assert await about_accessions(world) == []
    world.now += timedelta(minutes=16)
    ((fault, text),) = await about_accessions(world)
    assert (fault, "waits to be archived" in text) == (Fault.EFFECT_WAITING, True)


@pytest.mark.parametrize(
    ("changed", "fault", "named"),
    [
        (lambda it: it.update(offering_title="Anders"), Fault.ACCESSION_DIFFERS, "is not what entry 0"),
        (lambda it: it.pop("licensee"), Fault.ACCESSION_UNREADABLE, "cannot be read"),
        (lambda it: it["organisation"].update(id="010020000000"), Fault.CHAIN_BROKEN, "breaks TERRITORY_NOT_GRANTED"),
        (lambda it: it.update(contract_id="00000000-0000-4000-8000-000000000000"), Fault.CHAIN_BROKEN, "breaks PARENT_UNKNOWN"),
    ],
)
async def test_what_somebody_changed_is_found(
    world: World, changed: Callable[[dict[str, Any]], object], fault: Fault, named: str
) -> None:
    await archive(world)
    await change(world, changed)
    found = await about_accessions(world)
    assert [text for it, text in found if it is fault and named in text] != [], found


async def test_an_accession_that_was_lost_is_missed_by_its_entry(world: World) -> None:
    await archive(world)
    (document,) = await world.store.scan(ACCESSIONS)
    await world.store.delete(ACCESSIONS, [document["_id"]])
    ((fault, text),) = await about_accessions(world)
    assert (fault, document["_id"] in text) == (Fault.ENTRY_WITHOUT_ACCESSION, True)


async def test_an_accession_that_outlives_its_contract_is_found_until_the_cascade_has_ended_it(world: World) -> None:
    await archive(world)
    await world.notice(CONTRACT, date(2027, 6, 30))
    assert len(await world.store.scan(CONTRACTS)) > 1
    ((fault, text),) = await about_accessions(world)
    assert (fault, text.endswith("goes on after its contract, which ends 2027-06-30")) == (Fault.CHAIN_BROKEN, True)
    await world.cascade.run()
    await archive(world)
    assert await about_accessions(world) == []
