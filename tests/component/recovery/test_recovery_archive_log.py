"""The archive of contracts after a restore: what the lost store had signed is never signed otherwise, and shows as lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from marktplatz.assembly import ServiceName
from marktplatz.recovery.dump.dump import back_up
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.restore import restore
from marktplatz.recovery.rebuild.archive import begin_log
from marktplatz.recovery.stores import Stores, opened_stores
from services.contracts.app import processor
from services.contracts.archive.checkpoint import Checkpoint
from services.contracts.archiving.archivist import Archivist, checkpoint_ledger
from services.contracts.archiving.export import Export
from services.contracts.archiving.log import ArchiveLog
from services.contracts.audit.findings import Examined
from services.contracts.audit.whole import audited
from services.contracts.repository import Contracts
from services.contracts.settings import Settings
from shared.aggregate import epochs
from shared.clock import now
from shared.messages.values import Channel
from shared.process.settings import ProcessSettings
from tests.support.archive_log import KEY, ORIGIN, verified
from tests.support.contract_requests import received, request

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACTS_ARCHIVE_ORIGIN", ORIGIN)


async def work(stores: Stores, *names: str) -> ArchiveLog:
    """Form contracts, archive them and sign the head, as a processor does."""
    resources = stores[ServiceName.CONTRACTS].resources
    consumer, *_ = processor(Channel.FITKO)(resources).consumers
    assert list(await consumer.handle([received(request(name)) for name in names])) == []
    log = ArchiveLog(resources.store, ORIGIN)
    await Archivist(Contracts(resources), Channel.FITKO, log, KEY, checkpoint_ledger(resources)).run()
    return log


async def exported(log: ArchiveLog) -> list[bytes]:
    return [line async for line in Export(log).whole()]


async def test_a_lost_checkpoint_shows_as_lost_and_no_size_of_a_log_is_signed_twice(tmp_path: Path) -> None:
    signed: dict[tuple[str, int], bytes] = {}

    def keep(note: str | None) -> str:
        assert note is not None
        head = Checkpoint.read(note)
        assert signed.setdefault((head.origin, head.size), head.root) == head.root
        return note

    async with opened_stores(ProcessSettings(var=tmp_path / "before")) as stores:
        before = await work(stores, "a", "b")
        kept = keep(await before.checkpoint(None))
        folder, _ = await back_up(stores, tmp_path / "backups", Keys())
        lost = keep(await (await work(stores, "c", "d")).checkpoint(None))
        assert await begin_log(stores) is None, "nothing was restored here"

    for number, names in ((1, ("x", "y")), (2, ("v", "w", "x"))):
        async with opened_stores(ProcessSettings(var=tmp_path / f"after{number}")) as stores:
            await restore(stores, folder, Keys(), now())
            name = await begin_log(stores)
            assert name == await begin_log(stores), "a rebuild may be repeated"
            for held in stores.values():
                await epochs.begin_epoch(held.store, 10**12 * number)
            log = await work(stores, *names)
            newest = keep(await log.checkpoint(None))
            assert (Checkpoint.read(newest).origin, Checkpoint.read(newest).size) == (name, 1 + len(names))
            former, _ = await log.all()
            assert verified(await exported(former), kept) == ("VALID", [])
            assert verified(await exported(former), lost) == ("INVALID", [("ENTRIES_MISSING", 1)])
            resources = stores[ServiceName.CONTRACTS].resources
            assert [it.line async for it in audited(resources, Settings(), Examined())] == []
    assert len({origin for origin, _ in signed}) == 3
