"""Reads contracts back from what entries of the archive name."""

from __future__ import annotations

import json
from typing import Any

from services.contracts.archive.entry import Entry
from services.contracts.archiving.archivist import CONTRACT
from services.contracts.archiving.records import DOCUMENTS
from services.contracts.domain.contract import Contract
from shared.messages.open_enum import READING
from shared.store.port import Store


async def archived_contract(entry: Entry, store: Store) -> Contract | None:
    """Return the contract that an entry names, as this version reads it; None without its document.

    Raises ValueError, StoreUnavailableError.
    """
    name = next((it.sha256 for it in entry.documents if it.name == CONTRACT), None)
    stored = None if name is None else await store.get(DOCUMENTS, name)
    if stored is None:
        return None
    found: dict[str, Any] = json.loads(stored["content"])
    override = (found.get("check") or {}).get("override")
    for decided in (override, found.get("countersignature")):
        if decided is not None:
            decided["by"] = "outside"  # whoever it was stands there
    return Contract.model_validate(found, extra="ignore", context=READING)
