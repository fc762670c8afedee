"""What operators do with e-mails from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from marktplatz.console import make_console
from marktplatz.silent import Silent
from services.notify.repository import COLLECTIONS, SERVICE, Notifications
from shared.clock import now
from shared.process.service import Resources
from shared.process.settings import ProcessSettings
from shared.process.stores import opened

console = make_console()


async def retry_mails(since: datetime, until: datetime | None, codes: Sequence[str]) -> None:
    """Queue failed e-mails again and print how many, by the code with which they had failed."""
    at = now()
    settings = ProcessSettings()
    async with opened(SERVICE, settings) as store:
        await store.prepare(COLLECTIONS)
        taken = await Notifications(Resources(store, Silent(), settings.data)).retry_failed(since, until or at, codes, at)
    for code, count in sorted(taken.items()):
        console.print(f"{code}: {count}", markup=False)
    console.print(f"{taken.total()} failed e-mails are due again; notify's worker sends them")
