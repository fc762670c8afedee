"""Works on jobs of the pre-check, part by part: each is stored before the job says so, and any process can go on from there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from services.eligibility.domain.offering import OfferedService
from services.eligibility.engine.evaluate import rules_for
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.matrix import LETTERS, Cells, Column, Scope
from services.eligibility.engine.request import End, Policy
from services.eligibility.engine.verdicts import Verdict
from services.eligibility.engine.view import View
from services.eligibility.engine.world import World
from services.eligibility.fact_store.facts import Facts
from services.eligibility.jobs.job import Job, JobKind, Offerings, Question, Section
from services.eligibility.jobs.scope import bodies_of, channels_of, concerned, entry_of, orders_of, provider_columns
from services.eligibility.jobs.store import MOST_ATTEMPTS, JobLostError, Jobs
from services.eligibility.records.judge import instant_of
from services.eligibility.repository import OFFERED, VERDICTS
from shared.aggregate.record import RecordType
from shared.errors import InvalidError, RejectedError
from shared.messages.values import OfferingState
from shared.store.paging import scanned
from shared.store.port import Document

CUSTOMERS: Final = 500
"""Customers of a part: some 50 ms of computing, after which others have their turn."""
PROVIDERS: Final = 50
ORDERS: Final = 200
MOST_COLUMNS: Final = 20_000
"""Offerings of a matrix; their head stays a document of a few megabytes."""

_OFFERED: Final = RecordType(OfferedService, OFFERED)

log = structlog.get_logger()


@dataclass(frozen=True)
class _Work:
    """What the parts of a job share. ``names``: channels of the rule set by the ids of their Anbieter, in the order asked for."""

    world: World
    view: View
    names: dict[str, str]
    before: Cells
    after: Cells | None
    customers: tuple[str, ...]


@dataclass(frozen=True)
class Runner:
    """Claims jobs and brings them to their end, one at a time."""

    jobs: Jobs
    facts: Facts
    part: int = CUSTOMERS

    async def run(self) -> None:
        """Claim the job that has waited longest and bring it to its end; return at once if none waits."""
        job = await self.jobs.claim()
        if job is None:
            return
        if job.attempts > MOST_ATTEMPTS:
            with contextlib.suppress(JobLostError):
                await self.jobs.fail(job, "job_gave_up", f"The job was taken up {MOST_ATTEMPTS} times and came no further.")
            log.error("precheck_job_gave_up", job=job.id)
            return
        steps = _Steps(self, job)
        try:
            await steps.all()
        except JobLostError:
            log.info("precheck_job_lost", job=job.id)
        except asyncio.CancelledError:
            # The process ends: whoever looks next goes on, without waiting for the lease.
            with contextlib.suppress(Exception):
                await self.jobs.release(steps.job)
            raise


class _Steps:
    """One passage of a process through a job."""

    def __init__(self, runner: Runner, job: Job) -> None:
        self.jobs = runner.jobs
        self.facts = runner.facts
        self.part = runner.part
        self.job = job

    async def all(self) -> None:
        """Do what is left of the job. Raises JobLostError if it is not this process's any longer."""
        try:
            work = await self._prepared()
            await self._head(work)
            await self._customers(work)
            if work.after is not None:
                await self._orders(work, work.after)
        except (RefusedError, RejectedError) as refused:
            await self.jobs.fail(self.job, refused.code, f"{refused.detail.rstrip('.')}.")
            return
        await self.jobs.finish(self.job)

    async def _prepared(self) -> _Work:
        state, question = await self.facts.current(), self.job.question
        known_at = self.job.known_at or state.instant or instant_of(self.jobs.clock())
        on = question.day.isoformat()
        rules = rules_for(question.rule_set, on, known_at)
        known = channels_of(rules, state.world)
        names = {channel: known[channel] for channel in question.channels if channel in known}
        view = state.world.view(known_at)
        customers = bodies_of(view, on, question.types)
        await self._came_further(known_at=known_at, progress={"customers_total": len(customers)})
        scope = _scope(question, known_at, tuple(names.values()))
        before = Cells(state.world, scope)
        after = None
        if question.end_fact is not None and question.kind is JobKind.WHAT_IF:
            await asyncio.sleep(0)
            after = Cells(state.world, scope, (End(op="END", fact=question.end_fact, on=on),))
        return _Work(state.world, view, names, before, after, customers)

    async def _head(self, work: _Work) -> None:
        """Write what holds for all customers: the offerings with the first legs of their Bereitsteller."""
        if await self.jobs.part(self.job.id, Section.HEAD, 0) is not None:
            return
        columns, left_out = await self._columns(work)
        providers = list(dict.fromkeys(column.provider for column in columns))
        for some in _chunks(providers, PROVIDERS):
            for cells in _both(work):
                cells.matrix((), [Column(provider, provider) for provider in some])
            await asyncio.sleep(0)
        head: Document = {
            "channels": [[anbieter, name] for anbieter, name in work.names.items()],
            "columns": [[column.offering, column.provider] for column in columns],
            "left_out": left_out,
            "first": _first(work.before, work, columns),
        }
        if work.after is not None:
            head["first_after"] = _first(work.after, work, columns)
        await self._written(Section.HEAD, 0, head)
        await self._came_further(progress={}, written=(Section.HEAD, 0))

    async def _columns(self, work: _Work) -> tuple[tuple[Column, ...], list[str]]:
        """Return the columns, and the ids of offers that are left out because there is no fact about their Bereitsteller."""
        question = self.job.question
        if question.offerings is Offerings.PROVIDERS:
            return provider_columns(work.view, question.day.isoformat()), []
        columns: list[Column] = []
        left_out: list[str] = []
        async for page in scanned(self.jobs.store, OFFERED):
            for offer in map(_OFFERED.state_of, page):
                if offer.state is not OfferingState.VEROEFFENTLICHT or not set(offer.channels) & set(question.channels):
                    continue
                if offer.provider.id not in work.world.organisations:
                    left_out.append(offer.id)
                elif len(columns) < MOST_COLUMNS:
                    columns.append(Column(offer.id, offer.provider.id))
                else:
                    raise InvalidError(f"The catalogue has more than {MOST_COLUMNS} offers.", code="too_many_offerings")
        return tuple(columns), left_out

    async def _customers(self, work: _Work) -> None:
        """Write the legs below the Anbieter, customer by customer: with the head they give every cell."""
        chunks = list(_chunks(work.customers, self.part))
        for number in range(self.job.progress.parts, len(chunks)):
            customers = chunks[number]
            part: Document = {"customers": list(customers), "chain": _chains(work.before, work, customers)}
            if work.after is not None:
                await asyncio.sleep(0)
                part["chain_after"] = _chains(work.after, work, customers)
            await self._written(Section.CUSTOMERS, number, part)
            done = min((number + 1) * self.part, len(work.customers))
            await self._came_further(progress={"customers": done, "parts": number + 1}, written=(Section.CUSTOMERS, number))
            await asyncio.sleep(0)

    async def _orders(self, work: _Work, after: Cells) -> None:
        """Write which orders are concerned, in the order of their ids."""
        while page := await self.jobs.store.scan(VERDICTS, self.job.progress.orders_after, ORDERS):
            progress = self.job.progress
            orders = await orders_of(self.jobs.store, page)
            found = concerned(orders, work.before, after, work.names, work.world.organisations)
            part: Document = {"rows": [entry_of(it) for it in found], "looked_at": len(page), "last": page[-1]["_id"]}
            change: dict[str, object] = {}
            number = progress.order_parts
            if part["rows"]:
                # Whoever came this far before may have looked at other orders: what is stored counts.
                part = await self._written(Section.ORDERS, number, part)
                change = {"order_parts": number + 1, "orders_touched": progress.orders_touched + len(part["rows"])}
            change |= {"orders": progress.orders + part["looked_at"], "orders_after": part["last"]}
            await self._came_further(progress=change, written=(Section.ORDERS, number))
            await asyncio.sleep(0)

    async def _written(self, section: Section, number: int, content: Document) -> Document:
        return await self.jobs.put_part(self.job, section, number, content)

    async def _came_further(
        self, *, progress: dict[str, object], known_at: str | None = None, written: tuple[Section, int] | None = None
    ) -> None:
        update: dict[str, object] = {"progress": self.job.progress.model_copy(update=progress)}
        if written is not None:
            update["attempts"] = 0
        if known_at is not None:
            update["known_at"] = known_at
        try:
            self.job = await self.jobs.save(self.job.model_copy(update=update))
        except JobLostError:
            if written is not None:
                await self.jobs.discard_part(self.job, *written)
            raise


def _scope(question: Question, known_at: str, channels: tuple[str, ...]) -> Scope:
    policy = Policy(indirect_joint=question.indirect_joint, accreditation=question.accreditation)
    return Scope(question.day.isoformat(), (), (), channels, question.rule_set, known_at, policy)


def _both(work: _Work) -> Iterator[Cells]:
    yield work.before
    if work.after is not None:
        yield work.after


def _first(cells: Cells, work: _Work, columns: Sequence[Column]) -> list[str]:
    """Return for each channel a letter per column: the verdict on the first leg."""
    return [_letters(cells.first(name, column.provider) for column in columns) for name in work.names.values()]


def _chains(cells: Cells, work: _Work, customers: Sequence[str]) -> list[str]:
    """Return for each channel a letter per customer: the worst verdict below the Anbieter."""
    matrix = cells.matrix(customers, ())
    return [_letters(matrix.chain[name][customer] for customer in customers) for name in work.names.values()]


def _letters(verdicts: Iterator[Verdict | None]) -> str:
    return "".join(LETTERS[verdict] for verdict in verdicts)


def _chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
