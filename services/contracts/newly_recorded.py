"""Looks again and again for the contracts of a channel that were recorded, or changed, since the last look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from services.contracts.repository import CONTRACTS, Contracts
from shared.messages.values import Channel
from shared.store.paging import portions
from shared.store.port import PORTION_BYTES, Document, Query

OVERLAP: Final = timedelta(minutes=10)
"""How long the saving of a contract may take after the instant that it is recorded with, without waiting for a new process."""
_PAGE: Final = 100


class NewlyRecorded:
    """The contracts of one channel, all at the first look, afterwards those that came since."""

    def __init__(self, contracts: Contracts, channel: Channel) -> None:
        self.store = contracts.store
        self.clock = contracts.ledger.clock
        self.channel = channel
        self._seen: datetime | None = None
        self._recent: set[tuple[str, int]] = set()

    async def portions(self) -> AsyncIterator[list[Document]]:
        """Yield them in portions; a portion counts as seen once the next one is asked for. Raises StoreUnavailableError."""
        since = None if self._seen is None else self._seen - OVERLAP
        query = Query("channel", {"channel": self.channel.value}, at_least=since, limit=_PAGE)
        recent: set[tuple[str, int]] = set()
        async for portion in portions(self.store, CONTRACTS, query, PORTION_BYTES):
            yield [document for document in portion.documents if _state_of(document) not in self._recent]
            recent.update(_state_of(document) for document in portion.documents)
            # What is recorded with a time of the future does not hide what is recorded after it.
            self._seen = min(portion.documents[-1]["recorded_at"], self.clock())
        self._recent = recent


def _state_of(document: Document) -> tuple[str, int]:
    """Return which contract it is, in which state: one that was only offered comes again once it is concluded."""
    return document["_id"], document["rev"]
