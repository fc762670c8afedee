"""Requests and answers about yearly statements."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.statements.job import JobState, Outcome, StatementJob
from services.contracts.statements.statement import Share, StoredStatement
from shared.calendar import day_of
from shared.errors import InvalidError
from shared.messages.values import Channel, EntityId, OrganisationId

Figure = Annotated[int, Field(ge=0, le=10**12)]


class StatementJobRequest(BaseModel):
    """Statements of a calendar year that is over, of one offer or of all that the channel has contracts for.

    ``target_groups``: sizes of target groups by organisation, where a cost is shared out by them.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"year": 2026}]})

    year: Annotated[int, Field(ge=2000, le=2180)]
    offering_id: EntityId | None = None
    target_groups: Annotated[dict[OrganisationId, Figure], Field(max_length=20_000)] = Field(default_factory=dict)

    def job(self, id_: str, channel: Channel, by: str, at: datetime) -> StatementJob:
        """Return the new job that makes them. Raises InvalidError (``year_not_over``)."""
        if self.year >= day_of(at).year:
            raise InvalidError(f"The year {self.year} is not over.", code="year_not_over", year=self.year)
        return StatementJob(id=id_, channel=channel.value, by=by, created_at=at, open_since=at, **self.model_dump())


class OutcomeView(BaseModel):
    """What became of an offer: its statement, ``unchanged`` if there was nothing new; or ``code``, why there is none.

    ``rule`` names the check of cost statements that fails, with version, item and participant.
    """

    offering_id: str
    statement_id: str | None
    unchanged: bool
    code: str | None
    rule: str | None
    version: int | None
    item: str | None
    participant: str | None

    @classmethod
    def of(cls, outcome: Outcome) -> OutcomeView:
        """Return the view of an outcome."""
        return cls.model_validate({name: getattr(outcome, name) for name in cls.model_fields})


class StatementJobView(BaseModel):
    """A job. ``offerings_total`` is null until it has begun; its statements hold the uses known at ``known_at``."""

    id: str
    year: int
    offering_id: str | None
    state: JobState
    offerings: int
    offerings_total: int | None
    outcomes: list[OutcomeView]
    known_at: str | None
    by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    code: str | None

    @classmethod
    def of(cls, job: StatementJob) -> StatementJobView:
        """Return the view of a job."""
        return cls(
            id=job.id,
            year=job.year,
            offering_id=job.offering_id,
            state=job.state,
            offerings=job.progress.offerings,
            offerings_total=job.progress.offerings_total,
            outcomes=[OutcomeView.of(outcome) for outcome in job.outcomes],
            known_at=job.known_at,
            by=job.by,
            created_at=job.created_at,
            started_at=job.started_at,
            ended_at=job.ended_at,
            code=job.code,
        )


class StatementSummary(BaseModel):
    """A statement in a list. ``payer`` null: the sums are those of all payers; else those of this one.

    ``number`` 2 and more correct the one before, whose hash is ``previous_hash``.
    """

    id: str
    channel: str
    offering_id: str
    offering_title: str
    year: int
    number: int
    hash: str
    previous_hash: str | None
    issued_at: datetime
    payer: str | None
    contract_cents: int
    budget_cents: int
    total_cents: int

    @classmethod
    def of(cls, statement: StoredStatement) -> StatementSummary:
        """Return the summary of a statement."""
        fields = {name: getattr(statement, name) for name in cls.model_fields if name != "payer"}
        return cls.model_validate(fields | {"payer": None})

    @classmethod
    def of_share(cls, share: Share) -> StatementSummary:
        """Return the summary of what a payer owes."""
        fields = {name: getattr(share, name) for name in cls.model_fields}
        return cls.model_validate(fields | {"id": share.statement_id})


class Window(BaseModel):
    """Days of a line, both included."""

    from_: Annotated[str, Field(alias="from")]
    to: str


class StatementLine(BaseModel):
    """A line of a statement: item, window, key, exact share of the pool as ``n/d``, and cents."""

    version: int
    item: str
    kind: str
    label: str
    window: Window
    key: str
    pool: str
    share: str
    cents: int


class Difference(BaseModel):
    """What is owed more, or less, than by the statement before."""

    contract_cents: int
    budget_cents: int
    total_cents: int


class YearlyStatement(BaseModel):
    """The yearly statement of a contract: what is invoiced to its grantee, and what is financed for it.

    ``contract_cents`` is the total of ``lines``. ``hash`` is that of the whole statement, of which the grantee sees its part.
    """

    statement_id: str
    contract_id: str | None
    contract_number: str | None
    organisation: str
    channel: str
    offering_id: str
    offering_title: str
    year: int
    number: int
    currency: str
    hash: str
    previous_hash: str | None
    issued_at: datetime
    lines: list[StatementLine]
    financed: list[StatementLine]
    contract_cents: int
    budget_cents: int
    correction: Difference | None

    @classmethod
    def of(cls, share: Share, contract_id: str | None = None, contract_number: str | None = None) -> YearlyStatement:
        """Return the yearly statement that a share makes of a contract."""
        return cls(
            statement_id=share.statement_id,
            contract_id=contract_id,
            contract_number=contract_number,
            organisation=share.payer,
            channel=share.channel,
            offering_id=share.offering_id,
            offering_title=share.offering_title,
            year=share.year,
            number=share.number,
            currency="EUR",
            hash=share.hash,
            previous_hash=share.previous_hash,
            issued_at=share.issued_at,
            lines=_lines(share, "CONTRACT"),
            financed=_lines(share, "BUDGET"),
            contract_cents=share.contract_cents,
            budget_cents=share.budget_cents,
            correction=None if share.correction is None else Difference.model_validate(share.correction),
        )


class YearlyStatements(BaseModel):
    """The yearly statements of a contract, newest first."""

    items: list[YearlyStatement]


def _lines(share: Share, settled: str) -> list[StatementLine]:
    found: list[dict[str, Any]] = [line for line in share.lines if line["settled"] == settled]
    return [StatementLine.model_validate({name: line[name] for name in StatementLine.model_fields}) for line in found]
