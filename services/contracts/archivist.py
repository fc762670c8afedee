"""The archivist: gives every contract its entry in the archive, and signs the head.

An entry is made of the stored contract alone, so it is saved with the contract: whatever happens in between, the next run finds
what has no entry yet, and a repeat makes no second one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from services.contracts.archive.checkpoint import Checkpoint
from services.contracts.archive.commitment import commit, new_salt
from services.contracts.archive.entry import Effect, Subject
from services.contracts.archive.keys import LogKey
from services.contracts.archive_log import ArchiveLog
from services.contracts.domain.checkpoint import PublishedCheckpoint, published_id
from services.contracts.domain.contract import Contract
from services.contracts.repository import CONTRACTS, SERVICE, Contracts
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger, aggregate_collection
from shared.canonical_json import canonical
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.contracts import ContractConcluded, ContractRefused
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.paging import portions
from shared.store.port import PORTION_BYTES, Collection, Document, Query, Store

DOCUMENTS = Collection("archive_documents")
"""Documents that entries name, by their SHA-256."""
RECORDS = Collection("archive_records")
"""Records about persons with their salts, by key of the entry and role: what is erased here stays committed to."""

PUBLISHED = aggregate_collection("archive_published")
"""The checkpoint that was published last, with its outbox."""

CONTRACT: Final = "contract.json"
OVERLAP: Final = timedelta(minutes=10)
"""How long the saving of a contract may take after the instant that it is recorded with, without waiting for a new process."""
_VERSION: Final = 1
_PAGE: Final = 100


class Archivist:
    """Archives the contracts of one channel; any number of them may work on one log."""

    def __init__(
        self,
        contracts: Contracts,
        channel: Channel,
        log: ArchiveLog,
        key: LogKey | None,
        published: Ledger[PublishedCheckpoint],
    ) -> None:
        self.contracts = contracts
        self.channel = channel
        self.log = log
        self.key = key
        self.published = published
        self.clock = contracts.ledger.clock
        self._seen: datetime | None = None
        self._signed = 0
        self._recent: set[str] = set()

    async def run(self) -> None:
        """Archive what has no entry yet and sign the head if it has moved. Raises StoreUnavailableError, WriteConflictError."""
        since = None if self._seen is None else self._seen - OVERLAP
        query = Query("channel", {"channel": self.channel.value}, at_least=since, limit=_PAGE)
        recent: set[str] = set()
        async for portion in portions(self.contracts.store, CONTRACTS, query, PORTION_BYTES):
            await self._archive([document for document in portion.documents if document["_id"] not in self._recent])
            recent.update(document["_id"] for document in portion.documents)
            # What is recorded with a time of the future does not hide what is recorded after it.
            self._seen = min(portion.documents[-1]["recorded_at"], self.clock())
        self._recent = recent
        if self.key is not None and (size := (await self.log.frontier()).size) > self._signed:
            note = await self.log.sign(self.key)
            await self.published.apply([_publication(self.log.origin, note)])
            self._signed = size

    async def _archive(self, documents: Sequence[Document]) -> None:
        found = {key_of(document["_id"]): document for document in documents}
        effects = {key: await self._effect(key, found[key]) for key in await self.log.absent(found)}
        await self.log.append(effects)

    async def _effect(self, key: str, document: Document) -> Effect:
        contract = self.contracts.ledger.state_of(document)
        content = content_of(contract)
        digest = sha256(content).hexdigest()
        await self.contracts.store.insert_many(DOCUMENTS, [{"_id": digest, "content": content.decode()}])
        return Effect(
            effect=(ContractConcluded if contract.refusal is None else ContractRefused).TYPE,
            effect_id=derived_id("event", SERVICE, CONTRACTS.name, contract.id, str(document["seq"])),
            subject=Subject(id=contract.id, kind="contract", version=_VERSION),
            time=contract.recorded_at,
            number=contract.number,
            state=contract.state.value,
            documents={CONTRACT: digest},
            commitments=await _commitments(self.contracts.store, key, persons_of(contract)),
        )


def checkpoint_ledger(resources: Resources) -> Ledger[PublishedCheckpoint]:
    """Return the ledger of the checkpoint that was published last."""
    return resources.ledger(PublishedCheckpoint, PUBLISHED, service=SERVICE, restate=PublishedCheckpoint.restate)


def _publication(log: str, note: str) -> Change[PublishedCheckpoint]:
    size = Checkpoint.read(note).size

    def decide(published: PublishedCheckpoint | None) -> tuple[PublishedCheckpoint, Sequence[Message]]:
        if published is None:
            return PublishedCheckpoint.begin(log, size, note)
        return published, published.advance(size, note)

    return Change(published_id(log), decide)


def key_of(contract_id: str) -> str:
    """Return the key of the entry about a contract as it was formed."""
    return f"contract:{contract_id}:{_VERSION}"


def record_id(key: str, role: str) -> str:
    """Return the id under which the record about a person is kept."""
    return f"{key}:{role}"


def content_of(contract: Contract) -> bytes:
    """Return the canonical JSON of a contract without what identifies persons."""
    return canonical(contract.model_dump(mode="json", exclude={"check": {"signed_off_by": True, "override": {"by": True}}}))


def persons_of(contract: Contract) -> dict[str, dict[str, Any]]:
    """Return the records about persons of a contract, by their role."""
    override = contract.check.override
    found = {"award.signed_off_by": contract.check.signed_off_by, "award.override_by": override.by if override else None}
    return {role: {"person": person} for role, person in found.items() if person is not None}


async def _commitments(store: Store, key: str, records: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the commitment to each record, with a salt that is stored before: whoever comes later uses that one."""
    if not records:
        return {}
    drafts: list[Document] = [
        {"_id": record_id(key, role), "role": role, "salt": new_salt().hex(), "record": dict(record)}
        for role, record in records.items()
    ]
    await store.insert_many(RECORDS, drafts)
    stored = await store.get_many(RECORDS, [draft["_id"] for draft in drafts])
    return {record["role"]: commit(record["record"], bytes.fromhex(record["salt"])) for record in stored.values()}
