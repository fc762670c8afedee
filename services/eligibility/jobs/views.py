"""Requests and answers of the routes for jobs of the pre-check."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.eligibility.jobs.job import Accreditation, IndirectJoint, Job, JobKind, JobState, Offerings
from services.eligibility.schemas import Request
from shared.http.days import Day
from shared.messages.eligibility import Stage
from shared.messages.values import Channel

BodyType = Literal["BUND", "LAND", "KREIS", "KOMMUNE", "VERBAND", "IT_PROVIDER"]
TYPES: tuple[BodyType, ...] = ("BUND", "LAND", "KREIS", "KOMMUNE")
FactId = Annotated[str, Field(min_length=1, max_length=200)]


class JobRequest(Request):
    """MATRIX: the verdicts of all customers, offerings and channels on ``day``. WHAT_IF: who loses what, and which orders are
    concerned, if ``end_fact`` ended on ``day``, the first day on which it no longer holds.

    Left out: ``channels`` are all that the caller may ask for, ``types`` of the customers all territorial bodies, ``offerings``
    the published ones; rule set and policy are those of verdicts of record.
    """  # noqa: D205 - two sentences on the two kinds

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "MATRIX", "day": "2027-01-01"},
                {"kind": "WHAT_IF", "day": "2027-01-01", "end_fact": "published:dataport:govdigital:MEMBER"},
            ]
        }
    )

    kind: JobKind
    day: Day
    end_fact: FactId | None = None
    channels: Annotated[list[Channel], Field(min_length=1, max_length=20)] | None = None
    types: Annotated[list[BodyType], Field(min_length=1, max_length=6)] = Field(default_factory=lambda: list(TYPES))
    offerings: Offerings = Offerings.CATALOGUE
    rule_set: Annotated[str, Field(max_length=100)] | None = None
    indirect_joint: IndirectJoint | None = None
    accreditation: Accreditation | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.end_fact is None) is (self.kind is JobKind.WHAT_IF):
            raise ValueError("end_fact belongs to a WHAT_IF, and to nothing else")
        return self


class ProgressView(BaseModel):
    """How far a job is. ``customers_total`` is null until it has begun; ``orders`` are those looked at so far."""

    customers: int
    customers_total: int | None
    orders: int


class JobView(BaseModel):
    """A job. ``known_at``: its facts are those recorded until then. ``orders_touched``: so many orders are concerned.

    ``code`` and ``detail`` say why it failed; an ended job is deleted at ``expires_at``.
    """

    id: str
    kind: JobKind
    day: date
    end_fact: str | None
    channels: list[str]
    types: list[str]
    offerings: Offerings
    rule_set: str
    indirect_joint: IndirectJoint
    accreditation: Accreditation
    state: JobState
    progress: ProgressView
    orders_touched: int
    known_at: str | None
    by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None
    code: str | None
    detail: str | None

    @classmethod
    def of(cls, job: Job) -> JobView:
        """Return the view of a job."""
        found, progress = job.question, job.progress
        return cls(
            id=job.id,
            kind=found.kind,
            day=found.day,
            end_fact=found.end_fact,
            channels=list(found.channels),
            types=list(found.types),
            offerings=found.offerings,
            rule_set=found.rule_set,
            indirect_joint=found.indirect_joint,
            accreditation=found.accreditation,
            state=job.state,
            progress=ProgressView(customers=progress.customers, customers_total=progress.customers_total, orders=progress.orders),
            orders_touched=progress.orders_touched,
            known_at=job.known_at,
            by=job.by,
            created_at=job.created_at,
            started_at=job.started_at,
            ended_at=job.ended_at,
            expires_at=job.expires_at,
            code=job.code,
            detail=job.detail,
        )


class ConcernedOrderView(BaseModel):
    """An order whose verdict on the day would be another; ``-`` stands for a chain that is invalid.

    ``contract_id``: the contract that the order leads to, null until it is placed.
    """

    order_id: str
    customer: str
    provider: str
    channel: str
    stage: Stage
    contract_id: str | None
    before: str
    after: str
