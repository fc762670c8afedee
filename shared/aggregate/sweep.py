"""Passes over many aggregates, as the calendar makes them: one that takes no more events holds up none of the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from shared.aggregate.base import Aggregate
from shared.aggregate.change import Change, Result
from shared.aggregate.ledger import Ledger
from shared.errors import JournalFullError, OutboxFullError, RetryableError

S = TypeVar("S", bound=Aggregate)

FULL: Final = (OutboxFullError, JournalFullError)
"""What a single aggregate is full of: the next pass finds it again."""


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

    def leave(self, id_: str, error: RetryableError) -> None:
        """Leave something to a later pass, whose change has found an aggregate full."""
        self.left.add(id_)
        self._full = error

    def finish(self) -> None:
        """End the pass. Raises OutboxFullError or JournalFullError if anything was left, so that the pass counts as failed."""
        if self._full is not None:
            raise self._full
