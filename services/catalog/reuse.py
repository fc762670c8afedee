"""How many bodies reuse an offer, and in which Länder: in the store, counted by what contracts tells and by the calendar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from services.catalog.domain.reuse import Reuse, StatedContract, follow, reuse_id
from services.catalog.entries import InUse
from services.catalog.repository import MANY, REUSES, SERVICE
from shared.aggregate.change import Cause, Change
from shared.aggregate.record import Record
from shared.calendar import day_of
from shared.errors import WriteConflictError
from shared.messages.base import Message
from shared.process.service import Resources
from shared.store.paging import documents_of, pages
from shared.store.port import Query, Save

_COUNTED = ("offering_id", "land", "bodies", "changed_at")


@dataclass(frozen=True, slots=True)
class Counted:
    """How many bodies of a Land reuse an offer. ``land`` None: bodies whose key names none."""

    offering_id: str
    land: str | None
    bodies: int


class SearchedReuse(Protocol):
    """Where the search finds how many bodies reuse which offers."""

    def changes_since(self, since: datetime | None) -> AsyncIterator[Counted]:
        """Yield what has changed at ``since`` or later, all for None."""


class Reuses:
    """The bodies that reuse offers, in the store: a document for each offer and Land."""

    def __init__(self, resources: Resources) -> None:
        self.ledger = resources.ledger(Reuse, REUSES, service=SERVICE)
        self._store = resources.store
        self._clock = resources.clock

    async def changes_since(self, since: datetime | None) -> AsyncIterator[Counted]:
        """Yield what has changed at ``since`` or later, all for None; the oldest change first."""
        query = Query("by_changed", at_least=since, limit=MANY, only=_COUNTED)
        async for document in documents_of(self._store, REUSES, query):
            yield Counted(document["offering_id"], document["land"], document["bodies"])

    async def end(self, today: date) -> None:
        """Count accessions no more that have had their last day; what somebody else writes meanwhile is found again later."""
        async for page in pages(self._store, REUSES, Query("by_end", below=today.isoformat(), limit=MANY)):
            saves = []
            for document in page:
                record = self.ledger.records.read(document)
                if record.state is not None:
                    record.state.end(today, self._clock())
                before, record.rev = record.rev, record.rev + 1
                saves.append(Save(record.document(), expected_rev=before))
            await self._store.save_many(REUSES, saves)

    async def of(self, offering_id: str) -> InUse | None:
        """Return how many bodies reuse an offer and in which Länder, None if none does."""
        query = Query("by_offering", equals={"offering_id": offering_id}, limit=MANY, only=_COUNTED)
        found = await self._store.find(REUSES, query)
        return InUse.of({document["land"]: document["bodies"] for document in found})

    async def restore(self, contracts: Sequence[StatedContract]) -> None:
        """Count contracts without an event, after a restore; whether they run is as stated.

        Raises StoreUnavailableError, WriteConflictError if somebody else writes meanwhile.
        """
        by_document: dict[str, list[StatedContract]] = defaultdict(list)
        for stated in contracts:
            by_document[reuse_id(stated)].append(stated)
        for reuse, several in by_document.items():
            document = await self._store.get(REUSES, reuse)
            record = Record[Reuse](reuse) if document is None else self.ledger.records.read(document)
            for stated in several:
                record.state, _ = follow(record.state, stated, self._clock())
            before, record.rev = record.rev, record.rev + 1
            if document is None:
                conflict = not await self._store.insert_many(REUSES, [record.document()])
            else:
                conflict = bool(await self._store.save_many(REUSES, [Save(record.document(), expected_rev=before)]))
            if conflict:
                raise WriteConflictError("somebody else counts the same contracts")


class ReuseEnds:
    """Counts accessions no more that have had their last day: nobody tells that it is over. Safe beside others."""

    def __init__(self, reuses: Reuses, clock: Callable[[], datetime]) -> None:
        self._reuses = reuses
        self._clock = clock

    async def run(self) -> None:
        """Count no more what is over. Raises StoreUnavailableError."""
        await self._reuses.end(day_of(self._clock()))


def count_contract(stated: StatedContract, cause: Cause, at: datetime) -> Change[Reuse]:
    """Count a contract or accession of which contracts tells, or count it no more."""

    def decide(reuse: Reuse | None) -> tuple[Reuse, Sequence[Message]]:
        return follow(reuse, stated, at)

    return Change(reuse_id(stated), decide, cause)
