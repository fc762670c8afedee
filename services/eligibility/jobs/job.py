"""A job of the pre-check as it is stored: what is asked, how far it is, who works on it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.store.port import Document

IndirectJoint = Literal["STRICT", "ACCEPT"]
Accreditation = Literal["IGNORE", "REQUIRE"]


class JobKind(StrEnum):
    """What is computed: the matrix of a day, or what would change in it if a fact ended on that day."""

    MATRIX = "MATRIX"
    WHAT_IF = "WHAT_IF"


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Offerings(StrEnum):
    """What the columns are: the published offers of the catalogue, or the bodies that are accredited to provide."""

    CATALOGUE = "CATALOGUE"
    PROVIDERS = "PROVIDERS"


class Section(StrEnum):
    """Sections of a result: what holds for all of it, the factors of the customers, the orders concerned."""

    HEAD = "head"
    CUSTOMERS = "customers"
    ORDERS = "orders"


class _Stored(BaseModel):
    """What a later version has stored beside stays."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Question(_Stored):
    """What is asked. ``channels`` are ids of Anbieter, ``types`` those of the customers; ``end_fact`` for WHAT_IF only."""

    kind: JobKind
    day: date
    end_fact: str | None = None
    channels: tuple[str, ...]
    types: tuple[str, ...]
    offerings: Offerings
    rule_set: str
    indirect_joint: IndirectJoint
    accreditation: Accreditation


class Progress(_Stored):
    """How far a job is. ``parts`` and ``order_parts`` are written; ``orders_after`` is the last order looked at."""

    customers: int = 0
    customers_total: int | None = None
    parts: int = 0
    orders: int = 0
    orders_touched: int = 0
    orders_after: str | None = None
    order_parts: int = 0


class Job(_Stored):
    """State of a job. Its facts are those known at ``known_at``, so whoever goes on with it finds the same.

    ``holder`` is the process that works on it; every write of it raises ``rev``, and so shows that it lives. ``attempts`` counts
    how often it was taken up since it came any further.
    """

    id: str
    rev: int = 1
    organisation: str
    by: str
    question: Question
    state: JobState = JobState.QUEUED
    progress: Progress = Progress()
    known_at: str | None = None
    holder: str | None = None
    attempts: int = 0
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    open_since: datetime | None
    expires_at: datetime | None = None
    code: str | None = None
    detail: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.open_since is None

    @classmethod
    def of(cls, document: Document) -> Job:
        """Return a stored job."""
        return cls.model_validate({"id": document["_id"], **{name: value for name, value in document.items() if name != "_id"}})

    def document(self) -> Document:
        """Return the job as it is stored."""
        return {"_id": self.id, **self.model_dump(exclude={"id"})}

    def ended_as(self, state: JobState, at: datetime, expires_at: datetime, **why: str) -> Job:
        """Return the job at its end. ``why``: code and detail of a failure."""
        end = {"state": state, "ended_at": at, "open_since": None, "expires_at": expires_at, "holder": None}
        return self.model_copy(update={**end, **why})
