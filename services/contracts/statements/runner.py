"""Works on the jobs of a channel, step by step: each is stored before the job says so, and any process can go on from there."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, TypeVar

import structlog

from services.contracts.archiving.log import ArchiveLog
from services.contracts.costs.inputs import Costs, Priced
from services.contracts.costs.participants import instant
from services.contracts.pricing.refusal import RefusedError
from services.contracts.pricing.statement import correction, statement
from services.contracts.statements import archived
from services.contracts.statements.contents import Packed, put, whole
from services.contracts.statements.job import Current, JobState, Outcome, StatementJob
from services.contracts.statements.jobs import MOST_ATTEMPTS, JobLostError, Jobs
from services.contracts.statements.statement import SHARES, Statements, StoredStatement, shares_of, statement_id
from services.contracts.statements.statement import STATEMENTS as COLLECTION
from shared.canonical_json import canonical
from shared.errors import RejectedError
from shared.messages.values import Channel
from shared.store.port import Store

SHARES_AT_ONCE: Final = 500
_SIGNS_IN_A_LEASE: Final = 4

log = structlog.get_logger()
T = TypeVar("T")
Json = dict[str, Any]


@dataclass(frozen=True)
class Runner:
    """Claims the jobs of a channel and brings them to their end, one at a time."""

    channel: Channel
    jobs: Jobs
    costs: Costs
    archive: ArchiveLog

    async def run(self) -> None:
        """Claim the job that has waited longest and bring it to its end; return at once if none waits."""
        job = await self.jobs.claim(self.channel.value)
        if job is None:
            return
        if job.attempts > MOST_ATTEMPTS:
            with contextlib.suppress(JobLostError):
                await self.jobs.save(job.ended_as(JobState.FAILED, self.jobs.clock(), "job_gave_up"))
            log.error("statement_job_gave_up", job=job.id)
            return
        steps = _Steps(self, job)
        try:
            await steps.all()
        except JobLostError:
            log.info("statement_job_lost", job=job.id)
        except asyncio.CancelledError:
            # The process ends: whoever looks next goes on, without waiting for the lease.
            with contextlib.suppress(Exception):
                await self.jobs.release(steps.job)
            raise


class _Steps:
    """One passage of a process through a job."""

    def __init__(self, runner: Runner, job: StatementJob) -> None:
        self.channel = runner.channel
        self.jobs = runner.jobs
        self.costs = runner.costs
        self.archive = runner.archive
        self.job = job
        self.store: Store = runner.jobs.store
        self.statements = Statements(self.store)

    async def all(self) -> None:
        """Do what is left of the job. Raises JobLostError if it is not this process's any longer."""
        if self.job.known_at is None:
            # What is recorded from now on is not known yet, also if it is recorded in this second.
            await self._save(known_at=instant(self.jobs.clock() - timedelta(seconds=1)))
        offerings = await self._offerings()
        await self._came_further(offerings_total=len(offerings))
        for offering_id in offerings[self.job.progress.offerings :]:
            outcome = await self._outcome(offering_id)
            progress = {"offerings": self.job.progress.offerings + 1, "after": offering_id, "current": None}
            await self._came_further(outcome, **progress)
        self.job = await self.jobs.save(self.job.ended_as(JobState.DONE, self.jobs.clock()))

    async def _offerings(self) -> list[str]:
        """Return the offers of the job: those that were done come first, then what is after the last of them."""
        if self.job.offering_id is not None:
            return [self.job.offering_id]
        done = [outcome.offering_id for outcome in self.job.outcomes]
        after = self.job.progress.after or ""
        return done + [id_ for id_ in await self.costs.participants.offerings(self.channel) if id_ > after]

    async def _outcome(self, offering_id: str) -> Outcome:
        try:
            return await self._stated(offering_id)
        except RefusedError as refused:
            named = {"rule": refused.code, "version": refused.version, "item": refused.item, "participant": refused.participant}
            return Outcome.model_validate({"offering_id": offering_id, "code": "costs_not_statable", **named})
        except RejectedError as rejected:
            return Outcome(offering_id=offering_id, code=rejected.code)

    async def _stated(self, offering_id: str) -> Outcome:
        """Make the statement of an offer, or go on with it. Raises RefusedError, RejectedError if there can be none."""
        priced = await self.costs.priced(offering_id, self.channel)
        begun = self.job.progress.current
        found = await self._computed(priced) if begun is None or begun.offering_id != offering_id else begun
        if isinstance(found, Outcome):
            return found
        issued = await self._issued(priced, found)
        await self.archive.append({archived.key_of(issued): archived.effect_of(issued)})
        return Outcome(offering_id=offering_id, statement_id=issued.id)

    async def _computed(self, priced: Priced) -> Current | Outcome:
        """Compute the statement and store it with its input, or return that it is the one that was issued last."""
        job, offering_id = self.job, priced.offer.offering_id
        given = await self.costs.of_year(priced, job.year, job.known_at or "", job.target_groups)
        if not any(body["participations"] for body in given["participants"]):
            return Outcome(offering_id=offering_id, code="nobody_takes_part")
        result = await self._in_thread(statement, given)
        before = await self.statements.newest(self.channel.value, offering_id, job.year)
        if before is not None and before.input_sha256 == result["input_sha256"]:
            await self.archive.append({archived.key_of(before): archived.effect_of(before)})
            return Outcome(offering_id=offering_id, statement_id=before.id, unchanged=True)
        if before is not None:
            result |= {"correction": correction(result, json.loads(await whole(self.store, before.result)))}
        contents = [await put(self.store, await self._in_thread(_packed, content)) for content in (given, result)]
        number = 1 if before is None else before.number + 1
        current = Current(offering_id=offering_id, number=number, given=contents[0], result=contents[1])
        await self._came_further(current=current)
        return current

    async def _issued(self, priced: Priced, current: Current) -> StoredStatement:
        """Store the statement, then the shares of its payers."""
        given, result = [json.loads(await whole(self.store, content)) for content in (current.given, current.result)]
        draft = _stored(self.job, priced, current, result, self.jobs.clock())
        await self.store.insert_many(COLLECTION, [draft.document()])
        issued = await self.statements.find(draft.id) or draft
        shares = islice(shares_of(issued, result, given), current.shares, None)
        while some := list(islice(shares, SHARES_AT_ONCE)):
            await self.store.insert_many(SHARES, some)
            current = current.model_copy(update={"shares": current.shares + len(some)})
            await self._came_further(current=current)
        return issued

    async def _in_thread(self, work: Any, *given: Any) -> Any:  # noqa: ANN401 - whatever is computed
        """Return what is computed in a thread; meanwhile the job shows that it lives."""
        computing = asyncio.ensure_future(asyncio.to_thread(work, *given))
        pause = self.jobs.lease.term.total_seconds() / _SIGNS_IN_A_LEASE
        while not (await asyncio.wait([computing], timeout=pause))[0]:
            await self._save()
        return computing.result()

    async def _came_further(self, outcome: Outcome | None = None, **progress: object) -> None:
        outcomes = self.job.outcomes if outcome is None else (*self.job.outcomes, outcome)
        await self._save(progress=self.job.progress.model_copy(update=progress), outcomes=outcomes, attempts=0)

    async def _save(self, **update: object) -> None:
        self.job = await self.jobs.save(self.job.model_copy(update=update))


def _packed(content: Mapping[str, Any]) -> Packed:
    return Packed(canonical(content))


def _stored(job: StatementJob, priced: Priced, current: Current, result: Mapping[str, Any], at: datetime) -> StoredStatement:
    return StoredStatement(
        id=statement_id(job.channel, current.offering_id, job.year, current.number),
        channel=job.channel,
        offering_id=current.offering_id,
        offering_title=priced.offer.title,
        provider_id=priced.offer.provider.id,
        year=job.year,
        number=current.number,
        hash=result["hash"],
        previous_hash=result.get("correction", {}).get("previous_hash"),
        input_sha256=result["input_sha256"],
        known_at=job.known_at or "",
        contract_cents=result["contract_cents"],
        budget_cents=result["budget_cents"],
        total_cents=result["total_cents"],
        payers=len(result["payers"]),
        given=current.given,
        result=current.result,
        issued_at=at,
        issued_by=job.by,
    )
