"""The collection and the documents of the contract suite."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.store.port import Collection, Document, Index

THINGS = Collection("things", (Index("by_state", ("state", "at")), Index("by_at", ("at",)), Index("by_number", ("number",))))
START = datetime(2026, 11, 24, 8, 0, 0, 123000, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def thing(document_id: str, **fields: object) -> Document:
    return {"_id": document_id, "rev": 1, **fields}
