"""Audits accessions: each is what its newest entry says, has its contract, and ends with it at the latest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final

from pydantic import ValidationError

from services.contracts.accessions.archiving import archived_accession, content_of
from services.contracts.accessions.declaring import last_day_left
from services.contracts.accessions.repository import ACCESSIONS, Accessions
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.reading import newest_entry
from services.contracts.audit.findings import LATE, Examined, Fault, Finding
from services.contracts.chain.violations import of_accession
from services.contracts.domain.accession import Accession
from services.contracts.domain.rules import Terms
from services.contracts.neighbourhood import world_of
from services.contracts.repository import Contracts
from shared.aggregate import journal
from shared.messages.values import Channel
from shared.store.paging import scanned
from shared.store.port import Document

_PAGE: Final = 100


async def audited_accessions(
    accessions: Accessions, contracts: Contracts, logs: list[ArchiveLog], terms: Mapping[Channel, Terms], examined: Examined
) -> AsyncIterator[Finding]:
    """Yield what is wrong with accessions. ``logs`` and ``terms`` as for contracts. Raises StoreUnavailableError."""
    async for page in scanned(accessions.store, ACCESSIONS, _PAGE):
        for document in page:
            examined.accessions += 1
            for finding in await _of(document, accessions, contracts, logs, terms):
                if await _is_unchanged(document, accessions):
                    yield finding


async def _of(
    document: Document, accessions: Accessions, contracts: Contracts, logs: list[ArchiveLog], terms: Mapping[Channel, Terms]
) -> list[Finding]:
    try:
        accession = accessions.ledger.state_of(document)
    except (ValidationError, KeyError) as error:
        text = f"accession {document['_id']} cannot be read ({type(error).__name__})"
        return [Finding(Fault.ACCESSION_UNREADABLE, text)]
    archived = await _against_the_archive(accession, document, accessions, logs)
    return [*archived, *await _against_its_contract(accession, contracts, terms[accession.channel])]


async def _against_the_archive(
    accession: Accession, document: Document, accessions: Accessions, logs: list[ArchiveLog]
) -> list[Finding]:
    name = f"accession {accession.id}"
    if journal.waiting(document):
        since = document["journal_since"]
        late = accessions.ledger.clock() - since > LATE
        return [Finding(Fault.EFFECT_WAITING, f"{name} waits to be archived since {since.isoformat()}")] if late else []
    try:
        entry = await newest_entry(accession.id, logs)
        archived = None if entry is None else await archived_accession(entry, accessions.store)
    except (LookupError, ValueError):
        return []  # a damaged entry or document is a finding about the log
    if entry is None:
        return [Finding(Fault.EFFECT_MISSING, f"{name} has no entry")]
    if archived is not None and content_of(archived) != content_of(accession):
        return [Finding(Fault.ACCESSION_DIFFERS, f"{name} is not what entry {entry.seq} of {entry.log} says")]
    return []


async def _against_its_contract(accession: Accession, contracts: Contracts, terms: Terms) -> list[Finding]:
    found = await contracts.of_ids([accession.contract_id])
    line = found | await contracts.continuing(found)
    link = accession.linked()
    broken = {violation.code for violation in of_accession(world_of(line.values(), terms, [link]), link)}
    findings = [Finding(Fault.CHAIN_BROKEN, f"accession {accession.id} breaks {code}") for code in sorted(broken)]
    last_day = last_day_left(accession, line, terms) if found else None
    if last_day is not None:
        findings.append(
            Finding(Fault.CHAIN_BROKEN, f"accession {accession.id} goes on after its contract, which ends {last_day}")
        )
    return findings


async def _is_unchanged(document: Document, accessions: Accessions) -> bool:
    """Return whether an accession is as it was read: else its entries and its end may be those of a later change."""
    present = await accessions.store.get(ACCESSIONS, document["_id"])
    return present is not None and present["rev"] == document["rev"]
