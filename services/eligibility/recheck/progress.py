"""How far the re-check is, and which process works on it: one at a time, whoever goes on begins where the last one was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from services.eligibility.repository import RECHECK_PROGRESS
from shared.calendar import day_of
from shared.messages.eligibility import ChangeReason
from shared.store.lease import Lease
from shared.store.port import Document, Save, Store

_ID: Final = "orders"
SETTLED: Final = timedelta(minutes=5)
"""For how long only processes with new rules must have come before these count: while processes are replaced, both run."""


class ProgressLostError(Exception):
    """Another process works on the re-check now."""


class Pass(BaseModel):
    """One walk over all orders: why, up to which entry of the journal, begun on which day; the order after which it goes on."""

    model_config = ConfigDict(frozen=True, extra="allow")

    because: ChangeReason
    to_seq: int
    day: str
    after: str | None = None


class Progress(BaseModel):
    """What has been re-checked: the journal up to ``seq``, the calendar up to ``day``, by the rules ``rules``; None before that.

    ``holder`` is the process that works on it; every write raises ``rev``, and so shows that it lives. ``next_rules`` have been
    asked for since ``next_since``. ``adopted_on`` is the day on which orders without a watch were last looked for.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    rev: int = 1
    holder: str | None = None
    seq: int = 0
    day: str | None = None
    rules: str | None = None
    next_rules: str | None = None
    next_since: datetime | None = None
    adopted_on: str | None = None
    walk: Pass | None = None

    @classmethod
    def of(cls, document: Document) -> Progress:
        """Return the stored one."""
        return cls.model_validate({name: value for name, value in document.items() if name != "_id"})

    def document(self) -> Document:
        """Return it as it is stored."""
        return {"_id": _ID, **self.model_dump()}

    def under(self, rules: str, seq: int, at: datetime) -> Progress:
        """Return the progress for a process that judges by ``rules``, the journal being at ``seq``, with the walk to go on.

        Other rules than before count once nobody has come with the old ones for ``SETTLED``; then all orders are judged. So they
        are on each new day: a verdict may change on any.
        """
        today = day_of(at).isoformat()
        if self.rules is None:
            return self.model_copy(update={"rules": rules, "seq": seq, "day": today})
        if self.rules != rules:
            return self._with_other(rules, Pass(because=ChangeReason.RULES, to_seq=seq, day=today), at)
        walk = self.walk
        if walk is None and seq > self.seq:
            walk = Pass(because=ChangeReason.FACTS, to_seq=seq, day=today)
        elif walk is None and self.day != today:
            walk = Pass(because=ChangeReason.CALENDAR, to_seq=seq, day=today)
        return self.model_copy(update={"next_rules": None, "next_since": None, "walk": walk})

    def _with_other(self, rules: str, walk: Pass, at: datetime) -> Progress:
        if self.next_rules != rules or self.next_since is None:
            return self.model_copy(update={"next_rules": rules, "next_since": at})
        if at - self.next_since < SETTLED:
            return self
        return self.model_copy(update={"rules": rules, "next_rules": None, "next_since": None, "walk": walk})

    def walked(self, after: str | None) -> Progress:
        """Return the progress after a page of the walk; None: all orders have been judged."""
        walk = self.walk
        if walk is None:
            return self
        if after is not None:
            return self.model_copy(update={"walk": walk.model_copy(update={"after": after})})
        done: dict[str, object] = {"walk": None}
        if walk.because is not ChangeReason.CALENDAR:
            done["seq"] = walk.to_seq
        if walk.because is not ChangeReason.FACTS:
            done["day"] = walk.day
        return self.model_copy(update=done)


@dataclass
class Turn:
    """Claims the progress for this process."""

    store: Store
    lease: Lease

    async def stored(self) -> Progress:
        """Return how far the re-check is."""
        document = await self.store.get(RECHECK_PROGRESS, _ID)
        return Progress() if document is None else Progress.of(document)

    async def claim(self) -> Progress | None:
        """Return the progress as this process's, None while another one works on it."""
        document = await self.store.get(RECHECK_PROGRESS, _ID)
        if document is None:
            await self.store.insert_many(RECHECK_PROGRESS, [Progress().document()])
            document = await self.store.get(RECHECK_PROGRESS, _ID)
        if document is None:
            return None
        found = Progress.of(document)
        if not self.lease.is_free(_ID, found.holder, found.rev):
            return None
        try:
            return await self.save(found.model_copy(update={"holder": self.lease.holder}))
        except ProgressLostError:
            return None

    async def save(self, progress: Progress) -> Progress:
        """Store the progress and return it with its new revision. Raises ProgressLostError."""
        saved = progress.model_copy(update={"rev": progress.rev + 1})
        if await self.store.save_many(RECHECK_PROGRESS, [Save(saved.document(), expected_rev=progress.rev)]):
            raise ProgressLostError("somebody else works on the re-check")
        return saved

    async def release(self, progress: Progress) -> None:
        """Release the claim, so that another process goes on at once. Raises ProgressLostError."""
        await self.save(progress.model_copy(update={"holder": None}))
