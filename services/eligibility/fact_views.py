"""Facts and documents as the API shows them, with their history as far as it is for the reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.eligibility.fact_store.audience import Audience
from services.eligibility.fact_store.entry import Origin, Revision


class RevisionView(BaseModel):
    """One revision. ``by`` is the person's reference, for members of the organisation for which they recorded it."""

    rev: int
    recorded_at: Annotated[str, Field(examples=["2026-03-02T09:00:00Z"])]
    withdrawn: bool
    origin: Origin
    organisation: str | None
    by: str | None
    reason: str
    source: str | None
    content: dict[str, Any]

    @classmethod
    def of(cls, revision: Revision, audience: Audience) -> RevisionView:
        """Return the view of a revision."""
        head = revision.head
        own = audience.operator or (head.organisation is not None and head.organisation == audience.organisation)
        return cls(
            rev=revision.record.rev,
            recorded_at=head.recorded_at,
            withdrawn=revision.record.withdrawn,
            origin=head.origin,
            organisation=head.organisation,
            by=head.by if own else None,
            reason=head.reason,
            source=revision.record.note,
            content={name: value for name, value in revision.content.items() if name not in ("rev", "withdrawn")},
        )


class FactView(BaseModel):
    """A fact in its newest revision, or as known at an instant, and all revisions up to there, the oldest first."""

    id: str
    rev: int
    withdrawn: bool
    fact: dict[str, Any]
    history: list[RevisionView]

    @classmethod
    def of(cls, revisions: Sequence[Revision], audience: Audience) -> FactView:
        """Return the view of the revisions that are for the audience."""
        last = revisions[-1]
        history = [RevisionView.of(revision, audience) for revision in revisions]
        return cls(
            id=last.record.id, rev=last.record.rev, withdrawn=last.record.withdrawn, fact=history[-1].content, history=history
        )


class EvidenceView(BaseModel):
    """A document on file: what carries facts. ``content``: whether its text lies here, with its size and media type."""

    id: str
    rev: int
    withdrawn: bool
    document: dict[str, Any]
    title: str | None
    reference: str | None
    media_type: str | None
    size: int | None
    history: list[RevisionView]

    @classmethod
    def of(cls, revisions: Sequence[Revision], audience: Audience) -> EvidenceView:
        """Return the view of the revisions that are for the audience."""
        last = revisions[-1]
        history = [RevisionView.of(revision, audience) for revision in revisions]
        details = last.record.details
        return cls(
            id=last.record.id,
            rev=last.record.rev,
            withdrawn=last.record.withdrawn,
            document=history[-1].content,
            title=details.get("title"),
            reference=details.get("reference"),
            media_type=details.get("media_type"),
            size=details.get("size"),
            history=history,
        )
