"""Passes over many aggregates, as the calendar makes them: one that takes no more events holds up none of the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from shared.aggregate.base import Aggregate
from shared.aggregate.change import Change, Result
from shared.aggregate.ledger import Ledger
from shared.errors import JournalFullError, OutboxFullError, RetryableError

S = TypeVar("S", bound=Aggregate)
D = TypeVar("D", bound="Due")

FULL: Final = (OutboxFullError, JournalFullError)
"""What a single aggregate is full of: the next pass finds it again."""


class Due(Protocol):
    """Something that a pass finds by an index."""

    @property
    def id(self) -> str:
        """By which it is left to a later pass."""
        ...


class Sweep(Generic[S]):
    """Applies what one pass decides, portion by portion. ``left`` are the ids of those that were full, for a later pass.

    Whoever finds what is due by an index finds these again, and has to pass over them.
    """

    def __init__(self, ledger: Ledger[S]) -> None:
        self.ledger = ledger
        self.left: set[str] = set()
        self._full: RetryableError | None = None

    async def apply(self, changes: Sequence[Change[S]]) -> list[Result[S]]:
        """Apply changes together, one by one if one of them finds its aggregate full; return the results of the others.

        Raises StoreUnavailableError, WriteConflictError.
        """
        try:
            return await self.ledger.apply(changes)
        except FULL:
            results: list[Result[S]] = []
            for change in changes:
                try:
                    results += await self.ledger.apply([change])
                except FULL as error:
                    self.leave(change.id, error)
            return results

    async def each(self, find: Callable[[int], Awaitable[Sequence[D]]], batch: int, do: Callable[[D], Awaitable[None]]) -> None:
        """Do what is due, one by one, until ``find`` returns nothing more; what is full is left, and found once more each time.

        ``find`` returns up to as many as it is asked for, first those that wait longest. Raises what else ``do`` raises.
        """
        while due := [it for it in await find(batch + len(self.left)) if it.id not in self.left]:
            for it in due:
                try:
                    await do(it)
                except FULL as error:
                    self.leave(it.id, error)

    def leave(self, id_: str, error: RetryableError) -> None:
        """Leave something to a later pass, whose change has found an aggregate full."""
        self.left.add(id_)
        self._full = error

    def finish(self) -> None:
        """End the pass. Raises OutboxFullError or JournalFullError if anything was left, so that the pass counts as failed."""
        if self._full is not None:
            raise self._full
