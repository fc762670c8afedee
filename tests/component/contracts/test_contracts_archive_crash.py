"""Killed anywhere between contract, entry and document, the next process leaves each effect with one entry, and a valid log."""

from __future__ import annotations

import signal
import tracemalloc
from pathlib import Path

import pytest

from services.contracts.app import build
from services.contracts.archive.entry import Effect
from services.contracts.archiving.export import Export
from services.contracts.archiving.log import BATCH, ArchiveLog
from services.contracts.archiving.records import keep_document
from services.contracts.audit.findings import Examined
from services.contracts.audit.whole import audited
from services.contracts.repository import Contracts
from services.contracts.settings import Settings
from shared.ids import contract_id
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.port import PORTION_BYTES
from shared.store.sqlite.store import SqliteStore
from tests.component.contracts import archiving_process
from tests.support.archive_log import KEY, ORIGIN, effect, verified
from tests.support.contract_requests import order_id
from tests.support.forked import run_process
from tests.support.publisher import RecordingPublisher

pytestmark = pytest.mark.slow

SETTINGS = Settings(archive_origin=ORIGIN)


async def killed(folder: Path, point: str) -> bool:
    """Return whether a process dies at the point; what the next one leaves behind is judged either way."""
    store_file, events = folder / f"{point}.db", folder / f"{point}.events"
    code = await run_process(archiving_process.main, store_file, events, failpoint=point)
    assert code in (0, -signal.SIGKILL), point
    assert await run_process(archiving_process.main, store_file, events) == 0, point
    store = SqliteStore(store_file)
    resources = Resources(store, RecordingPublisher(), folder)
    log = ArchiveLog(store, ORIGIN)
    subjects = [contract_id(Channel.FITKO, order_id(name)) for name in archiving_process.NAMES]
    entries = [len(await log.about(subject)) for subject in subjects]
    # Both processes change the first contract in the same way: the second change changes nothing.
    assert entries == [2, 1], point
    assert verified([line async for line in Export(log, persons=True).whole()]) == ("VALID", []), point
    assert [finding.line async for finding in audited(resources, SETTINGS, Examined())] == [], point
    assert len(await Contracts(resources).sequences(Channel.FITKO, 2026)) == 2, point
    await store.close()
    return code != 0


@pytest.mark.parametrize("point", ["store.insert.after", "store.save.after"])
async def test_a_kill_at_each_write_leaves_every_effect_with_one_entry(tmp_path: Path, point: str) -> None:
    passages = 0
    while await killed(tmp_path, f"{point}:{passages + 1}"):
        passages += 1
    assert passages >= (9 if "insert" in point else 3)


async def test_a_thousand_documents_are_archived_exported_and_audited_in_little_memory(tmp_path: Path) -> None:
    """Together the documents are four times what is read at once, and thrice what may be used."""
    store = SqliteStore(tmp_path / "contracts.db")
    resources = Resources(store, RecordingPublisher(), Path("data"))
    await store.prepare(build(resources, SETTINGS).collections)
    log, content = ArchiveLog(store, ORIGIN), "x" * 34_000
    tracemalloc.start()
    exported = 0
    for start in range(0, 1000, BATCH):
        effects: dict[str, Effect] = {}
        for place in range(start, start + BATCH):
            named = {"vertrag.txt": await keep_document(store, f"{place} {content}".encode())}
            effects[f"k{place}"] = effect(place, documents=named, commitments={})
        await log.append(effects)
    await log.sign(KEY)
    async for line in Export(log).whole():
        exported += len(line)
    examined = Examined()
    findings = [finding.fault async for finding in audited(resources, SETTINGS, examined)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    await store.close()
    assert (len(findings), examined.documents) == (1000, 1000)  # each entry is about a contract that is not there
    assert exported > 4 * PORTION_BYTES
    assert peak < exported / 3
