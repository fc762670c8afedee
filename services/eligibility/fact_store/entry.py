"""One entry of the journal of facts: what was recorded at one instant, by whom and why. Entries are only added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.store.port import Collection, Document, Index

ENTRIES = Collection("fact_entries", (Index("seq", ("seq",)),))
PARTS = Collection("fact_parts")
"""Records of an entry that would be too large as one document; nobody sees them before the entry that names them."""

PART = 1000
_SECOND = timedelta(seconds=1)
_FORM = "%Y-%m-%dT%H:%M:%SZ"


class Origin(StrEnum):
    """Where an entry comes from: the files of the reference data, a registered organisation's own record, or a person."""

    REFERENCE = "REFERENCE"
    ORGANISATION = "ORGANISATION"
    PERSON = "PERSON"


@dataclass(frozen=True, slots=True)
class Record:
    """A revision of a fact or document. ``content`` has the shape of the specification, without ``recorded_at``.

    ``note`` names the source of a single record; ``details`` what a document has beside: title, reference, media type, size.
    """

    content: Mapping[str, Any]
    note: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Id of the fact or document."""
        return str(self.content["id"])

    @property
    def rev(self) -> int:
        """Revision, from 1 on."""
        return int(self.content["rev"])

    @property
    def withdrawn(self) -> bool:
        """Whether the revision withdraws the fact or document."""
        return bool(self.content.get("withdrawn"))

    def document(self) -> Document:
        """Return the record as it is stored."""
        stored: Document = {"content": dict(self.content)}
        if self.note is not None:
            stored["note"] = self.note
        if self.details:
            stored["details"] = dict(self.details)
        return stored

    @classmethod
    def of(cls, stored: Document) -> Record:
        """Return a stored record."""
        return cls(stored["content"], stored.get("note"), stored.get("details", {}))


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be recorded. ``by`` is a reference to a person, ``organisation`` for whom they act; None: the program."""

    origin: Origin
    reason: str
    facts: Sequence[Record] = ()
    documents: Sequence[Record] = ()
    by: str | None = None
    organisation: str | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to record."""
        return not self.facts and not self.documents


@dataclass(frozen=True, slots=True)
class Head:
    """What holds for all records of an entry. ``recorded_at`` is to the second, later than that of the entry before."""

    seq: int
    recorded_at: str
    origin: Origin
    reason: str
    by: str | None
    organisation: str | None

    @classmethod
    def of(cls, stored: Document) -> Head:
        """Return the head of a stored entry."""
        return cls(
            seq=stored["seq"],
            recorded_at=stored["recorded_at"],
            origin=Origin(stored["origin"]),
            reason=stored["reason"],
            by=stored.get("by"),
            organisation=stored.get("organisation"),
        )


@dataclass(frozen=True, slots=True)
class Revision:
    """A recorded revision, with the entry that it came with."""

    record: Record
    head: Head

    @property
    def content(self) -> Mapping[str, Any]:
        """The fact or document in the shape of the specification, without ``recorded_at``."""
        return self.record.content


def entry_id(seq: int) -> str:
    """Return the id of an entry: whoever inserts it first has the number."""
    return f"{seq:012d}"


def entry_document(draft: Draft, seq: int, recorded_at: str, parts: Sequence[str] = ()) -> Document:
    """Return the document of an entry; with ``parts`` its records lie in those."""
    return {
        "_id": entry_id(seq),
        "rev": 1,
        "seq": seq,
        "recorded_at": recorded_at,
        "origin": draft.origin,
        "reason": draft.reason,
        "by": draft.by,
        "organisation": draft.organisation,
        "facts": [] if parts else [record.document() for record in draft.facts],
        "documents": [] if parts else [record.document() for record in draft.documents],
        "parts": list(parts),
    }


def part_documents(draft: Draft, name: str) -> Iterator[Document]:
    """Yield the documents that hold the records of a large draft; ``name`` is new for each attempt to record it."""
    for start in range(0, max(len(draft.facts), len(draft.documents)), PART):
        yield {
            "_id": f"{name}:{start // PART:04d}",
            "rev": 1,
            "facts": [record.document() for record in draft.facts[start : start + PART]],
            "documents": [record.document() for record in draft.documents[start : start + PART]],
        }


def instant(at: datetime, after: str | None) -> str:
    """Return the instant of a recording at ``at``, to the second, later than ``after``: the one of the recording before.

    So an evaluation that knew all up to an instant is never given anything that was recorded later under the same instant.
    """
    text = at.astimezone(UTC).replace(microsecond=0).strftime(_FORM)
    if after is None or text > after:
        return text
    return (datetime.strptime(after, _FORM).replace(tzinfo=UTC) + _SECOND).strftime(_FORM)
