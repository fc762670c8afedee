"""A stored aggregate as the ledger works on it: the state, beside it what the ledger keeps for itself."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from shared.aggregate.base import Aggregate
from shared.messages.open_enum import READING
from shared.store.port import Collection, Document

S = TypeVar("S", bound=Aggregate)

UNLISTED = ("inbox", "journal", "outbox", "refusals", "requests", "senders")
"""Fields of a document that no list shows: queries for lists leave them out (``Query.without``)."""
MECHANICS = frozenset(("_id", "rev", "seq", "pending_since", "journal_since", "repeats", *UNLISTED))
"""Fields of a document that are the ledger's own."""


@dataclass(slots=True)
class Record(Generic[S]):
    """One aggregate in the hands of the ledger. ``state`` is None while it does not exist.

    ``inbox`` (tracking) holds the number of the last event applied, by source. ``requests`` are names of changes whose request
    may be repeated, ``refusals`` events that were refused, ``senders`` duties to restate (``shared.aggregate.duty``).
    ``repeats`` counts the revisions that only senders made. ``journal`` holds changes that wait to be archived, None without one
    (``shared.aggregate.journal``). ``unknown_fields`` are a later version's, saved as they were.
    """

    id: str
    rev: int = 0
    seq: int = 0
    state: S | None = None
    inbox: dict[str, int] = field(default_factory=dict)
    outbox: list[Document] = field(default_factory=list)
    pending_since: datetime | None = None
    refusals: list[Document] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    senders: list[Document] = field(default_factory=list)
    repeats: int = 0
    journal: list[Document] | None = None
    unknown_fields: Document = field(default_factory=dict)
    changed: bool = False

    def document(self) -> Document:
        """Return the document to store. The record must hold a state."""
        assert self.state is not None  # noqa: S101 - for the type checker: only a decided record becomes a document
        document: Document = {**self.unknown_fields, **self.state.model_dump(exclude={"id"})}
        document["_id"] = self.id
        document["rev"] = self.rev
        document["seq"] = self.seq
        document["inbox"] = self.inbox
        document["outbox"] = self.outbox
        document["pending_since"] = self.pending_since
        document["refusals"] = self.refusals
        document["requests"] = self.requests
        if self.senders:
            document["senders"] = self.senders
        if self.repeats:
            document["repeats"] = self.repeats
        if self.journal is not None:
            document["journal"] = self.journal
            document["journal_since"] = self.journal[0]["at"] if self.journal else None
        return document

    @property
    def revision(self) -> int:
        """The revision that callers know."""
        return self.rev - self.repeats


class RecordType(Generic[S]):
    """How aggregates of one type lie in their collection. Raises ValueError if a state names a field as the ledger does."""

    def __init__(self, state_type: type[S], collection: Collection) -> None:
        if taken := sorted(MECHANICS & {*state_type.model_fields}):
            message = f"{state_type.__name__} names fields as the ledger names its own: {', '.join(taken)}"
            raise ValueError(message)
        self.state_type = state_type
        indexed = (name for index in collection.indexes for name in index.fields)
        self._known: AbstractSet[str] = {*MECHANICS, *state_type.model_fields, *state_type.model_computed_fields, *indexed}

    def state_of(self, document: Document) -> S:
        """Return the state held in a stored document; fields that a later version has written are passed over."""
        fields = {name: value for name, value in document.items() if name not in MECHANICS}
        return self.state_type.model_validate({**fields, "id": document["_id"]}, extra="ignore", context=READING)

    def read(self, document: Document) -> Record[S]:
        """Return a stored document as the ledger works on it."""
        return Record(
            id=document["_id"],
            rev=document["rev"],
            seq=document["seq"],
            state=self.state_of(document),
            inbox=document["inbox"],
            outbox=document["outbox"],
            pending_since=document["pending_since"],
            refusals=document["refusals"],
            requests=document.get("requests", []),
            senders=list(document.get("senders", ())),
            repeats=document.get("repeats", 0),
            journal=document.get("journal"),
            unknown_fields={name: document[name] for name in document.keys() - self._known},
        )


def revision_of(document: Document) -> int:
    """Return the revision of a stored document as callers know it: what only senders changed does not count."""
    revision: int = document["rev"] - document.get("repeats", 0)
    return revision
