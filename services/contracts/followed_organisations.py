"""The events with the state of an organisation, by which what it registers for its invoices is followed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from shared.aggregate.base import Aggregate
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger
from shared.bus.handling import Received, Rejection, rejections
from shared.messages.base import Message
from shared.messages.eligibility import (
    AccreditationAnswered,
    AccreditationDecided,
    AccreditationQueried,
    AccreditationRequested,
    OrganisationChanged,
    OrganisationRegistered,
    OrganisationRestated,
)
from shared.messages.eligibility_reminders import AccreditationEscalated, AccreditationReminded
from shared.messages.values import Channel

A = TypeVar("A", bound=Aggregate)

WITH_STATE: Final = (
    OrganisationRegistered,
    OrganisationChanged,
    OrganisationRestated,
    AccreditationRequested,
    AccreditationQueried,
    AccreditationAnswered,
    AccreditationDecided,
    AccreditationReminded,
    AccreditationEscalated,
)
FOLLOWED: frozenset[type[Message]] = frozenset(WITH_STATE)
"""The events with the state of an organisation; on the compacted topic any of them may be the last one left."""


class Followed(ABC, Generic[A]):
    """What all organisations have registered of one kind. ``changes`` counts what this process has taken in."""

    def __init__(self, ledger: Ledger[A]) -> None:
        self.ledger = ledger
        self.changes = 0

    async def follow(self, channel: Channel, batch: Sequence[Received]) -> Sequence[Rejection]:
        """Bring what a channel knows to the newest state. Raises StoreUnavailableError, WriteConflictError."""
        changed: set[str] = set()
        found = [(event, change) for event in batch if (change := self.change(event, channel, changed)) is not None]
        try:
            results = await self.ledger.apply([change for _, change in found])
        finally:
            # Only now can they be read; after an error too, since what was written is not decided again.
            self.changes += len(changed)
        return rejections([event for event, _ in found], results)

    @abstractmethod
    def change(self, event: Received, channel: Channel, changed: set[str]) -> Change[A] | None:
        """Return what an event changes; its decision adds the id of what is another then to ``changed``."""
