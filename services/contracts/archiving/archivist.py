"""The archivist: gives each effect on a contract its entry in the archive, and signs the head.

An entry is made of the contract's journal, which is saved with the contract: whatever happens in between, the next run finds what
has no entry yet, and a repeat makes no second one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.contracts.archive.checkpoint import Checkpoint
from services.contracts.archive.entry import Effect, Subject
from services.contracts.archive.keys import LogKey
from services.contracts.archiving.erasure import erased_roles
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.records import commitments, keep_document
from services.contracts.domain.amending import is_offered
from services.contracts.domain.checkpoint import PublishedCheckpoint, published_id
from services.contracts.domain.contract import Contract
from services.contracts.domain.papers import named
from services.contracts.newly_recorded import NewlyRecorded
from services.contracts.repository import CONTRACTS, SERVICE, Contracts
from shared.aggregate import journal
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger, aggregate_collection
from shared.canonical_json import canonical
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.contracts import ContractConcluded, ContractRefused
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.paging import portions
from shared.store.port import PORTION_BYTES, Document, Query

PUBLISHED = aggregate_collection("archive_published")
"""The checkpoint that was published last, with its outbox."""

CONTRACT: Final = "contract.json"
_FIRST: Final = 1
_PAGE: Final = 100


class Archivist:
    """Archives what happens to the contracts of one channel; any number of them may work on one log."""

    def __init__(
        self,
        contracts: Contracts,
        channel: Channel,
        log: ArchiveLog,
        key: LogKey | None,
        published: Ledger[PublishedCheckpoint],
    ) -> None:
        self.contracts = contracts
        self.store = contracts.store
        self.channel = channel
        self.log = log
        self.key = key
        self.published = published
        self.clock = contracts.ledger.clock
        self.newly = NewlyRecorded(contracts, channel)
        self._signed = 0

    async def run(self) -> None:
        """Archive what has no entry yet and sign the head if it has moved. Raises StoreUnavailableError, WriteConflictError."""
        await self._archive_formed()
        await self._archive_journals()
        if self.key is not None and (size := (await self.log.frontier()).size) > self._signed:
            note = await self.log.sign(self.key)
            await self.published.apply([_publication(await self.log.origin(), note)])
            self._signed = size

    async def _archive_formed(self) -> None:
        """Archive contracts that a version formed which kept no journals, and that nobody has changed since."""
        async for documents in self.newly.portions():
            await self._archive([_formed(document) for document in documents if journal.waiting(document) is None])

    async def _archive_journals(self) -> None:
        """Archive the changes that wait in journals, then drop them there."""
        query = Query("journal", {"channel": self.channel.value}, limit=_PAGE)
        async for portion in portions(self.store, CONTRACTS, query, PORTION_BYTES):
            waiting = [(document, journal.waiting(document) or []) for document in portion.documents]
            await self._archive([_happening(document, entry) for document, entries in waiting for entry in entries])
            saves = [journal.shortened(document, [entry.id for entry in entries]) for document, entries in waiting]
            await self.store.save_many(CONTRACTS, saves)

    async def _archive(self, happenings: Sequence[_Happening]) -> None:
        found = {happening.key: happening for happening in happenings}
        effects = {key: await self._effect(found[key]) for key in await self.log.absent(found)}
        await self.log.append(effects)

    async def _effect(self, happening: _Happening) -> Effect:
        contract = self.contracts.ledger.state_of(happening.state)
        persons = persons_of(contract)
        erased = await erased_roles(self.store, contract.id) if persons else frozenset()
        records = {role: record for role, record in persons.items() if role not in erased}
        return Effect(
            effect=happening.type or (ContractConcluded if contract.refusal is None else ContractRefused).TYPE,
            effect_id=happening.event_id,
            subject=Subject(id=contract.id, kind="contract", version=version_of(contract)),
            time=happening.at,
            number=contract.number,
            state=contract.state.value,
            documents={
                CONTRACT: await keep_document(self.store, content_of(contract)),
                **named(contract.papers, contract.version),
            },
            commitments=await commitments(self.store, happening.key, records),
        )


@dataclass(frozen=True, slots=True)
class _Happening:
    """An effect on a contract, with the state that it left. ``key`` names its entry."""

    key: str
    event_id: str
    type: str | None
    at: datetime
    state: Document


def _formed(document: Document, at: datetime | None = None) -> _Happening:
    event = derived_id("event", SERVICE, CONTRACTS.name, document["_id"], str(document.get("seq", _FIRST)))
    return _Happening(key_of(document["_id"]), event, None, at or document["recorded_at"], document)


def _happening(document: Document, entry: journal.Entry) -> _Happening:
    if entry.id is None:
        return _formed(entry.state, entry.at)
    return _Happening(key_of(document["_id"], entry.id), entry.id, entry.type, entry.at, entry.state)


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


def key_of(contract_id: str, event_id: str | None = None) -> str:
    """Return the key of the entry about an event of a contract; without one, about a contract formed without a journal."""
    return f"contract:{contract_id}:{event_id or _FIRST}"


def version_of(contract: Contract) -> int:
    """Return which version of a contract this is, 1 for one that counts none."""
    return int(getattr(contract, "version", _FIRST))


def content_of(contract: Contract) -> bytes:
    """Return the canonical JSON of a contract without what identifies persons."""
    person = {"by": True, "released_by": True}
    personal: Any = {
        "check": {"signed_off_by": True, "override": {"by": True}},
        "signatures": {"__all__": person},
        "countersignature": person,
        # What one side has not released is not for the other one, which reads what is archived.
        "proposal": {"consents": {"__all__": person}}
        if contract.proposal is None or is_offered(contract, contract.proposal)
        else True,
        "amendments": {"__all__": {"signatures": {"__all__": person}}},
    }
    return canonical(contract.model_dump(mode="json", by_alias=True, exclude=personal))


def persons_of(contract: Contract) -> dict[str, dict[str, Any]]:
    """Return the records about persons of a contract, by their role."""
    override = contract.check.override if contract.check else None
    found = {
        "award.signed_off_by": contract.check.signed_off_by if contract.check else None,
        "award.override_by": override.by if override else None,
    }
    signed = [("", contract.signatures), *((f"version.{it.version}.", it.signatures) for it in contract.amendments)]
    for place, signatures in signed:
        for signature in signatures:
            found[f"{place}{signature.side}.signed_by"] = signature.by
            found[f"{place}{signature.side}.released_by"] = signature.released_by
    return {role: {"person": person} for role, person in found.items() if person is not None}
