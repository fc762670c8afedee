"""Contact persons in the store: one document a contract, which no topic and no archive holds a copy of.

A contract that continues another one has its contact persons, party by party, until that party names others for it. They are read
from the contract before, so there is nothing to copy when a successor is concluded, and nothing that a crash could leave out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final

from services.contracts.contacts.book import ContactBook
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import DEAD
from services.contracts.neighbourhood import LONGEST
from services.contracts.repository import Contracts
from shared.aggregate.condition import Condition
from shared.messages.open_enum import READING
from shared.messages.values import Channel
from shared.store.contention import Contention
from shared.store.paging import pages
from shared.store.port import Collection, Document, Index, Query, Save, Store

CONTACTS = Collection("contract_contacts", (Index("channel", ("channel",)),))
_PAGE: Final = 50
Decide = Callable[[ContactBook, int], None]
"""Changes a book, which has this revision."""


class ContactBooks:
    """The contact persons of all contracts. Who may read them is asked of the contract before."""

    def __init__(self, contracts: Contracts) -> None:
        self.contracts = contracts
        self.store: Store = contracts.store

    async def find(self, contract: Contract) -> tuple[ContactBook, int]:
        """Return the book of a contract, with whom it takes over, and its revision: 0 where nobody was named for itself yet."""
        book, rev = _read(contract, await self.store.get(CONTACTS, contract.id))
        if (former := await self._former(contract)) is not None:
            book.carry(former)
        return book, rev

    async def change(self, contract: Contract, decide: Decide, condition: Condition | None = None) -> tuple[ContactBook, int]:
        """Change a book and return it with its revision; one that stays equal is not written.

        Raises PreconditionFailedError unless the condition holds, WriteConflictError, and what ``decide`` raises.
        """
        return await self._change(contract, decide, condition)

    async def hand_down(self, contract: Contract) -> None:
        """Store in the contracts that continue one whom they have taken over from it: its own book is to be erased.

        Raises StoreUnavailableError, WriteConflictError.
        """
        for following in (await self.contracts.continuing([contract.id])).values():
            if following.continues == contract.id and following.state not in DEAD:
                await self._change(following, _as_it_is, whole=True)

    async def _change(
        self, contract: Contract, decide: Decide, condition: Condition | None = None, *, whole: bool = False
    ) -> tuple[ContactBook, int]:
        """Change a book; ``whole``: also what it has only taken over is stored in it."""
        former = await self._former(contract)
        contention = Contention(f"the contact persons of {contract.id}", [contract.id])
        while True:
            document = await self.store.get(CONTACTS, contract.id)
            own, rev = _read(contract, document)
            if condition is not None:
                condition.require("The list of contact persons", rev)
            carried = own.model_copy()
            if former is not None:
                carried.carry(former)
            book = carried.model_copy()
            decide(book, rev)
            stored = book.model_copy()
            if not whole:
                stored.give_back(carried, own)
            if stored == own:
                return book, rev
            if await self._write(document, stored, rev):
                return book, rev + 1
            await contention.overtaken()

    async def _former(self, contract: Contract) -> ContactBook | None:
        """Return the book of the contract that one continues, with all that it takes over itself; None if there is none."""
        line = [contract]
        while line[-1].continues is not None and line[-1].state not in DEAD and len(line) <= LONGEST:
            found = await self.contracts.of_ids([line[-1].continues])
            line += found.values()
            if not found:
                break
        book: ContactBook | None = None
        for each in reversed(line[1:]):
            own, _ = _read(each, await self.store.get(CONTACTS, each.id))
            if book is not None:
                own.carry(book)
            book = own
        return book

    async def of_channel(self, channel: Channel) -> AsyncIterator[list[str]]:
        """Yield the ids of the channel's contracts for which somebody was named, page by page."""
        query = Query("channel", {"channel": channel.value}, limit=_PAGE, only=("channel",))
        async for page in pages(self.store, CONTACTS, query):
            yield [document["_id"] for document in page]

    async def _write(self, document: Document | None, book: ContactBook, rev: int) -> bool:
        body = {**(document or {}), "_id": book.id, **book.model_dump(exclude={"id"}), "rev": rev + 1}
        if document is None:
            return bool(await self.store.insert_many(CONTACTS, [body]))
        return not await self.store.save_many(CONTACTS, [Save(body, expected_rev=rev)])


def _as_it_is(_book: ContactBook, _revision: int) -> None:
    """Change nothing."""


def _read(contract: Contract, document: Document | None) -> tuple[ContactBook, int]:
    if document is None:
        return ContactBook(id=contract.id, channel=contract.channel), 0
    fields = {name: value for name, value in document.items() if name not in ("_id", "rev")}
    return ContactBook.model_validate({**fields, "id": document["_id"]}, extra="ignore", context=READING), document["rev"]
