"""The port: all that the services need of a store, and nothing more.

A document is a dictionary with a text ``_id``: JSON values plus aware UTC datetimes of millisecond precision
(the BSON types that every adapter keeps alike). Integers fit into 64 bits; keys hold no dot and do not begin with ``$``.
Enums, dates and tuples are stored as value, ISO 8601 text and list; anything else raises InvalidDocumentError, a ValueError.
Top-level keys that begin with ``_`` belong to the adapters, except ``_id``.
A document that is saved with a guard carries an integer ``rev``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Document = dict[str, Any]
Scalar = str | int | bool | datetime

PORTION_BYTES = 8 * 1024 * 1024
"""How much BSON is worked on at once, where the number of documents does not bound it; decoded it takes several times that."""


@dataclass(frozen=True, slots=True)
class Index:
    """A declared index over top-level scalar fields, in this order. Only declared indexes can be queried.

    A document in which a field of the index is missing or None is not found by that index. A field holds values of one kind:
    text, integers, booleans or datetimes. Text is ordered by its UTF-8 bytes.
    """

    name: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection with its indexes. Each service declares its own; names are unique inside one database.

    Names of collections and fields are ASCII letters, digits and underscores. Raises ValueError for others.
    """

    name: str
    indexes: tuple[Index, ...] = ()

    def __post_init__(self) -> None:
        for name in (self.name, *(name for index in self.indexes for name in index.fields)):
            if not (name.isascii() and name.isidentifier()):
                raise ValueError(f"collection {self.name!r}: {name!r} is no name of ASCII letters, digits and underscores")

    def index(self, name: str) -> Index:
        """Return the declared index of that name. Raises KeyError."""
        for index in self.indexes:
            if index.name == name:
                return index
        raise KeyError(f"collection {self.name} declares no index {name}")


@dataclass(frozen=True, slots=True)
class Query:
    """A find by declared index, in the order of the index's fields, then ``_id``.

    ``equals`` fixes a leading part of the index's fields. ``at_least`` (inclusive) and ``below`` (exclusive) bound the next
    field. ``after`` is a keyset position: the values of the index's fields that are not fixed, then the ``_id``, of the last
    document seen. ``descending`` turns the whole order round.
    So that a list need not load whole documents, ``only`` names all that is returned of them beside ``_id``: fields, or parts of
    documents in them as dotted paths (through a list: the parts of its documents). ``without`` names top-level fields that are
    left out instead.
    """

    index: str
    equals: Mapping[str, Scalar] = field(default_factory=dict)
    at_least: Scalar | None = None
    below: Scalar | None = None
    after: tuple[Scalar, ...] | None = None
    descending: bool = False
    limit: int = 100
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of what a query finds, as much as a bound in bytes allows. ``cut``: the bound ended it, there are more."""

    documents: list[Document]
    cut: bool


@dataclass(frozen=True, slots=True)
class Save:
    """A whole-document replacement, valid only if the stored document has revision ``expected_rev``."""

    document: Document
    expected_rev: int


class Store(Protocol):
    """One database. Every method raises StoreUnavailableError when the store does not answer; a write may then have happened."""

    async def prepare(self, collections: Sequence[Collection]) -> None:
        """Create what is missing (collections, indexes); safe to run at each start and by several processes at once.

        Raises StoreUnfitError, naming what the server lacks, if a start-up probe fails.
        """

    async def get(self, collection: Collection, document_id: str) -> Document | None:
        """Return one document or None."""

    async def get_many(self, collection: Collection, ids: Sequence[str]) -> dict[str, Document]:
        """Return the documents that exist, by id: for a few, since nothing bounds their bytes."""

    async def get_portion(
        self, collection: Collection, ids: Sequence[str], most_bytes: int, only: tuple[str, ...] = ()
    ) -> tuple[dict[str, Document], list[str]]:
        """Return the documents that exist among the first of these ids, and the ids not looked for yet.

        It ends with the document that reaches ``most_bytes`` of BSON, so one is always looked for. ``only`` as in a query.
        """

    async def insert_many(self, collection: Collection, documents: Sequence[Document]) -> set[str]:
        """Insert those whose ``_id`` is free and return their ids; the others stay as they are."""

    async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
        """Replace documents under their guards; return the ids that conflicted (other revision, or absent). Ids are distinct."""

    async def find(self, collection: Collection, query: Query) -> list[Document]:
        """Return documents by a declared index. Raises ValueError for a query that the index cannot answer."""

    async def find_portion(self, collection: Collection, query: Query, most_bytes: int) -> Portion:
        """Return what a query finds as ``find`` does, up to the document that reaches ``most_bytes`` of BSON."""

    async def scan(self, collection: Collection, after: str | None = None, limit: int = 500) -> list[Document]:
        """Return documents in the order of their ``_id``, from the one after ``after`` on, each as it is at that moment.

        Fewer than ``limit`` if they are large (``PORTION_BYTES``); none only at the end.
        For work over a whole collection (backup, comparison), not for requests. Raises ValueError for a limit below 1.
        """

    async def count(self, collection: Collection, query: Query) -> int:
        """Return how many documents a query finds, whatever its ``limit``. Raises ValueError as ``find``.

        Its cost grows with the number counted, by one entry of the index each: for measuring, in requests only what is
        few by its nature.
        """

    async def delete(self, collection: Collection, ids: Sequence[str]) -> int:
        """Delete documents and return how many existed."""

    async def ping(self) -> None:
        """Return if the store answers."""

    async def close(self) -> None:
        """Release connections and files."""
