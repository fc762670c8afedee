"""Reads contracts, and what else there is, back from what entries of the archive name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from services.contracts.archive.entry import Entry
from services.contracts.archiving.archivist import CONTRACT
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.records import DOCUMENTS
from services.contracts.domain.contract import Contract
from shared.messages.open_enum import READING
from shared.store.port import Store


async def newest_entry(subject: str, logs: Sequence[ArchiveLog]) -> Entry | None:
    """Return the newest entry about a contract or an accession; ``logs``: the present one last. Raises ValueError."""
    for log in reversed(logs):
        if (document := await log.newest_about(subject)) is not None:
            return Entry.read(document["raw"].encode())
    return None


async def archived_contract(entry: Entry, store: Store) -> Contract | None:
    """Return the contract that an entry names, as this version reads it; None without its document.

    Raises ValueError, StoreUnavailableError.
    """
    found = await named_content(entry, CONTRACT, store)
    if found is None:
        return None
    override = (found.get("check") or {}).get("override")
    for decided in (override, found.get("countersignature")):
        if decided is not None:
            decided["by"] = "outside"  # whoever it was stands there
    return Contract.model_validate(found, extra="ignore", context=READING)


async def named_content(entry: Entry, name: str, store: Store) -> dict[str, Any] | None:
    """Return the JSON document of a name that an entry has, None if there is none. Raises ValueError, StoreUnavailableError."""
    digest = next((it.sha256 for it in entry.documents if it.name == name), None)
    stored = None if digest is None else await store.get(DOCUMENTS, digest)
    if stored is None:
        return None
    found: dict[str, Any] = json.loads(stored["content"])
    return found
