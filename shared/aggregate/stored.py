"""What the ledger stores in an aggregate's document beside its state, for whoever compares or restores stores as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.store.port import Document, Save


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """How far the events of a stored aggregate go. ``waiting`` of them lie in its outbox, the oldest ``since``."""

    seq: int
    waiting: int
    since: datetime | None


def stored_events(document: Document) -> StoredEvents:
    """Return how far the events of a stored aggregate go."""
    return StoredEvents(document["seq"], len(document["outbox"]), document["pending_since"])


def highest_number(document: Document) -> int:
    """Return the highest number that a stored aggregate uses, of its events and of its revisions."""
    highest: int = max(document["seq"], document["rev"])
    return highest


def raised_to(epoch: int, documents: Sequence[Document]) -> list[Save]:
    """Return the saves that raise sequence number and revision of stored aggregates to an epoch.

    Events in outboxes keep their numbers: they are what they were.
    """
    return [Save({**document, "seq": epoch, "rev": epoch}, expected_rev=document["rev"]) for document in documents]
