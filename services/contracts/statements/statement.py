"""Stored statements: what was computed of what, and what each payer owes by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from services.contracts.statements.contents import Content
from shared.ids import derived_id
from shared.store.port import Collection, Document, Index, Query, Scalar, Store

STATEMENTS = Collection(
    "statements",
    (
        Index("place", ("channel", "offering_id", "year", "number")),
        Index("channel", ("channel", "issued_at")),
        Index("provider", ("provider_id", "issued_at")),
    ),
)
SHARES = Collection(
    "statement_shares",
    (
        Index("payer", ("payer", "issued_at")),
        Index("offer", ("payer", "channel", "offering_id", "issued_at")),
        Index("waiting", ("channel", "waits", "issued_at")),
    ),
)
TO_ISSUE: Final = "ISSUE"
TO_DOCUMENT: Final = "DOCUMENTS"
_SUMS: Final = ("contract_cents", "budget_cents", "total_cents")


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    @classmethod
    def _fields(cls, document: Document) -> Document:
        return {"id": document["_id"], **{name: value for name, value in document.items() if name not in {"_id", "rev"}}}


class StoredStatement(_Stored):
    """A statement of an offer in a channel for a calendar year. It is never changed: ``number`` 2 corrects number 1.

    ``given`` is the input, ``result`` the statement itself (cost-statement/1, with ``correction`` from number 2 on).
    """

    id: str
    channel: str
    offering_id: str
    offering_title: str
    provider_id: str
    year: int
    number: int
    hash: str
    previous_hash: str | None
    input_sha256: str
    known_at: str
    contract_cents: int
    budget_cents: int
    total_cents: int
    payers: int
    given: Content
    result: Content
    issued_at: datetime
    issued_by: str

    @classmethod
    def of(cls, document: Document) -> StoredStatement:
        """Return a stored statement."""
        return cls.model_validate(cls._fields(document))

    def document(self) -> Document:
        """Return it as it is stored."""
        return {"_id": self.id, "rev": 1, **self.model_dump(exclude={"id"})}


class Share(_Stored):
    """What a payer owes by a statement. ``lines``: one per pool of an item; ``correction``: what is more or less than before.

    ``waits``: what is still to be done about it, ``TO_ISSUE`` or ``TO_DOCUMENT``.
    """

    id: str
    payer: str
    statement_id: str
    channel: str
    offering_id: str
    offering_title: str
    provider_id: str
    year: int
    number: int
    hash: str
    previous_hash: str | None
    issued_at: datetime
    contract_cents: int
    budget_cents: int
    total_cents: int
    lines: tuple[dict[str, Any], ...]
    correction: dict[str, int] | None
    waits: str | None = None

    @classmethod
    def of(cls, document: Document) -> Share:
        """Return a stored share."""
        return cls.model_validate(cls._fields(document))


def statement_id(channel: str, offering_id: str, year: int, number: int) -> str:
    """Return the id of the n-th statement of an offer in a channel for a year."""
    return derived_id("statement", channel, offering_id, str(year), str(number))


def shares_of(statement: StoredStatement, result: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Document]:
    """Yield the documents of the shares of all payers, in the order of their ids."""
    lines = _lines(result, given)
    corrected = {row["payer"]: row for row in result.get("correction", {}).get("payers", ())}
    head = statement.model_dump(include=set(Share.model_fields) - {"id", "waits", *_SUMS})
    for row in result["payers"]:
        payer = row["payer"]
        more = {name: corrected[payer][name] for name in _SUMS} if payer in corrected else None
        yield {
            "_id": f"{statement.id}:{payer}",
            "rev": 1,
            **head,
            "statement_id": statement.id,
            **row,
            "lines": lines.get(payer, []),
            "correction": more,
            "waits": TO_ISSUE,
        }


def _lines(result: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, list[Document]]:
    """Return the lines of each payer: item, window, key and share with what the cost information says of the item."""
    items = {(version["version"], item["id"]): item for version in given["cost_information"] for item in version["items"]}
    found: dict[str, list[Document]] = {}
    for priced in result["items"]:
        item = items[priced["version"], priced["item"]]
        head = {
            "version": priced["version"],
            "item": priced["item"],
            "kind": item["kind"],
            "label": item["label"],
            "window": priced["window"],
            "key": priced["effective_key"],
            "item_cents": priced["total_cents"],
        }
        for pool in priced["pools"]:
            of_pool = {
                "pool": pool["pool"],
                "pool_share_bp": pool["share_bp"],
                "pool_cents": pool["cents"],
                "settled": pool["settled"],
            }
            for line in pool["lines"]:
                owed = {"share": line["share"], "cents": line["cents"]}
                found.setdefault(line["payer"], []).append({**head, **of_pool, **owed})
    return found


class Statements:
    """All statements."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def find(self, id_: str) -> StoredStatement | None:
        """Return a statement."""
        document = await self.store.get(STATEMENTS, id_)
        return None if document is None else StoredStatement.of(document)

    async def newest(self, channel: str, offering_id: str, year: int) -> StoredStatement | None:
        """Return the statement of a year that was issued last."""
        place: dict[str, Scalar] = {"channel": channel, "offering_id": offering_id, "year": year}
        found = await self.store.find(STATEMENTS, Query("place", place, descending=True, limit=1))
        return StoredStatement.of(found[0]) if found else None

    async def page(self, field: str, value: str, after: tuple[Scalar, ...] | None, limit: int) -> list[StoredStatement]:
        """Return statements by ``channel`` or ``provider_id``, newest first."""
        index = {"channel": "channel", "provider_id": "provider"}[field]
        query = Query(index, {field: value}, descending=True, after=after, limit=limit)
        return [StoredStatement.of(document) for document in await self.store.find(STATEMENTS, query)]

    async def share(self, id_: str, payer: str) -> Share | None:
        """Return the share of a payer in a statement."""
        document = await self.store.get(SHARES, f"{id_}:{payer}")
        return None if document is None else Share.of(document)

    async def shares(self, payer: str, after: tuple[Scalar, ...] | None, limit: int) -> list[Share]:
        """Return the shares of a payer, newest first."""
        query = Query("payer", {"payer": payer}, descending=True, after=after, limit=limit)
        return [Share.of(document) for document in await self.store.find(SHARES, query)]

    async def shares_in(self, payer: str, channel: str, offering_id: str) -> list[Share]:
        """Return the shares of a payer in an offer, newest first."""
        where: dict[str, Scalar] = {"payer": payer, "channel": channel, "offering_id": offering_id}
        query = Query("offer", where, descending=True, limit=200)
        return [Share.of(document) for document in await self.store.find(SHARES, query)]
