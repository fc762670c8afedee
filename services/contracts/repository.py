"""Contracts and number registers in the store. Every reading query names who may see what it finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import pairwise

from services.contracts.domain.contract import Contract, Listed
from services.contracts.domain.transitions import BINDING, PENDING, ContractState
from services.contracts.merged_list import Listing, Position, merged, portions_of
from services.contracts.narrowing import LIST_INDEXES, ContractFilter, Viewer, position_of
from services.contracts.numbering import Number, Register
from shared.aggregate import journal
from shared.aggregate.ledger import aggregate_collection
from shared.errors import NotFoundError
from shared.messages.contracts import Leg
from shared.messages.open_enum import READING
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.paging import documents_of, portions
from shared.store.port import PORTION_BYTES, Collection, Document, Index, Query, Save

SERVICE = "contracts"
CONTRACTS = aggregate_collection(
    "contracts",
    journal.index("channel"),
    *LIST_INDEXES,
    Index("register", ("channel", "year", "sequence")),
    Index("offering", ("offering_id", "channel")),
    Index("offering_leg", ("offering_id", "channel", "leg")),
    Index("customer_offering", ("customer_id", "offering_id", "channel")),
    Index("order", ("order_id",)),
    Index("parent", ("parent",)),
    Index("continues", ("continues",)),
    Index("released", ("channel", "released_at")),
    Index("shortened", ("channel", "shortened_at")),
    Index("announcing", ("channel", "announcing_at")),
    Index("running", ("channel", "runs_until")),
    Index("undocumented", ("channel", "undocumented_at")),
)
REGISTERS = Collection("contract_registers")
_OWN = frozenset({"_id", *(field.name for field in fields(Register))})
_LISTED = (*(name for name in Listed.model_fields if name != "id"), "formed_at", "customer_id", "provider_id", "grantor_id")
SCAN = 1000
LOOKED_AT = 5000
"""Contracts of one part that a page looks at, at most, for those that its filter lets pass."""
_STEP = 500
_PORTION = 200
_BELOW = dict(pairwise((Leg.BEREITSTELLUNG, Leg.NACHNUTZUNG, Leg.SUB_NACHNUTZUNG, Leg.SUB_SUB_NACHNUTZUNG)))
"""Which leg rests on which."""
PAGE = 100


@dataclass(frozen=True, slots=True)
class Stored:
    """A contract as it lies in the store."""

    contract: Contract
    rev: int


class Contracts:
    """All contracts of all channels."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store
        self.ledger = resources.ledger(Contract, CONTRACTS, service=SERVICE, journal=True)

    async def numbers_of(self, ids: Iterable[str]) -> dict[str, Number | None]:
        """Return the numbers of those contracts that are decided, None for one that has none and will never have one.

        A Bereitstellungsvertrag that an order presupposed is left out while its number is still to come.
        """
        numbers: dict[str, Number | None] = {}
        left = sorted(set(ids))
        while left:
            documents, left = await self.store.get_portion(
                CONTRACTS, left, PORTION_BYTES, only=("year", "sequence", "state", "leg", "number")
            )
            for document_id, document in documents.items():
                if document["state"] in PENDING or _unnumbered(document):
                    continue
                number = None if document["sequence"] is None else Number(document["year"], document["sequence"])
                numbers[document_id] = number
        return numbers

    async def of_ids(self, ids: Iterable[str]) -> dict[str, Contract]:
        """Return those contracts that exist, by id."""
        found: dict[str, Contract] = {}
        left = sorted(set(ids))
        while left:
            documents, left = await self.store.get_portion(CONTRACTS, left, PORTION_BYTES)
            found |= {key: self.ledger.state_of(document) for key, document in documents.items()}
        return found

    async def continuing(self, ids: Iterable[str]) -> dict[str, Contract]:
        """Return all contracts that continue others in time, directly or one after the other, by id."""
        return {name: self.ledger.state_of(document) for name, document in (await self._continuing(ids)).items()}

    async def _continuing(self, ids: Iterable[str], only: tuple[str, ...] = ()) -> dict[str, Document]:
        found: dict[str, Document] = {}
        waiting = sorted(set(ids))
        while waiting:
            query = Query("continues", {"continues": waiting.pop()}, limit=SCAN, only=only)
            for document in await self.store.find(CONTRACTS, query):
                if document["_id"] not in found:
                    found[document["_id"]] = document
                    waiting.append(document["_id"])
        return found

    async def find(self, viewer: Viewer, document_id: str) -> Stored | None:
        """Return one contract if the viewer may see it."""
        found = await self.ledger.find(document_id, viewer.sees)
        return None if found is None else Stored(*found)

    async def require_of_channel(self, contract_id: str, channel: Channel | None) -> None:
        """Return if there is such a contract of a channel. Raises NotFoundError."""
        if channel is None or not await self.ledger.is_visible(contract_id, lambda it: it["channel"] == channel.value):
            raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)

    async def of_order(self, viewer: Viewer, order_id: str) -> list[Listed]:
        """Return the contracts of one order, and those that follow them, that the viewer may see, newest first."""
        documents = await self.store.find(CONTRACTS, Query("order", {"order_id": order_id}, limit=SCAN, only=_LISTED))
        shown = {document["_id"]: document for document in documents if viewer.sees(document)}
        # What follows a contract is looked for behind those shown alone: a hidden one costs what none costs.
        shown |= {name: it for name, it in (await self._continuing(shown, _LISTED)).items() if viewer.sees(it)}
        return sorted(map(_listed, shown.values()), key=position_of, reverse=True)

    async def released(self, channel: Channel, limit: int) -> list[Contract]:
        """Return contracts of a channel that are released and not concluded yet, oldest first."""
        documents = await self.store.find(CONTRACTS, Query("released", {"channel": channel.value}, limit=limit))
        return [self.ledger.state_of(document) for document in documents]

    async def shortened(self, channel: Channel, limit: int) -> list[Contract]:
        """Return contracts of a channel that have lost days and whose dependents were not looked at since, oldest first."""
        documents = await self.store.find(CONTRACTS, Query("shortened", {"channel": channel.value}, limit=limit))
        return [self.ledger.state_of(document) for document in documents]

    async def announcing(self, channel: Channel, limit: int) -> list[Contract]:
        """Return contracts of a channel with new prices that those below do not know yet, oldest first."""
        documents = await self.store.find(CONTRACTS, Query("announcing", {"channel": channel.value}, limit=limit))
        return [self.ledger.state_of(document) for document in documents]

    async def undocumented(self, channel: Channel) -> AsyncIterator[list[Document]]:
        """Yield the contracts of a channel that lack documents as they are stored, in portions."""
        query = Query("undocumented", {"channel": channel.value}, limit=PAGE)
        async for portion in portions(self.store, CONTRACTS, query, PORTION_BYTES):
            yield portion.documents

    async def of_channel(self, channel: Channel) -> AsyncIterator[list[Document]]:
        """Yield all contracts of a channel as they are stored, in portions."""
        for index in ("channel", "formed"):
            query = Query(index, {"channel": channel.value}, limit=PAGE)
            async for portion in portions(self.store, CONTRACTS, query, PORTION_BYTES):
                yield portion.documents

    async def run_out(self, channel: Channel, today: date, limit: int) -> list[str]:
        """Return ids of contracts of a channel whose last day is over and whose end was not recorded."""
        query = Query("running", {"channel": channel.value}, below=today.isoformat(), limit=limit, only=("runs_until",))
        return [document["_id"] for document in await self.store.find(CONTRACTS, query)]

    async def ending(self, channel: Channel, before: date) -> AsyncIterator[list[Contract]]:
        """Yield contracts of a channel that run and have a last day before ``before``, in portions, the first ones first."""
        query = Query("running", {"channel": channel.value}, below=before.isoformat(), limit=PAGE)
        async for portion in portions(self.store, CONTRACTS, query, PORTION_BYTES):
            yield [self.ledger.state_of(document) for document in portion.documents]

    async def resting_on(self, contract: Contract) -> AsyncIterator[list[Contract]]:
        """Yield the contracts that name one as their parent, in portions.

        All that rests on a Bereitstellungsvertrag is of its offer and channel, also what 0.1.0 stored without a parent.
        """
        query = Query("parent", {"parent": contract.id}, limit=SCAN)
        if contract.leg is Leg.BEREITSTELLUNG:
            query = Query("offering", {"offering_id": contract.offering_id, "channel": contract.channel.value}, limit=SCAN)
        async for portion in portions(self.store, CONTRACTS, query, PORTION_BYTES):
            found = [self.ledger.state_of(document) for document in portion.documents]
            yield [resting for resting in found if resting.parent == contract.id]

    async def resting_on_all(self, level: Sequence[Contract]) -> list[Contract]:
        """Return the contracts that name one of a level as their parent: contracts of one leg, offer and channel.

        Asked once for the level, and read in full are only those that rest on it.
        """
        first, ids = level[0], {contract.id for contract in level}
        below = _BELOW.get(first.leg)
        if below is None:
            return []
        if len(level) == 1:
            return [resting async for portion in self.resting_on(first) for resting in portion]
        where = {"offering_id": first.offering_id, "channel": first.channel.value, "leg": below.value}
        query = Query("offering_leg", where, limit=SCAN, only=("parent",))
        found = [it["_id"] async for it in documents_of(self.store, CONTRACTS, query) if it.get("parent") in ids]
        return list((await self.of_ids(found)).values())

    async def taking_part(self, customer: str, offering_id: str, channel: Channel) -> AsyncIterator[Contract]:
        """Yield the contracts of a Kunde about an offer through a channel."""
        where = {"customer_id": customer, "offering_id": offering_id, "channel": channel.value}
        async for document in documents_of(self.store, CONTRACTS, Query("customer_offering", where, limit=PAGE)):
            yield self.ledger.state_of(document)

    async def page(self, viewer: Viewer, after: Position | None, limit: int, only: ContractFilter) -> Listing[Listed]:
        """Return up to ``limit`` contracts that the viewer may see, newest first, after a position.

        Fewer may be returned though there are more: no more than ``LOOKED_AT`` of each part are looked at.
        """
        parts = await asyncio.gather(*(self._part(viewer, *part, after, limit, only) for part in only.parts(viewer)))
        return merged(parts, position_of, limit)

    def whole(self, viewer: Viewer, only: ContractFilter) -> AsyncIterator[list[Listed]]:
        """Yield all contracts that the viewer may see and that are asked for, as ``page`` does, in portions."""
        return portions_of(lambda after: self.page(viewer, after, _PORTION, only))

    async def _part(
        self,
        viewer: Viewer,
        index: str,
        equals: dict[str, str],
        after: Position | None,
        limit: int,
        only: ContractFilter,
    ) -> Listing[Listed]:
        """Return what one index finds of a page."""
        found: list[Listed] = []
        looked_at = 0
        while len(found) < limit and looked_at < LOOKED_AT:
            step = limit if only.by_index else max(limit, _STEP)
            query = Query(index, equals, after=after, descending=True, limit=step, only=_LISTED)
            documents = await self.store.find(CONTRACTS, query)
            read = [_listed(document) for document in documents if viewer.sees(document)]
            found += [it for it in read if only.passes(it, viewer)]
            if len(documents) < step:
                return Listing(found, None)
            last = _listed(documents[-1])
            after = position_of(last)
            looked_at += step
        return Listing(found, after)

    async def sequences(self, channel: Channel, year: int) -> list[int]:
        """Return the numbers in use in one register, ascending."""
        query = Query("register", {"channel": channel.value, "year": year}, limit=SCAN, only=("sequence",))
        return [document["sequence"] async for document in documents_of(self.store, CONTRACTS, query)]

    async def counts(self, channel: Channel) -> tuple[int, int]:
        """Return how many contracts of a channel are concluded with a number of the register, and how many were refused."""
        refused = {"channel": channel.value, "state": ContractState.ABGELEHNT.value}
        queries = (
            Query("register", {"channel": channel.value}),
            Query("channel_state", refused),
            Query("formed_state", refused),
        )
        concluded, of_orders, formed = [await self.store.count(CONTRACTS, query) for query in queries]
        return concluded, of_orders + formed


class Registers:
    """The number registers, one document per channel and year."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store

    async def read(self, channel: Channel, years: Iterable[int]) -> dict[int, Register]:
        """Return the registers by year; one that was never used is empty, with revision 0."""
        empty = {year: Register(channel, year) for year in years}
        documents = await self.store.get_many(REGISTERS, [register.id for register in empty.values()])
        return {year: _register(documents[blank.id]) if blank.id in documents else blank for year, blank in empty.items()}

    async def save(self, registers: Sequence[Register]) -> bool:
        """Save each under the revision it was read with; return False if another processor was faster with one of them."""
        new = [_document(register) for register in registers if register.rev == 0]
        known = [Save(_document(register), expected_rev=register.rev) for register in registers if register.rev > 0]
        inserted = await self.store.insert_many(REGISTERS, new) if new else set()
        conflicts = await self.store.save_many(REGISTERS, known) if known else set()
        return len(inserted) == len(new) and not conflicts


def _unnumbered(document: Document) -> bool:
    """Return whether a stored contract is a binding Bereitstellungsvertrag whose number is still to come."""
    root = document.get("leg") == Leg.BEREITSTELLUNG and document["state"] in BINDING
    return root and document.get("number") is None


def _listed(document: Document) -> Listed:
    return Listed.model_validate({**document, "id": document["_id"]}, extra="ignore", context=READING)


def _register(document: Document) -> Register:
    return Register(
        channel=Channel.read(document["channel"]),
        year=document["year"],
        rev=document["rev"],
        last=document["last"],
        allotted=document["allotted"],
        free=tuple(document["free"]),
        unknown_fields={name: value for name, value in document.items() if name not in _OWN},
    )


def _document(register: Register) -> Document:
    return {
        **register.unknown_fields,
        "_id": register.id,
        "rev": register.rev + 1,
        "channel": register.channel.value,
        "year": register.year,
        "last": register.last,
        "allotted": dict(register.allotted),
        "free": list(register.free),
    }
