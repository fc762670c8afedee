"""What a store remembers of having been restored from a backup: that topics must be rebuilt, and where numbering begins again.

Between backup and loss the aggregates went on: their events, with ids made from their sequence numbers, may be known to
others. If a restored store counted on from where the backup ends, it would use those numbers and ids again for other events,
which every reader would take for repetitions. So a store begins an *epoch* before it is used again: its sequence numbers and
revisions go on from a number that no earlier event can have reached, the milliseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.errors import StoreUnfitError, WriteConflictError
from shared.store.port import Collection, Document, Save, Store

COLLECTION = Collection("restoration")
_ID = "era"


class RebuildDueError(StoreUnfitError):
    """The store was restored and has not begun its epoch: a process must not work on it."""

    code = "rebuild_due"


class EpochEndedError(StoreUnfitError):
    """The store has begun another epoch than a process works in: what it wrote would have numbers of before."""

    code = "epoch_ended"


@dataclass(frozen=True, slots=True)
class Restoration:
    """A restore from a backup: the time of the backup, and that of the restore."""

    taken_at: datetime
    restored_at: datetime


async def mark_restored(store: Store, taken_at: datetime, at: datetime, sequence_base: int = 0) -> None:
    """Note that the store holds what a backup held; until ``begin_epoch`` no process works on it.

    ``taken_at`` is the time of the backup, ``at`` that of the restore. ``sequence_base`` is that of the store when the backup was
    taken: what the backup holds may have been raised to it. A higher one that the store has already stays.
    """
    note = {"rebuild_due": True, "taken_at": taken_at, "restored_at": at}
    document = await store.get(COLLECTION, _ID)
    if document is None:
        if not await store.insert_many(COLLECTION, [{"_id": _ID, "rev": 1, "floor": sequence_base, **note}]):
            raise _disturbed()
        return
    floor = max(sequence_base, document["floor"])
    await _save(store, {**document, **note, "floor": floor, "rev": document["rev"] + 1})


async def announce_epoch(store: Store, sequence_base: int) -> None:
    """Note the epoch before any store counts from it: whatever becomes of the rebuild, readers know the numbers of the others."""
    document = await store.get(COLLECTION, _ID)
    await _note(store, document, {"rebuild_due": False, **(document or {}), "floor": sequence_base})


async def begin_epoch(store: Store, sequence_base: int) -> None:
    """Open the store to processes again; new aggregates count their events from above ``sequence_base``."""
    document = await store.get(COLLECTION, _ID)
    await _note(store, document, {**(document or {}), "floor": sequence_base, "rebuild_due": False})


async def sequence_base(store: Store) -> int:
    """Return the sequence number above which new aggregates count. Raises RebuildDueError after a restore."""
    document = await store.get(COLLECTION, _ID)
    if document is None:
        return 0
    if document["rebuild_due"]:
        restored, taken = document["restored_at"].isoformat(), document["taken_at"].isoformat()
        raise RebuildDueError(
            f"The store was restored at {restored} from a backup of {taken}. "
            "Rebuild the topics before processes work on it: marktplatz topics rebuild"
        )
    sequence_base: int = document["floor"]
    return sequence_base


async def require_epoch(store: Store, base: int) -> None:
    """Return if the store is in the epoch that begins with ``base``. Raises RebuildDueError, EpochEndedError."""
    if (found := await sequence_base(store)) != base:
        raise EpochEndedError(
            f"The topics were rebuilt: the store counts from {found}, this process from {base}. Start it again."
        )


async def recorded_sequence_base(store: Store) -> int:
    """Return the sequence base as it is noted, also while a rebuild is due; for those who only look."""
    document = await store.get(COLLECTION, _ID)
    sequence_base: int = 0 if document is None else document["floor"]
    return sequence_base


async def unfinished_restoration(store: Store) -> Restoration | None:
    """Return the restore that a store was marked with, None if it was not or has begun its epoch since."""
    document = await store.get(COLLECTION, _ID)
    if document is None or not document["rebuild_due"]:
        return None
    return Restoration(document["taken_at"], document["restored_at"])


async def _note(store: Store, present: Document | None, note: Document) -> None:
    if present is not None:
        await _save(store, {**note, "rev": present["rev"] + 1})
    elif not await store.insert_many(COLLECTION, [{**note, "_id": _ID, "rev": 1}]):
        raise _disturbed()


async def _save(store: Store, document: dict[str, object]) -> None:
    rev = document["rev"]
    assert isinstance(rev, int)  # noqa: S101 - for the type checker
    if await store.save_many(COLLECTION, [Save(document, expected_rev=rev - 1)]):
        raise _disturbed()


def _disturbed() -> WriteConflictError:
    return WriteConflictError("somebody else is restoring this store at the same time")
