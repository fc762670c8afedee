"""A contract processor as a process of its own that forms contracts, changes one and archives them, up to its end."""

from __future__ import annotations

from pathlib import Path

from services.contracts.app import processor
from services.contracts.archiving.archivist import Archivist, checkpoint_ledger
from services.contracts.archiving.log import ArchiveLog
from services.contracts.repository import Contracts
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.component.contracts.processor_process import FilePublisher
from tests.support.archive_log import KEY, ORIGIN
from tests.support.archive_world import PERSON, changed
from tests.support.contract_requests import received, request

NAMES = ("a", "b")


async def main(store_file: Path, events: Path) -> None:
    """Form the contracts, change the first, archive what happened. A repeat finds what is there and does the rest."""
    store = SqliteStore(store_file)
    resources = Resources(store, FilePublisher(events), store_file.parent)
    service = processor(Channel.FITKO)(resources)
    await store.prepare(service.collections)
    consumer, *_ = service.consumers
    if await consumer.handle([received(request(name, signed_off_by=PERSON)) for name in NAMES]):
        raise SystemExit("a request was rejected")
    contracts = Contracts(resources)
    await contracts.ledger.apply_one(changed(NAMES[0], "Az. 1"))
    await Archivist(contracts, Channel.FITKO, ArchiveLog(store, ORIGIN), KEY, checkpoint_ledger(resources)).run()
    await store.close()
