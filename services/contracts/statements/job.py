"""A job that makes the yearly statements of a channel: what is asked, how far it is, who works on it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.statements.contents import Content
from shared.store.port import Document


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class _Stored(BaseModel):
    """What a later version has stored beside stays."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Outcome(_Stored):
    """What became of an offer: its statement, ``unchanged`` if it had it before; else why there is none.

    ``rule``, ``version``, ``item`` and ``participant`` are those of the check of cost statements that failed.
    """

    offering_id: str
    statement_id: str | None = None
    unchanged: bool = False
    code: str | None = None
    rule: str | None = None
    version: int | None = None
    item: str | None = None
    participant: str | None = None


class Current(_Stored):
    """The offer that is worked on once its statement is computed: whoever goes on with it writes the same.

    ``shares`` of its payers are written.
    """

    offering_id: str
    number: int
    given: Content
    result: Content
    shares: int = 0


class Progress(_Stored):
    """How far a job is. ``offerings`` are done; ``after`` is the last of them, in the order of their ids."""

    offerings_total: int | None = None
    offerings: int = 0
    after: str | None = None
    current: Current | None = None


class StatementJob(_Stored):
    """State of a job. Its statements are made of the uses known at ``known_at``, so whoever goes on with it finds the same.

    ``offering_id`` None: all offers that the channel has contracts for. ``holder`` is the process that works on it; every write
    of it raises ``rev``, and so shows that it lives. ``attempts`` counts how often it was taken up since it came any further.
    """

    id: str
    rev: int = 1
    channel: str
    year: int
    offering_id: str | None = None
    target_groups: dict[str, int] = Field(default_factory=dict)
    by: str
    state: JobState = JobState.QUEUED
    progress: Progress = Progress()
    outcomes: tuple[Outcome, ...] = ()
    known_at: str | None = None
    holder: str | None = None
    attempts: int = 0
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    open_since: datetime | None
    code: str | None = None

    @classmethod
    def of(cls, document: Document) -> StatementJob:
        """Return a stored job."""
        return cls.model_validate({"id": document["_id"], **{name: value for name, value in document.items() if name != "_id"}})

    def document(self) -> Document:
        """Return the job as it is stored."""
        return {"_id": self.id, **self.model_dump(exclude={"id"})}

    def ended_as(self, state: JobState, at: datetime, code: str | None = None) -> StatementJob:
        """Return the job at its end."""
        return self.model_copy(update={"state": state, "ended_at": at, "open_since": None, "holder": None, "code": code})
