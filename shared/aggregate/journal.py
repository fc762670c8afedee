"""The journal of an aggregate: each change with the state that it left, stored with it until whoever must have it has it.

The outbox takes events to readers; the journal takes states to a place that must not miss one, such as an archive. Both are saved
in the write of the change itself, so a crash leaves a change with its journal or neither.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.aggregate.base import Aggregate
from shared.aggregate.record import Record
from shared.errors import JournalFullError
from shared.store.port import Document, Index, Save

JOURNAL_LIMIT: Final = 8
"""How many changes may wait: each holds a whole state, and a document has its bounds."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A change that waits. ``state`` is as a stored document; ``id`` and ``type`` are those of its first event.

    A change without an event has an ``id`` of its own and no ``type``. Neither has the state before the first change that was
    written down: who made that one kept no journal.
    """

    id: str | None
    type: str | None
    at: datetime
    state: Document


def index(*fields: str) -> Index:
    """Declare the index that finds the aggregates with a journal: by these fields of them, then since when it waits."""
    return Index("journal", (*fields, "journal_since"))


def append(record: Record[Any], before: Document | None, change: Entry) -> None:
    """Write a change down, unless it only says again what was the case. Raises JournalFullError.

    ``before`` is the former state as ``stated``, None for a new aggregate.
    """
    if change.state == before:
        return
    journal: list[Document] = record.journal or []
    if record.journal is None and before is not None:
        journal = [_stored(Entry(None, None, change.at, before))]
    if len(journal) >= JOURNAL_LIMIT:
        message = f"{record.id} has changed {len(journal)} times since it was last archived."
        raise JournalFullError(message, id=record.id, waiting=len(journal))
    record.journal = [*journal, _stored(change)]


def stated(state: Aggregate) -> Document:
    """Return a state as a journal holds it."""
    return state.model_dump(exclude={"id"})


def waiting(document: Document) -> list[Entry] | None:
    """Return the changes that wait in a stored document, the oldest first; None if it never had a journal."""
    journal = document.get("journal")
    if journal is None:
        return None
    return [Entry(it["id"], it["type"], it["at"], {**it["state"], "_id": document["_id"]}) for it in journal]


def shortened(document: Document, done: Collection[str | None]) -> Save:
    """Return the save that drops changes from a journal by their ids.

    The revision stays: no writer is disturbed. A write in between makes it miss, and what was done is seen again.
    """
    left = [it for it in document["journal"] if it["id"] not in done]
    return Save({**document, "journal": left, "journal_since": left[0]["at"] if left else None}, expected_rev=document["rev"])


def _stored(entry: Entry) -> Document:
    return {"id": entry.id, "type": entry.type, "at": entry.at, "state": entry.state}
