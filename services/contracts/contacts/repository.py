"""Contact persons in the store: one document a contract, which no topic and no archive holds a copy of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final

from services.contracts.contacts.book import ContactBook
from services.contracts.domain.contract import Contract
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

    def __init__(self, store: Store) -> None:
        self.store = store

    async def find(self, contract: Contract) -> tuple[ContactBook, int]:
        """Return the book of a contract and its revision; where nobody was named yet it is empty, with revision 0."""
        return _read(contract, await self.store.get(CONTACTS, contract.id))

    async def change(self, contract: Contract, decide: Decide, condition: Condition | None = None) -> tuple[ContactBook, int]:
        """Change a book and return it with its revision; one that stays equal is not written.

        Raises PreconditionFailedError unless the condition holds, WriteConflictError, and what ``decide`` raises.
        """
        contention = Contention(f"the contact persons of {contract.id}", [contract.id])
        while True:
            document = await self.store.get(CONTACTS, contract.id)
            before, rev = _read(contract, document)
            if condition is not None:
                condition.require("The list of contact persons", rev)
            book = before.model_copy()
            decide(book, rev)
            if book == before:
                return book, rev
            if await self._write(document, book, rev):
                return book, rev + 1
            await contention.overtaken()

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


def _read(contract: Contract, document: Document | None) -> tuple[ContactBook, int]:
    if document is None:
        return ContactBook(id=contract.id, channel=contract.channel), 0
    fields = {name: value for name, value in document.items() if name not in ("_id", "rev")}
    return ContactBook.model_validate({**fields, "id": document["_id"]}, extra="ignore", context=READING), document["rev"]
