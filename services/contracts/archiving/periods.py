"""The logs of one store: the one that it began with, and one for each restore from a backup.

What a restored log would add has other bytes than what the lost one had there, perhaps signed and in somebody's hands. So a
restored log is left as it is, and a new one begins under a name that no log had before, whose first entry names the former head.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.errors import WriteConflictError
from shared.store.port import Collection, Document, Save, Store

HEADS = Collection("archive_heads")
_PERIODS = "periods"


@dataclass(frozen=True, slots=True)
class Period:
    """A log of the store. ``prefix`` begins the ids of its documents; ``ended`` is its size at the end, None while it grows."""

    origin: str
    prefix: str = ""
    ended: int | None = None

    def place_id(self, seq: int) -> str:
        """Return the id of the document at a place, which sorts as the place does."""
        return f"{self.prefix}{seq:016d}"

    @property
    def head_id(self) -> str:
        """The id of the document that holds its head."""
        return f"{self.prefix}head"


async def periods(store: Store, origin: str) -> tuple[Period, ...]:
    """Return the logs of a store whose first one has this origin, the present one last. Raises StoreUnavailableError."""
    return _read(await store.get(HEADS, _PERIODS), origin)


async def begin_period(store: Store, origin: str, restored_at: datetime, ended: int) -> Period:
    """End the present log with a size and begin another one, unless it was begun for the restore at ``restored_at`` already.

    Returns the present log. Its name holds that time, so that of two restores from one backup neither takes the other's name.
    Raises StoreUnavailableError, WriteConflictError if somebody else does so at the same time.
    """
    stored = await store.get(HEADS, _PERIODS)
    mark = restored_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"
    known: list[Document] = [] if stored is None else stored["begun"]
    if all(begun["mark"] != mark for begun in known):
        rev = 1 if stored is None else stored["rev"] + 1
        document = {"_id": _PERIODS, "rev": rev, "begun": [*known, {"mark": mark, "former_ended": ended}]}
        missed = (
            not await store.insert_many(HEADS, [document])
            if stored is None
            else bool(await store.save_many(HEADS, [Save(document, expected_rev=rev - 1)]))
        )
        if missed:
            raise WriteConflictError("somebody else begins a log of the archive at the same time")
        stored = document
    return _read(stored, origin)[-1]


def _read(stored: Document | None, origin: str) -> tuple[Period, ...]:
    begun = [] if stored is None else stored["begun"]
    names = [(origin, ""), *((f"{origin}/{it['mark']}", f"{it['mark']}-") for it in begun)]
    ends = [*(it["former_ended"] for it in begun), None]
    return tuple(Period(name, prefix, ended) for (name, prefix), ended in zip(names, ends, strict=True))
