"""Audits contracts against the archive: each is what its newest entry says, and each of its changes has an entry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final

from pydantic import ValidationError

from services.contracts.archiving.archivist import content_of
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.reading import archived_contract, newest_entry
from services.contracts.audit.chains import audited_place
from services.contracts.audit.findings import LATE, Examined, Fault, Finding
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import PENDING
from services.contracts.repository import CONTRACTS, Contracts
from shared.aggregate import journal
from shared.messages.values import Channel
from shared.store.paging import scanned
from shared.store.port import Document

_PAGE: Final = 100


async def audited_contracts(
    contracts: Contracts,
    logs: list[ArchiveLog],
    terms: Mapping[Channel, Terms],
    places: set[tuple[str, int]],
    examined: Examined,
) -> AsyncIterator[Finding]:
    """Yield what is wrong with contracts, and add the channels and years of their numbers to ``places``.

    ``logs``: those of the store, the present one last. ``terms``: of each channel. Raises StoreUnavailableError.
    """
    async for page in scanned(contracts.store, CONTRACTS, _PAGE):
        for document in page:
            examined.contracts += 1
            if document.get("year") is not None:
                places.add((document["channel"], document["year"]))
            if document["state"] in PENDING:
                continue
            if (finding := await _of(document, contracts, logs)) is not None:
                yield finding
            async for broken in _in_its_chain(document, contracts, terms):
                yield broken


async def _in_its_chain(document: Document, contracts: Contracts, terms: Mapping[Channel, Terms]) -> AsyncIterator[Finding]:
    try:
        contract = contracts.ledger.state_of(document)
    except (ValidationError, KeyError):
        return  # a finding already
    async for finding in audited_place(contract, contracts, terms):
        if await _unless_changed(finding, document, contracts) is not None:
            yield finding


async def _of(document: Document, contracts: Contracts, logs: list[ArchiveLog]) -> Finding | None:
    try:
        contract = contracts.ledger.state_of(document)
    except (ValidationError, KeyError) as error:
        return Finding(Fault.CONTRACT_UNREADABLE, f"contract {document['_id']} cannot be read ({type(error).__name__})")
    name = f"contract {contract.number or contract.id}"
    if journal.waiting(document):
        since = document["journal_since"]
        late = contracts.ledger.clock() - since > LATE
        return Finding(Fault.EFFECT_WAITING, f"{name} waits to be archived since {since.isoformat()}") if late else None
    try:
        entry = await newest_entry(contract.id, logs)
        archived = None if entry is None else await archived_contract(entry, contracts.store)
    except (LookupError, ValueError):
        return None  # a damaged entry or document is a finding about the log
    if entry is None:
        return await _unless_changed(Finding(Fault.EFFECT_MISSING, f"{name} has no entry"), document, contracts)
    if archived is not None and content_of(archived) != content_of(contract):
        text = f"{name} is not what entry {entry.seq} of {entry.log} says"
        return await _unless_changed(Finding(Fault.CONTRACT_DIFFERS, text), document, contracts)
    return None


async def _unless_changed(finding: Finding, document: Document, contracts: Contracts) -> Finding | None:
    """Return the finding unless the contract has changed since it was read: then its entries may be those of the change."""
    present = await contracts.store.get(CONTRACTS, document["_id"])
    return finding if present is not None and present["rev"] == document["rev"] else None
