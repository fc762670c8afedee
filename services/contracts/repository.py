"""Contracts and number registers in the store. Every reading query names who may see what it finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from datetime import date, datetime
from heapq import merge
from itertools import islice

from services.contracts.domain.contract import Contract, Listed
from services.contracts.domain.transitions import PENDING, Actor, ContractState
from services.contracts.numbering import Number, Register
from shared.aggregate import journal
from shared.aggregate.ledger import aggregate_collection
from shared.errors import NotFoundError
from shared.ids import contract_id
from shared.messages.contracts import Leg
from shared.messages.open_enum import READING
from shared.messages.values import Channel, Role
from shared.process.service import Resources
from shared.store.paging import documents_of, portions
from shared.store.port import PORTION_BYTES, Collection, Document, Index, Query, Save

SERVICE = "contracts"
CONTRACTS = aggregate_collection(
    "contracts",
    journal.index("channel"),
    Index("customer", ("customer_id", "recorded_at")),
    Index("provider", ("provider_id", "recorded_at")),
    Index("channel", ("channel", "recorded_at")),
    Index("register", ("channel", "year", "sequence")),
    Index("offering", ("offering_id", "channel")),
    Index("parent", ("parent",)),
    Index("continues", ("continues",)),
    Index("formed", ("channel", "formed_at")),
    Index("released", ("channel", "released_at")),
    Index("shortened", ("channel", "shortened_at")),
    Index("running", ("channel", "runs_until")),
    Index("customer_state", ("customer_id", "state", "recorded_at")),
    Index("provider_state", ("provider_id", "state", "recorded_at")),
    Index("channel_state", ("channel", "state", "recorded_at")),
)
REGISTERS = Collection("contract_registers")
_OWN = frozenset({"_id", *(field.name for field in fields(Register))})
_LISTED = (*(name for name in Listed.model_fields if name != "id"), "formed_at")
SCAN = 1000


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads: an organisation sees the contracts it is party to, an Anbieter (``channel``) also those of its channel.

    As a party the Anbieter sees a contract by its role alone: not everybody who works there acts as it.
    """

    organisation: str
    channel: Channel | None = None

    def sees(self, document: Document) -> bool:
        """Return whether the contract in a stored document is one of theirs."""
        sides = {document["customer_id"], document.get("grantor_id")} - {document["channel"]}
        if self.organisation in sides | {document["provider_id"]}:
            return True
        return self.channel is not None and self.channel.value == document["channel"]

    def acts_as(self, contract: Contract, roles: AbstractSet[Role]) -> Actor | None:
        """Return as whom they give notice of a contract in these roles, None if they are none of its parties."""
        if self.channel is contract.channel:
            return Actor.ANBIETER
        grantor = Role.BEREITSTELLER if contract.leg is Leg.BEREITSTELLUNG else Role.KUNDE
        if self.organisation == contract.channel.value:
            return None
        if self.organisation == contract.customer.id and Role.KUNDE in roles:
            return Actor.KUNDE
        return Actor.BEREITSTELLER if self.organisation == contract.grantor.id and grantor in roles else None

    def knows_grounds(self, contract: Contract) -> bool:
        """Return whether the grounds of the in-house check are theirs to read: as Kunde or as Anbieter."""
        return self.organisation == contract.customer.id or self.channel is contract.channel


Position = tuple[datetime, str]


def position_of(contract: Listed) -> Position:
    """Return the place of a contract in a list ordered by time of recording."""
    return contract.recorded_at, contract.id


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
        """Return the numbers of those contracts that are decided, None for one that has none and will never have one."""
        numbers: dict[str, Number | None] = {}
        left = sorted(set(ids))
        while left:
            documents, left = await self.store.get_portion(CONTRACTS, left, PORTION_BYTES, only=("year", "sequence", "state"))
            for document_id, document in documents.items():
                if document["state"] in PENDING:
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
        found: dict[str, Contract] = {}
        waiting = sorted(set(ids))
        while waiting:
            query = Query("continues", {"continues": waiting.pop()}, limit=SCAN)
            for document in await self.store.find(CONTRACTS, query):
                if document["_id"] not in found:
                    found[document["_id"]] = self.ledger.state_of(document)
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
        """Return the contracts of one order that the viewer may see, newest first; normally one."""
        documents = await self.store.get_many(CONTRACTS, [contract_id(channel, order_id) for channel in Channel])
        seen = [_listed(document) for document in documents.values() if viewer.sees(document)]
        return sorted(seen, key=position_of, reverse=True)

    async def released(self, channel: Channel, limit: int) -> list[Contract]:
        """Return contracts of a channel that are released and not concluded yet, oldest first."""
        documents = await self.store.find(CONTRACTS, Query("released", {"channel": channel.value}, limit=limit))
        return [self.ledger.state_of(document) for document in documents]

    async def shortened(self, channel: Channel, limit: int) -> list[Contract]:
        """Return contracts of a channel that have lost days and whose dependents were not looked at since, oldest first."""
        documents = await self.store.find(CONTRACTS, Query("shortened", {"channel": channel.value}, limit=limit))
        return [self.ledger.state_of(document) for document in documents]

    async def run_out(self, channel: Channel, today: date, limit: int) -> list[str]:
        """Return ids of contracts of a channel whose last day is over and whose end was not recorded."""
        query = Query("running", {"channel": channel.value}, below=today.isoformat(), limit=limit, only=("runs_until",))
        return [document["_id"] for document in await self.store.find(CONTRACTS, query)]

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

    async def page(self, viewer: Viewer, after: Position | None, limit: int, state: ContractState | None = None) -> list[Listed]:
        """Return up to ``limit`` contracts that the viewer may see, newest first, after a position, in ``state`` if given."""
        scopes: list[tuple[str, str]] = [("customer", viewer.organisation), ("provider", viewer.organisation)]
        if viewer.channel is not None:
            scopes.append(("channel", viewer.channel.value))
        parts = await asyncio.gather(*(self._scope(name, value, after, limit, state) for name, value in scopes))
        newest_first = merge(*parts, key=position_of, reverse=True)
        # Who is party in two roles finds a contract twice.
        return list(islice({contract.id: contract for contract in newest_first}.values(), limit))

    async def sequences(self, channel: Channel, year: int) -> list[int]:
        """Return the numbers in use in one register, ascending."""
        query = Query("register", {"channel": channel.value, "year": year}, limit=SCAN, only=("sequence",))
        return [document["sequence"] async for document in documents_of(self.store, CONTRACTS, query)]

    async def counts(self, channel: Channel) -> tuple[int, int]:
        """Return how many contracts of a channel are concluded and how many refused. Only the concluded are in a register."""
        total = await self.store.count(CONTRACTS, Query("channel", {"channel": channel.value}))
        concluded = await self.store.count(CONTRACTS, Query("register", {"channel": channel.value}))
        pending = await self.store.count(
            CONTRACTS, Query("channel_state", {"channel": channel.value, "state": ContractState.ANGEBOTEN.value})
        )
        return concluded, max(0, total - concluded - pending)

    async def _scope(
        self, index: str, value: str, after: Position | None, limit: int, state: ContractState | None
    ) -> list[Listed]:
        equals = {CONTRACTS.index(index).fields[0]: value}
        if state is not None:
            index, equals = f"{index}_state", equals | {"state": state.value}
        query = Query(index, equals=equals, after=after, descending=True, limit=limit, only=_LISTED)
        return [_listed(document) for document in await self.store.find(CONTRACTS, query)]


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
