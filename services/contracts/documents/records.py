"""Which documents a contract has: names and hashes in the store, the bytes with the files under their hash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from services.contracts.documents.rendering import Rendered
from shared.messages.values import Channel
from shared.store.port import Collection, Document, Store

RECORDED: Final = Collection("contract_documents")
"""One document per contract and version of it, inserted once; it is there only when all files are."""

FIRST: Final = 1
"""The version of a contract as it was concluded."""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document of a contract; ``sha256`` is that of its bytes and names them."""

    name: str
    title: str
    template: str
    media_type: str
    size: int
    sha256: str

    @classmethod
    def of(cls, made: Rendered) -> Self:
        """Return what is recorded of a document that was made."""
        return cls(made.name, made.title, made.template, made.media_type, len(made.content), made.sha256)


class DocumentRecords:
    """The records of documents in one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def of(self, contract_id: str, version: int = FIRST) -> list[DocumentRecord]:
        """Return the documents of a contract, none if they have not been made yet. Raises StoreUnavailableError."""
        stored = await self.store.get(RECORDED, key_of(contract_id, version))
        return [] if stored is None else [_document(row) for row in stored["documents"]]

    async def lacking(self, contract_ids: Iterable[str], version: int = FIRST) -> list[str]:
        """Return those contracts that have no documents yet, in their order. Raises StoreUnavailableError."""
        ids = list(contract_ids)
        stored = await self.store.get_many(RECORDED, [key_of(contract_id, version) for contract_id in ids])
        return [contract_id for contract_id in ids if key_of(contract_id, version) not in stored]

    async def record(self, contract_id: str, channel: Channel, made: Sequence[Rendered], version: int = FIRST) -> None:
        """Record the documents of a contract; the first record counts. Raises StoreUnavailableError."""
        rows = [
            {
                "name": document.name,
                "title": document.title,
                "template": document.template,
                "media_type": document.media_type,
                "size": document.size,
                "sha256": document.sha256,
            }
            for document in map(DocumentRecord.of, made)
        ]
        record: Document = {
            "_id": key_of(contract_id, version),
            "contract": contract_id,
            "version": version,
            "channel": channel.value,
            "documents": rows,
        }
        await self.store.insert_many(RECORDED, [record])


def key_of(contract_id: str, version: int) -> str:
    """Return the id of the record about a version of a contract."""
    return f"{contract_id}:{version}"


def _document(row: Document) -> DocumentRecord:
    return DocumentRecord(row["name"], row["title"], row["template"], row["media_type"], row["size"], row["sha256"])
