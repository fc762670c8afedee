"""Audits everything: contracts, accessions to them, their chains, their numbers, the archive."""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.contracts import channels
from services.contracts.accessions.repository import Accessions
from services.contracts.archiving.log import ArchiveLog
from services.contracts.audit.accessions import audited_accessions
from services.contracts.audit.entries import audited_log
from services.contracts.audit.findings import Examined, Finding
from services.contracts.audit.registers import audited_registers
from services.contracts.audit.states import audited_contracts
from services.contracts.repository import REGISTERS, Contracts, Registers
from services.contracts.settings import Settings
from shared.process.service import Resources
from shared.store.paging import scanned


async def audited(resources: Resources, settings: Settings, examined: Examined) -> AsyncIterator[Finding]:
    """Yield all that is wrong in the store of contracts, and count what was read. It may run beside the processors.

    Raises StoreUnavailableError (also of the files), ArchiveOriginError, InvalidError if the settings of the files are unfit.
    """
    files = settings.files()
    logs = await ArchiveLog(resources.store, settings.archive_origin).all()
    contracts, registers = Contracts(resources), Registers(resources)
    terms = channels.load_terms(settings.agb_folder, settings.number_formats)
    places: set[tuple[str, int]] = set()
    async for page in scanned(resources.store, REGISTERS):
        places.update((document["channel"], document["year"]) for document in page)
    async for finding in audited_contracts(contracts, logs, terms, places, examined):
        yield finding
    async for finding in audited_accessions(Accessions(resources), contracts, logs, terms, examined):
        yield finding
    async for finding in audited_registers(registers, places, examined):
        yield finding
    for log in logs:
        async for finding in audited_log(log, files, examined):
            yield finding
