"""Republishing of aggregates: what readers of a rebuilt topic must know, published once more as ordinary events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger
from shared.errors import NotFoundError
from shared.messages.base import Message
from shared.store.port import Document


@dataclass(frozen=True, slots=True)
class Republisher:
    """Publishes one kind of aggregate once more, after a restore or a loss of topics. ``name`` is for people.

    ``restate`` returns the events of a state and changes nothing in it; readers take them as what they know already.
    ``retained`` decides on a stored document whether a compacted topic must hold the aggregate's state: all of those are
    republished. Without it only the aggregates that somebody waits for are. ``removed`` decides whether such a topic must hold
    nothing of it any more: its ``restate`` is the tombstone, which is republished too, and does not stay for ever.
    """

    name: str
    ledger: Ledger[Any]
    restate: Callable[[Any], Sequence[Message]]
    retained: Callable[[Document], bool] | None = None
    removed: Callable[[Document], bool] | None = None

    def retains(self, document: Document) -> bool:
        """Return whether a compacted topic must hold the state of a stored aggregate."""
        return self.retained is not None and self.retained(document)

    def has_removed(self, document: Document) -> bool:
        """Return whether a compacted topic must hold nothing of a stored aggregate but its tombstone."""
        return self.removed is not None and self.removed(document)

    async def republish(self, ids: Sequence[str]) -> int:
        """Republish these aggregates and return how many of them had something to publish.

        Raises StoreUnavailableError, WriteConflictError, OutboxFullError.
        """
        results = await self.ledger.apply([self._change(aggregate_id) for aggregate_id in ids])
        return sum(1 for result in results if result.events)

    def _change(self, aggregate_id: str) -> Change[Any]:
        def decide(state: Any) -> tuple[Any, Sequence[Message]]:  # noqa: ANN401 - the state of any aggregate
            if state is None:
                raise NotFoundError(f"There is no {self.name} {aggregate_id} any more.", id=aggregate_id)
            return state, self.restate(state)

        return Change(aggregate_id, decide)
