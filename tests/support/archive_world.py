"""Contracts in a store in memory, formed by their processors, changed, and archived."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.contracts.app import processor
from services.contracts.archiving.archivist import Archivist, checkpoint_ledger
from services.contracts.archiving.export import Export
from services.contracts.archiving.log import ENTRIES, ArchiveLog
from services.contracts.domain.contract import Contract
from services.contracts.repository import CONTRACTS, Contracts
from shared.aggregate.change import Change
from shared.ids import contract_id
from shared.messages.base import Message
from shared.messages.values import Channel, Verdict
from shared.process.service import Resources
from tests.support.archive_log import KEY, ORIGIN
from tests.support.contract_requests import order_id, received, request
from tests.support.memory_store import Documents, MemoryStore
from tests.support.publisher import RecordingPublisher

PERSON = "3f0c8b7e-vergabestelle"
NAMES = ("a", "b", "c", "d", "e")
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def changed(name: str, reference: str | None, channel: Channel = Channel.FITKO) -> Change[Contract]:
    """Return a change of the contract of an order, with an event, as a later effect brings it."""

    def decide(contract: Contract | None) -> tuple[Contract, Sequence[Message]]:
        assert contract is not None
        contract.order_reference = reference
        return contract, contract.restate()

    return Change(contract_id(channel, order_id(name)), decide)


class World:
    """Contracts in a store that may fail at its n-th access, and archivists on it."""

    def __init__(self) -> None:
        self.documents = Documents()
        self.publisher = RecordingPublisher()
        self.now = AT

    def resources(self, store: MemoryStore) -> Resources:
        return Resources(store, self.publisher, Path("data"), clock=lambda: self.now)

    async def form(self, *names: str, channel: Channel = Channel.FITKO) -> None:
        store = MemoryStore(documents=self.documents)
        consumer, *_ = processor(channel)(self.resources(store)).consumers
        events = [
            received(request(name, channel, verdict=Verdict.RISK, signed_off_by=None if name == "c" else PERSON))
            for name in names
        ]
        assert list(await consumer.handle(events)) == []

    async def change(self, name: str, reference: str | None) -> str:
        """Change a contract of FITKO and return the id of the event of it."""
        ledger = Contracts(self.resources(MemoryStore(documents=self.documents))).ledger
        (event,) = (await ledger.apply_one(changed(name, reference))).events
        return event.id

    def archivist(self, store: MemoryStore | None = None, channel: Channel = Channel.FITKO) -> Archivist:
        opened = store or MemoryStore(documents=self.documents)
        resources = self.resources(opened)
        contracts, published = Contracts(resources), checkpoint_ledger(resources)
        return Archivist(contracts, channel, ArchiveLog(opened, ORIGIN), KEY, published)

    @property
    def log(self) -> ArchiveLog:
        return ArchiveLog(MemoryStore(documents=self.documents), ORIGIN)

    async def exported(self, *, persons: bool = False) -> list[bytes]:
        return [line async for line in Export(self.log, persons=persons).whole()]

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries about contracts that were ordered."""
        entries = [json.loads(document["raw"]) for _, document in sorted(self.documents[ENTRIES.name].items())]
        contracts = self.documents[CONTRACTS.name]
        return [entry for entry in entries if contracts[entry["subject"]["id"]]["order_id"] is not None]
