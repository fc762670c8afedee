"""Begins another log in a store that was restored from a backup, so that nothing is signed a second time."""

from __future__ import annotations

import base64
from typing import Final

from services.contracts.archive.entry import Effect, Subject
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.periods import begin_period
from services.contracts.archiving.records import keep_document
from shared.aggregate.epochs import Restoration
from shared.canonical_json import canonical
from shared.ids import derived_id
from shared.store.port import Store

EFFECT: Final = "contracts.archive.restored.v1"
STATEMENT: Final = "former-log.json"


async def begin_restored_log(store: Store, origin: str, restoration: Restoration) -> str:
    """Begin a log after a restore and return its name; a repeat finds the one that was begun for this restore.

    Its first entry names a document that states where the former log ended: with the last checkpoint that the backup holds.
    What follows that checkpoint there, nobody can prove; the archivist archives it again. Raises StoreUnavailableError,
    WriteConflictError.
    """
    newest = await ArchiveLog(store, origin).newest()
    await begin_period(store, origin, restoration.restored_at, 0 if newest is None else newest[0])
    *_, former, log = await ArchiveLog(store, origin).all()
    name, frontier = await former.origin(), await former.frontier()
    statement = {
        "former": {
            "log": name,
            "size": frontier.size,
            "root": base64.b64encode(frontier.root).decode(),
            "checkpoint": await former.checkpoint(frontier.size),
        },
        "taken_at": restoration.taken_at.isoformat(),
        "restored_at": restoration.restored_at.isoformat(),
    }
    id_ = derived_id("archive", await log.origin())
    entry = Effect(
        effect=EFFECT,
        effect_id=derived_id("archive", "restored", id_),
        subject=Subject(id=id_, kind="log", version=0),
        time=restoration.restored_at,
        documents={STATEMENT: await keep_document(store, canonical(statement))},
    )
    await log.append({f"log:{id_}": entry})
    return await log.origin()
