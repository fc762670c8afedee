"""Judges orders again: those that a change of facts concerns, all on a new day and under other rules.

Each step is safe to repeat: a verdict of record has an id that follows from its content, the ledger publishes a verdict only if
it is another one, and the mark of the order is written last.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final, Protocol

import structlog

from services.eligibility.domain.verdict import OrderVerdict, Recheck, same_verdict
from services.eligibility.engine.explanation import ENGINE_VERSION
from services.eligibility.engine.faults import RefusedError
from services.eligibility.fact_store.entry import ENTRIES, entry_id
from services.eligibility.fact_store.state import State
from services.eligibility.recheck.judgement import Judgement, judgement_of, mark_of, question_of
from services.eligibility.recheck.metrics import BEHIND, RECHECKED
from services.eligibility.recheck.progress import Pass, Progress, ProgressLostError, Turn
from services.eligibility.recheck.touched import Touched
from services.eligibility.recheck.watched import Watched, WatchedKlient, Watching
from services.eligibility.records.judge import Policy
from services.eligibility.records.record import Because, Occasion, Records, record_of
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger
from shared.calendar import day_of, end_of
from shared.canonical_json import digest
from shared.errors import NotFoundError, OutboxFullError, RejectedError
from shared.messages.base import Message
from shared.messages.eligibility import Assessment, ChangeReason
from shared.store.port import Document

PAGE: Final = 50
"""Orders between two signs of life."""

log = structlog.get_logger()


class KnownState(Protocol):
    """Where facts and documents are recorded."""

    async def current(self) -> State:
        """Return all that is recorded now."""


@dataclass(frozen=True)
class Rechecker:
    """Looks for orders to judge again, and judges them. Of several processes one works at a time."""

    turn: Turn
    watching: Watching
    facts: KnownState
    verdicts: Ledger[OrderVerdict]
    records: Records
    policy: Policy
    clock: Callable[[], datetime]
    page: int = PAGE

    async def run(self) -> None:
        """Judge all that is to be judged now; return at once while another process does. Then show how far behind it is."""
        progress = await self.turn.claim()
        if progress is not None:
            steps = _Steps(self, progress)
            try:
                await steps.all()
            except ProgressLostError:
                log.info("recheck_lost")
            finally:
                # Whoever looks next goes on, without waiting for the lease.
                with contextlib.suppress(Exception):
                    await self.turn.release(steps.progress)
        await self._measure()

    async def _measure(self) -> None:
        at = self.clock()
        waiting = [0.0]
        progress = await self.turn.stored()
        entry = await self.verdicts.store.get(ENTRIES, entry_id(progress.seq + 1))
        if progress.rules is not None and entry is not None:
            waiting.append((at - datetime.fromisoformat(entry["recorded_at"])).total_seconds())
        if progress.day is not None and progress.day < day_of(at).isoformat():
            waiting.append((at - end_of(date.fromisoformat(progress.day))).total_seconds())
        BEHIND.set(max(waiting))


class _Steps:
    """One passage of a process through what is to be done."""

    def __init__(self, rechecker: Rechecker, progress: Progress) -> None:
        self.rechecker = rechecker
        self.progress = progress
        policy = rechecker.policy
        self._rules = digest([policy.rules.sha256, policy.indirect_joint, policy.required, ENGINE_VERSION])

    async def all(self) -> None:
        """Do what is due. Raises ProgressLostError if another process has taken over."""
        while True:
            state, at = await self.rechecker.facts.current(), self.rechecker.clock()
            await self._save(self.progress.under(self._rules, state.seq, at))
            if self.progress.rules != self._rules:
                return
            await self._adopt(day_of(at).isoformat())
            if self.progress.walk is None:
                break
            await self._walk(state, self.progress.walk)
        await self._new()

    async def _adopt(self, today: str) -> None:
        if self.progress.adopted_on == today:
            return
        async for _ in self.rechecker.watching.adopt():
            await self._save(self.progress)
        await self._save(self.progress.model_copy(update={"adopted_on": today}))

    async def _walk(self, state: State, walk: Pass) -> None:
        """Judge the orders that what has changed concerns, in the order of their ids."""
        rules = self.rechecker.policy.rules
        touched = Touched(state, self.progress.seq, rules.max_depth) if walk.because is ChangeReason.FACTS else None
        after = walk.after
        while page := await self.rechecker.watching.open(after, self.rechecker.page):
            for order in page:
                if touched is None or _is_concerned(order, touched):
                    await self._judge(order, walk.because)
            after = page[-1].id
            await self._save(self.progress.walked(after))
        await self._save(self.progress.walked(None))

    async def _new(self) -> None:
        """Judge the orders that a check has judged since: facts may have come before they were followed."""
        while page := await self.rechecker.watching.new(self.rechecker.page):
            for order in page:
                await self._judge(order, ChangeReason.FACTS)
            await self._save(self.progress)

    async def _judge(self, order: Watched, because: ChangeReason) -> None:
        """Judge an order and its Klienten; record and publish what has changed."""
        mark = await self._look(order, None, because)
        klienten = [it.model_copy(update={"found": await self._look(order, it, because)}) for it in order.klienten]
        judged = order.judged(mark, tuple(klienten))
        if judged != order:
            await self._mark(order, judged)

    async def _look(self, order: Watched, klient: WatchedKlient | None, because: ChangeReason) -> str | None:
        """Return the mark of what was found. An order or Klient that cannot be judged is tried again on the next day."""
        await asyncio.sleep(0)
        mark = before = order.found if klient is None else klient.found
        try:
            at = self.rechecker.clock()
            known, policy = await self.rechecker.facts.current(), self.rechecker.policy
            mark = mark_of(known, policy, question_of(order, klient, at), at)
            outcome = "same" if mark == before else await self._changed(order, klient, because)
        except (RejectedError, RefusedError, OutboxFullError) as error:
            whom = None if klient is None else klient.id
            log.warning("order_not_judged", order=order.id, klient=whom, code=error.code, detail=error.detail)
            mark, outcome = before, "failed"
        RECHECKED.labels(outcome).inc()
        return mark

    async def _changed(self, order: Watched, klient: WatchedKlient | None, because: ChangeReason) -> str:
        """Record and publish the verdict if it is another one than that on the order or Klient, and return the outcome.

        Judged after the verdict is read: a check that comes between finds its own, on facts that are no older.
        """
        rechecker = self.rechecker
        found = await rechecker.verdicts.get(order.id)
        judged = None if found is None else _judged(found[0], klient)
        if judged is None:
            return "same"
        check, current = judged
        at = rechecker.clock()
        question = question_of(order, klient, at)
        if (order.found if klient is None else klient.found) is None and current.rules is None:
            because = ChangeReason.RULES
        judgement = judgement_of(await rechecker.facts.current(), rechecker.policy, question, at)
        document = _record(judgement, order, because, check, at)
        assessment = judgement.assessment(document["_id"])
        if same_verdict(current, assessment):
            return "same"
        await rechecker.records.add([document])
        recheck = Recheck(check=check, assessment=assessment, because=because, found_at=at)
        await rechecker.verdicts.apply_one(Change(order.id, partial(_changed, recheck, klient), correlation_id=order.id))
        return "changed"

    async def _mark(self, order: Watched, judged: Watched) -> None:
        """Store what was found, unless a check or the end of the order has come meanwhile: then it counts no more."""

        def marked(stored: Watched | None) -> Watched | None:
            return None if stored is None or stored.rev != order.rev else judged

        await self.rechecker.watching.update({order.id: marked})

    async def _save(self, progress: Progress) -> None:
        self.progress = await self.rechecker.turn.save(progress)


def _judged(verdict: OrderVerdict, klient: WatchedKlient | None) -> tuple[int, Assessment] | None:
    """Return number and assessment of the check that counts; None if there is none on that Klient."""
    if klient is None:
        return verdict.last.number, verdict.current
    known = verdict.klient(klient.id)
    return None if known is None else (known.number, known.assessment)


def _changed(
    found: Recheck, klient: WatchedKlient | None, verdict: OrderVerdict | None
) -> tuple[OrderVerdict, Sequence[Message]]:
    if verdict is None:
        raise NotFoundError("There is no verdict on the order any more.", code="verdict_not_found")
    return verdict, verdict.change(found) if klient is None else verdict.change_klient(klient.id, found)


def _is_concerned(order: Watched, touched: Touched) -> bool:
    legs = [(order.channel, order.provider), (order.customer, order.channel)]
    legs += [(klient.id, order.customer) for klient in order.klienten]
    return any(touched.concerns(awarder, contractor) for awarder, contractor in legs)


def _record(judgement: Judgement, order: Watched, because: ChangeReason, check: int, at: datetime) -> Document:
    occasion = Occasion(Because(because.value), order_id=order.id, check=check)
    return record_of(judgement.answer, judgement.question, occasion, at)
