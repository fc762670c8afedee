"""``marktplatz contracts audit``: a line for each finding, then how much was read."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Final

from pydantic import ValidationError

from marktplatz.archive import COLLECTIONS
from marktplatz.names import ServiceName
from marktplatz.silent import Silent
from services.contracts.accessions.repository import ACCESSIONS
from services.contracts.archiving.log import ArchiveOriginError
from services.contracts.audit.findings import Examined
from services.contracts.audit.whole import audited
from services.contracts.repository import CONTRACTS, REGISTERS
from services.contracts.settings import Settings
from services.contracts.statements.contents import CONTENTS
from services.contracts.statements.statement import STATEMENTS
from shared.errors import RetryableError, StoreUnfitError
from shared.process.service import Resources
from shared.process.settings import ProcessSettings
from shared.process.stores import opened

UNREADABLE: Final = 2


async def run_audit() -> int:
    """Print all findings and return 1 if there are any, 0 if there are none, 2 if the store could not be read to its end."""
    examined, findings = Examined(), 0
    try:
        settings, process = Settings(), ProcessSettings()
        async with opened(ServiceName.CONTRACTS.value, process) as store:
            await store.prepare((CONTRACTS, ACCESSIONS, REGISTERS, *COLLECTIONS, STATEMENTS, CONTENTS))
            async for finding in audited(Resources(store, Silent(), process.data), settings, examined):
                findings += 1
                print(finding.line, flush=True)
    except (RetryableError, StoreUnfitError, ArchiveOriginError, ValidationError) as error:
        print(f"the store of contracts cannot be read: {error}", file=sys.stderr)
        return UNREADABLE
    read = ", ".join(f"{count} {what}" for what, count in asdict(examined).items())
    print(f"{read} read; {findings or 'no'} {'finding' if findings == 1 else 'findings'}")
    return 1 if findings else 0
