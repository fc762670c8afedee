"""What operators have decided about dead letters: who, when, why. It stays when the letter is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Self

from shared.store.port import Collection, Document, Index, Query, Store

DECISIONS: Final = Collection("dead_letter_decisions", (Index("letter", ("mark", "at")),))
MOST_SHOWN: Final = 50
"""Decisions about one dead letter that are shown; it takes two unless the broker fails."""

Action = Literal["replay", "discard"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision about a dead letter (``mark``), written down before it is carried out. ``by`` is a reference to a person."""

    id: str
    mark: str
    action: Action
    by: str
    organisation: str
    at: datetime
    reason: str

    @classmethod
    def of_document(cls, document: Document) -> Self:
        """Return the decision that a document holds."""
        names = ("mark", "action", "by", "organisation", "at", "reason")
        return cls(id=document["_id"], **{name: document[name] for name in names})

    def document(self) -> Document:
        """Return the document that holds the decision."""
        return {
            "_id": self.id,
            "mark": self.mark,
            "action": self.action,
            "by": self.by,
            "organisation": self.organisation,
            "at": self.at,
            "reason": self.reason,
        }


class Decisions:
    """The decisions of a service's operators. It raises what the store raises."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def record(self, decision: Decision) -> None:
        """Record a decision; one of the same id, a repeat, stays as it is."""
        await self._store.insert_many(DECISIONS, [decision.document()])

    async def about(self, mark: str) -> list[Decision]:
        """Return what was decided about a dead letter, the first first."""
        query = Query("letter", {"mark": mark}, limit=MOST_SHOWN)
        return [Decision.of_document(document) for document in await self._store.find(DECISIONS, query)]
