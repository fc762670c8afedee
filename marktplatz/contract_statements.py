"""``marktplatz contracts statements``: makes yearly statements as a resumable job, and shows how far jobs and documents are."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from marktplatz.names import ServiceName
from marktplatz.silent import Silent
from services.contracts.app import build
from services.contracts.archiving.log import ArchiveLog
from services.contracts.costs.inputs import Costs
from services.contracts.offers.follow import ChannelOffers
from services.contracts.settings import Settings
from services.contracts.statements.job import JobState, Outcome, StatementJob
from services.contracts.statements.jobs import Jobs
from services.contracts.statements.runner import Runner
from services.contracts.statements.schemas import StatementJobRequest
from services.contracts.statements.statement import SHARES, TO_DOCUMENT, TO_ISSUE
from shared.errors import InvalidError
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.process.settings import ProcessSettings
from shared.process.stores import opened
from shared.store.lease import Lease
from shared.store.port import Query, Store

DONE: Final = 0
WITH_FAILURES: Final = 1
NOT_ENDED: Final = 3
_ENDED: Final = frozenset({JobState.DONE, JobState.FAILED})
_LISTED: Final = 20
_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Opened:
    store: Store
    jobs: Jobs
    costs: Costs
    log: ArchiveLog


async def run_statements(channel: Channel, year: int, offering_id: str | None, target_groups: Path | None, by: str) -> int:
    """Make the statements of a year, or go on with the open job that is to make them, and print what became of each offer.

    Return 0 if each offer has its statement, 1 if one has none or the job failed. Raises InvalidError, ConflictError,
    StoreUnavailableError.
    """
    asked = _request(year, offering_id, target_groups)
    async with _open() as held:
        new = asked.job(str(uuid.uuid4()), channel, by, held.jobs.clock())
        job = await _open_job(held.jobs, channel, asked) or await held.jobs.add(new)
        print(f"job {job.id}", file=sys.stderr, flush=True)
        runner = Runner(channel, held.jobs, held.costs, held.log)
        while (job := await held.jobs.get(job.id, channel.value)).state not in _ENDED:
            # It makes what waits longest, also an older job; one that another process is at work on is left to that process.
            working = asyncio.ensure_future(runner.run())
            await _shown_while(working, held.jobs, job)
            await working
        return await _print_job(held, job)


async def show_statements(channel: Channel, job_id: str | None) -> int:
    """Print the newest jobs of a channel, or one job with its offers, and how many documents are lacking.

    Return for one job 0 if it has ended with a statement of each offer, 1 if it failed or an offer has none, 3 if it has not
    ended; without one 0. Raises NotFoundError, StoreUnavailableError.
    """
    async with _open() as held:
        if job_id is not None:
            return await _print_job(held, await held.jobs.get(job_id, channel.value))
        for job in await held.jobs.listed(channel.value, None, _LISTED):
            print(_line(job))
        await _print_waiting(held, channel)
        return DONE


@asynccontextmanager
async def _open() -> AsyncIterator[_Opened]:
    process, settings = ProcessSettings(), Settings()
    async with opened(ServiceName.CONTRACTS.value, process) as store:
        resources = Resources(store, Silent(), process.data)
        await store.prepare(build(resources, settings).collections)
        jobs = Jobs(store, resources.clock, Lease(settings.statement_lease, resources.steady))
        costs = Costs(resources, ChannelOffers(resources))
        yield _Opened(store, jobs, costs, ArchiveLog(store, settings.archive_origin))


def _request(year: int, offering_id: str | None, target_groups: Path | None) -> StatementJobRequest:
    try:
        figures: Mapping[str, int] = {} if target_groups is None else json.loads(target_groups.read_bytes())
        return StatementJobRequest.model_validate({"year": year, "offering_id": offering_id, "target_groups": figures})
    except (ValueError, OSError) as error:
        first = error.errors(include_url=False, include_context=False)[0] if isinstance(error, ValidationError) else None
        where = str(error) if first is None else f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise InvalidError(f"No such statements: {where}", code="statement_job_unfit") from error


async def _open_job(jobs: Jobs, channel: Channel, asked: StatementJobRequest) -> StatementJob | None:
    """Return the open job that makes the same."""
    for job in await jobs.listed(channel.value, None, _LISTED):
        same = (job.year, job.offering_id, job.target_groups) == (asked.year, asked.offering_id, asked.target_groups)
        if same and job.state not in _ENDED:
            return job
    return None


async def _shown_while(working: asyncio.Future[None], jobs: Jobs, job: StatementJob) -> None:
    """Print the progress of a job until some work has ended, and for a moment after it."""
    shown = job.progress.offerings
    while True:
        ended, _ = await asyncio.wait([working], timeout=_PAUSE)
        job = await jobs.get(job.id, job.channel)
        if job.progress.offerings != shown:
            shown = job.progress.offerings
            print(f"{shown} of {job.progress.offerings_total} offers", file=sys.stderr, flush=True)
        if ended:
            if job.state not in _ENDED:
                await asyncio.sleep(_PAUSE)
            return


async def _print_job(held: _Opened, job: StatementJob) -> int:
    for outcome in job.outcomes:
        print(_of_offer(outcome))
    print(_line(job))
    await _print_waiting(held, Channel.read(job.channel))
    if job.state not in _ENDED:
        return NOT_ENDED
    failed = job.state is JobState.FAILED or any(outcome.code is not None for outcome in job.outcomes)
    return WITH_FAILURES if failed else DONE


async def _print_waiting(held: _Opened, channel: Channel) -> None:
    unissued, unmade = [
        await held.store.count(SHARES, Query("waiting", {"channel": channel.value, "waits": stage}))
        for stage in (TO_ISSUE, TO_DOCUMENT)
    ]
    print(f"{channel.value}: {unissued} parts of statements wait to be issued, {unissued + unmade} wait for their documents")


def _line(job: StatementJob) -> str:
    of = job.progress.offerings_total
    reason = "" if job.code is None else f" {job.code}"
    return f"job {job.id}: {job.year} {job.state.value}{reason}, {job.progress.offerings} of {'?' if of is None else of} offers"


def _of_offer(outcome: Outcome) -> str:
    if outcome.code is None:
        return f"offer {outcome.offering_id}: statement {outcome.statement_id}{' as before' if outcome.unchanged else ''}"
    named = (("rule", outcome.rule), ("version", outcome.version), ("item", outcome.item), ("participant", outcome.participant))
    return " ".join([f"offer {outcome.offering_id}: {outcome.code}", *(f"{name}={it}" for name, it in named if it is not None)])
