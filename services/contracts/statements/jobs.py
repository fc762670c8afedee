"""Jobs in the store: each belongs to a channel, and one process at a time works on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.contracts.statements.job import JobState, StatementJob
from shared.errors import ConflictError, NotFoundError
from shared.store.lease import Lease
from shared.store.paging import documents_of
from shared.store.port import Collection, Index, Query, Save, Scalar, Store

JOBS = Collection(
    "statement_jobs",
    (Index("channel", ("channel", "created_at")), Index("open", ("channel", "open_since"))),
)
MOST_ATTEMPTS: Final = 5
"""How often a job is taken up without coming any further before it counts as failed."""
MOST_OPEN: Final = 20
"""Jobs of a channel that wait or are at work."""
_PAGE: Final = 50


class JobLostError(Exception):
    """Somebody else works on the job now."""


@dataclass
class Jobs:
    """All jobs. Of those that are at work this process takes over what its ``lease`` says."""

    store: Store
    clock: Callable[[], datetime]
    lease: Lease

    async def add(self, job: StatementJob) -> StatementJob:
        """Store a job and return it, or the one that is stored under its id. Raises ConflictError (``too_many_jobs``)."""
        if await self.store.get(JOBS, job.id) is None:
            if await self.store.count(JOBS, Query("open", {"channel": job.channel})) >= MOST_OPEN:
                raise ConflictError(f"{MOST_OPEN} jobs of the channel are waiting or at work.", code="too_many_jobs")
            await self.store.insert_many(JOBS, [job.document()])
        return await self.get(job.id, job.channel)

    async def get(self, job_id: str, channel: str) -> StatementJob:
        """Return a job of the channel. Raises NotFoundError (``job_not_found``)."""
        document = await self.store.get(JOBS, job_id)
        if document is None or document["channel"] != channel:
            raise NotFoundError(f"There is no job {job_id}.", code="job_not_found")
        return StatementJob.of(document)

    async def listed(self, channel: str, after: tuple[Scalar, ...] | None, limit: int) -> list[StatementJob]:
        """Return jobs of a channel, newest first."""
        query = Query("channel", equals={"channel": channel}, descending=True, after=after, limit=limit)
        return [StatementJob.of(document) for document in await self.store.find(JOBS, query)]

    async def claim(self, channel: str) -> StatementJob | None:
        """Claim the job of a channel that has waited longest, None if there is none. Of several processes one gets it."""
        async for document in documents_of(self.store, JOBS, Query("open", {"channel": channel}, limit=_PAGE)):
            job = StatementJob.of(document)
            if job.state is JobState.RUNNING and not self.lease.is_free(job.id, job.holder, job.rev):
                continue
            update = {"state": JobState.RUNNING, "started_at": job.started_at or self.clock(), "holder": self.lease.holder}
            try:
                return await self.save(job.model_copy(update={**update, "attempts": job.attempts + 1}))
            except JobLostError:
                continue
        return None

    async def save(self, job: StatementJob) -> StatementJob:
        """Store how far a job is and return it with its new revision. Raises JobLostError."""
        saved = job.model_copy(update={"rev": job.rev + 1})
        if await self.store.save_many(JOBS, [Save(saved.document(), expected_rev=job.rev)]):
            raise JobLostError(f"somebody else has changed the job {job.id}")
        return saved

    async def release(self, job: StatementJob) -> None:
        """Release a job, so that another process goes on with it at once. Raises JobLostError."""
        await self.save(job.model_copy(update={"holder": None, "attempts": max(0, job.attempts - 1)}))
