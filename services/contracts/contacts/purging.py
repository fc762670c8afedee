"""Erases contact persons when their time is over: former ones by age, all of a contract that is long over or came to nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from services.contracts.contacts.book import ContactBook
from services.contracts.contacts.repository import ContactBooks
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import DEAD
from services.contracts.repository import Contracts
from shared.calendar import day_of
from shared.messages.values import Channel

log = structlog.get_logger()


class ContactPurge:
    """Erases what is older than ``max_age`` in the contracts of one channel; several may run at once."""

    def __init__(
        self, channel: Channel, books: ContactBooks, contracts: Contracts, max_age: timedelta, clock: Callable[[], datetime]
    ) -> None:
        self.channel = channel
        self.books = books
        self.contracts = contracts
        self.max_age = max_age
        self.clock = clock

    async def run(self) -> None:
        """Erase what is due. Raises StoreUnavailableError, WriteConflictError."""
        at = self.clock()
        before = at - self.max_age
        purged = 0
        async for ids in self.books.of_channel(self.channel):
            for contract in (await self.contracts.of_ids(ids)).values():
                over = contract.state in DEAD or (contract.last_day is not None and contract.last_day < day_of(before))
                if over:
                    await self.books.hand_down(contract)
                _, earlier = await self.books.find(contract)
                _, rev = await self.books.change(contract, _closing(at) if over else _expiring(before, at))
                purged += rev > earlier
        if purged:
            log.info("contact_persons_purged", channel=self.channel.value, contracts=purged)


def _closing(at: datetime) -> Callable[[ContactBook, int], None]:
    return lambda book, _: book.close(at)


def _expiring(before: datetime, at: datetime) -> Callable[[ContactBook, int], None]:
    return lambda book, _: book.expire(before, at)


def is_over(contract: Contract, at: datetime) -> bool:
    """Return whether nobody is named for a contract any more: it is dead, or its last day has passed."""
    return contract.state in DEAD or (contract.last_day is not None and contract.last_day < day_of(at))
