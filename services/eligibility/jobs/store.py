"""Jobs of the pre-check in the store: each belongs to an organisation, and one process at a time works on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.eligibility.jobs.job import Job, JobState, Section
from services.eligibility.repository import JOB_PARTS, JOBS
from shared.aggregate.condition import Condition
from shared.errors import ConflictError, NotFoundError
from shared.ids import derived_id
from shared.store.contention import Contention
from shared.store.lease import Lease
from shared.store.paging import documents_of
from shared.store.port import Document, Query, Save, Scalar, Store

_BATCH = 50
MOST_ATTEMPTS = 5
"""How often a job is taken up without coming any further before it counts as failed."""


class JobLostError(Exception):
    """Somebody else works on the job now, has cancelled it or has deleted it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """``most``: most jobs of an organisation, ended ones included; ``term``: how long an ended one is stored."""

    most: int
    term: timedelta


@dataclass
class Jobs:
    """All jobs. Of those that are at work this process takes over what its ``lease`` says."""

    store: Store
    bounds: Bounds
    clock: Callable[[], datetime]
    lease: Lease

    async def add(self, job: Job) -> Job:
        """Store a job and return it, or the one that is stored under its id.

        The oldest ended job of the organisation makes room. Raises ConflictError (``too_many_jobs``) if none has ended.
        """
        stored = await self.store.get(JOBS, job.id)
        if stored is not None:
            return Job.of(stored)
        await self._make_room(job.organisation, self.bounds.most - 1)
        await self.store.insert_many(JOBS, [job.document()])
        return await self.get(job.id, job.organisation)

    async def get(self, job_id: str, organisation: str) -> Job:
        """Return a job of the organisation. Raises NotFoundError (``job_not_found``)."""
        document = await self.store.get(JOBS, job_id)
        if document is None or document["organisation"] != organisation:
            raise _absent(job_id)
        return Job.of(document)

    async def listed(self, organisation: str, after: tuple[Scalar, ...] | None, limit: int) -> list[Job]:
        """Return jobs of an organisation, newest first."""
        query = Query("organisation", equals={"organisation": organisation}, descending=True, after=after, limit=limit)
        return [Job.of(document) for document in await self.store.find(JOBS, query)]

    async def cancel(self, job_id: str, organisation: str, condition: Condition | None = None) -> Job:
        """End a job before its time; what it has found so far is deleted. Again changes nothing.

        Raises NotFoundError, PreconditionFailedError, ConflictError (``job_ended``) for one that has ended otherwise.
        """
        contention = Contention("the job", [job_id])
        while True:
            job = await self.get(job_id, organisation)
            if condition is not None:
                condition.require("The job", job.rev)
            if job.state is JobState.CANCELLED:
                return job
            if job.ended:
                raise ConflictError(f"The job has ended as {job.state}; there is nothing to cancel.", code="job_ended")
            at = self.clock()
            cancelled = job.ended_as(JobState.CANCELLED, at, at + self.bounds.term)
            try:
                saved = await self.save(cancelled)
            except JobLostError:
                await contention.overtaken()
                continue
            await self._delete_parts(job_id)
            return saved

    async def delete(self, job_id: str, organisation: str) -> None:
        """Delete a job that has ended, with its result. Raises NotFoundError, ConflictError (``job_running``)."""
        job = await self.get(job_id, organisation)
        if not job.ended:
            raise ConflictError("The job has not ended; cancel it first.", code="job_running")
        await self._delete([job_id])

    async def delete_expired(self) -> int:
        """Delete the ended jobs whose time is up and return how many."""
        deleted = 0
        query = Query("expiry", below=self.clock(), limit=_BATCH, only=("expires_at",))
        while expired := await self.store.find(JOBS, query):
            deleted += await self._delete([document["_id"] for document in expired])
        return deleted

    async def claim(self) -> Job | None:
        """Claim the job that has waited longest, None if there is none. Of several processes one gets it."""
        seen: list[str] = []
        async for document in documents_of(self.store, JOBS, Query("open", limit=_BATCH)):
            job = Job.of(document)
            seen.append(job.id)
            if job.state is JobState.RUNNING and not self.lease.is_free(job.id, job.holder, job.rev):
                continue
            started = {"state": JobState.RUNNING, "started_at": job.started_at or self.clock(), "holder": self.lease.holder}
            try:
                return await self.save(job.model_copy(update={**started, "attempts": job.attempts + 1}))
            except JobLostError:
                continue
        self.lease.watch_only(seen)
        return None

    async def save(self, job: Job) -> Job:
        """Store how far a job is and return it with its new revision. Raises JobLostError."""
        saved = job.model_copy(update={"rev": job.rev + 1})
        if await self.store.save_many(JOBS, [Save(saved.document(), expected_rev=job.rev)]):
            raise JobLostError(f"somebody else has changed the job {job.id}")
        return saved

    async def fail(self, job: Job, code: str, detail: str) -> None:
        """Record that a job cannot be done; what it has found so far is deleted. Raises JobLostError."""
        at = self.clock()
        await self.save(job.ended_as(JobState.FAILED, at, at + self.bounds.term, code=code, detail=detail))
        await self._delete_parts(job.id)

    async def finish(self, job: Job) -> None:
        """Record that a job is done. Raises JobLostError."""
        at = self.clock()
        await self.save(job.ended_as(JobState.DONE, at, at + self.bounds.term))

    async def release(self, job: Job) -> None:
        """Release a job, so that another process goes on with it at once. Raises JobLostError."""
        await self.save(job.model_copy(update={"holder": None, "attempts": max(0, job.attempts - 1)}))

    async def put_part(self, job: Job, section: Section, number: int, content: Document) -> Document:
        """Store a part and return it, or the one that is there: of somebody who got no further than that."""
        part = {
            "_id": _part_id(job.id, section, number),
            "rev": 1,
            "job": job.id,
            "section": section,
            "number": number,
            **content,
        }
        if await self.store.insert_many(JOB_PARTS, [part]):
            return part
        stored = await self.store.get(JOB_PARTS, part["_id"])
        if stored is None:
            raise JobLostError(f"somebody has deleted a part of the job {job.id}")
        return stored

    async def part(self, job_id: str, section: Section, number: int) -> Document | None:
        """Return a part of a result."""
        return await self.store.get(JOB_PARTS, _part_id(job_id, section, number))

    async def parts(self, job_id: str, section: Section, count: int, first: int = 0) -> AsyncIterator[Document]:
        """Yield the parts of a section, one in memory at a time. Raises NotFoundError if the job was deleted meanwhile."""
        for number in range(first, count):
            part = await self.part(job_id, section, number)
            if part is None:
                raise _absent(job_id)
            yield part

    async def discard_part(self, job: Job, section: Section, number: int) -> None:
        """Delete a part that was written after the job was cancelled or deleted."""
        stored = await self.store.get(JOBS, job.id)
        if stored is None or Job.of(stored).state is JobState.CANCELLED:
            await self.store.delete(JOB_PARTS, [_part_id(job.id, section, number)])

    async def _make_room(self, organisation: str, most: int) -> None:
        """Delete ended jobs of an organisation, the oldest first, until no more than ``most`` are left."""
        found = await self.store.count(JOBS, Query("organisation", equals={"organisation": organisation}))
        if found <= most:
            return
        query = Query("organisation", equals={"organisation": organisation}, limit=_BATCH, without=("question", "progress"))
        ended = [it["_id"] async for it in documents_of(self.store, JOBS, query) if it["open_since"] is None]
        if len(ended) < found - most:
            raise ConflictError(
                f"{found} jobs of your organisation are waiting or at work; cancel one, or wait until one has ended.",
                code="too_many_jobs",
            )
        await self._delete(ended[: found - most])

    async def _delete(self, ids: list[str]) -> int:
        for job_id in ids:
            await self._delete_parts(job_id)
        return await self.store.delete(JOBS, ids)

    async def _delete_parts(self, job_id: str) -> None:
        query = Query("job", equals={"job": job_id}, limit=_BATCH, only=("number",))
        while parts := await self.store.find(JOB_PARTS, query):
            await self.store.delete(JOB_PARTS, [part["_id"] for part in parts])


def _part_id(job_id: str, section: Section, number: int) -> str:
    return derived_id("part of a pre-check job", job_id, section, str(number))


def _absent(job_id: str) -> NotFoundError:
    return NotFoundError(f"There is no job {job_id}.", code="job_not_found")
