"""What reconciliation needs to know of the stores, held small: a few words per aggregate instead of its document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marktplatz.assembly import ServiceName
from marktplatz.recovery.inventory import ServiceStore, documents_of
from services.catalog.repository import OFFERINGS
from services.contracts.domain.contract import ContractState
from services.contracts.repository import CONTRACTS, REGISTERS
from services.eligibility.repository import ORGANISATIONS, VERDICTS
from services.ordering.repository import LISTED_OFFERINGS, ORDERS, RESERVED_FOR
from shared.aggregate import epochs
from shared.messages.values import Channel, OfferingState, OrderState
from shared.store.port import Document

CONTRACTED = frozenset(
    {
        OrderState.VERTRAG_GESCHLOSSEN,
        OrderState.IN_ANBINDUNG,
        OrderState.PRODUKTIV,
        OrderState.GEKUENDIGT,
        OrderState.BEENDET,
    }
)


@dataclass(frozen=True, slots=True)
class OrderFact:
    """A Vorgang. ``check`` counts its checks; ``answered``: the last one has its verdict; ``signed``: a person answers for it."""

    id: str
    number: str
    state: OrderState
    channel: Channel
    check: int
    answered: bool
    requested: bool
    contract_id: str | None
    contract_number: str | None
    signed: bool = False

    @property
    def awaits_verdict(self) -> bool:
        """Whether it waits for the answer of eligibility."""
        return self.takes_verdict and not self.answered

    @property
    def takes_verdict(self) -> bool:
        """Whether a verdict, or a signature under it, would move it on."""
        return self.state is OrderState.INTERESSE_BEKUNDET or (self.state is OrderState.BESTELLT and not self.requested)

    @property
    def awaits_contract(self) -> bool:
        """Whether it waits for its contract processor."""
        return self.state is OrderState.BESTELLT and self.requested


@dataclass(frozen=True, slots=True)
class ContractFact:
    """A contract, concluded or refused."""

    id: str
    order_id: str
    order_number: str
    channel: Channel
    concluded: bool
    number: str | None
    year: int | None
    sequence: int | None


@dataclass(frozen=True, slots=True)
class RegisterFact:
    """A number register of a channel and year."""

    channel: Channel
    year: int
    last: int
    allotted: Mapping[str, int]
    free: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class VerdictFact:
    """The last verdict on a Vorgang: of which check, and whether a person has signed it off."""

    check: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """An offer as its owner or as ordering has it."""

    title: str
    version: int
    state: OfferingState


@dataclass(frozen=True, slots=True)
class Sequence:
    """How far an aggregate's events go, and how many of them wait in its outbox since when. ``told``: its topic must hold it.

    Events up to ``sequence_base`` are of an earlier epoch: the number was raised, they were never sent under it.
    """

    collection: str
    seq: int
    waiting: int
    since: datetime | None
    told: bool
    sequence_base: int = 0


@dataclass(slots=True)
class StoreFacts:
    """The stores of all services."""

    orders: dict[str, OrderFact] = field(default_factory=dict)
    contracts: dict[str, ContractFact] = field(default_factory=dict)
    registers: list[RegisterFact] = field(default_factory=list)
    verdicts: dict[str, VerdictFact] = field(default_factory=dict)
    offerings: dict[str, Listing] = field(default_factory=dict)
    listed: dict[str, Listing] = field(default_factory=dict)
    sequences: dict[tuple[str, str], Sequence] = field(default_factory=dict)
    """By service and id of the aggregate: together the source of its events."""


async def read_stores(stores: Mapping[ServiceName, ServiceStore]) -> StoreFacts:
    """Read all stores through. Raises StoreUnavailableError."""
    facts = StoreFacts()
    takes = {
        ORDERS: _order,
        CONTRACTS: _contract,
        REGISTERS: _register,
        VERDICTS: _verdict,
        OFFERINGS: _offering,
        LISTED_OFFERINGS: _listed,
    }
    for name, service_store in stores.items():
        ledgers = {ledger.collection for ledger in service_store.service.ledgers}
        sequence_base = await epochs.recorded_sequence_base(service_store.store)
        for collection in service_store.service.collections:
            take = takes.get(collection)
            if take is None and collection not in ledgers:
                continue
            async for document in documents_of(service_store.store, collection):
                if collection == ORDERS and RESERVED_FOR in document:
                    continue
                if take is not None:
                    take(facts, document)
                if collection in ledgers and document["seq"]:
                    told = collection == ORGANISATIONS or (collection == OFFERINGS and document["_id"] in facts.offerings)
                    facts.sequences[name.value, document["_id"]] = _sequence(
                        collection.name, document, told=told, sequence_base=sequence_base
                    )
    return facts


def _sequence(collection: str, document: Document, *, told: bool, sequence_base: int) -> Sequence:
    return Sequence(collection, document["seq"], len(document["outbox"]), document["pending_since"], told, sequence_base)


def _order(facts: StoreFacts, document: Document) -> None:
    facts.orders[document["_id"]] = OrderFact(
        id=document["_id"],
        number=document["number"],
        state=OrderState.read(document["state"]),
        channel=Channel.read(document["channel"]),
        check=document["check"],
        answered=document["verdict_at"] is not None,
        requested=document["contract_requested_at"] is not None,
        contract_id=document["contract_id"],
        contract_number=document["contract_number"],
        signed=document["signed_off_by"] is not None,
    )


def _contract(facts: StoreFacts, document: Document) -> None:
    facts.contracts[document["_id"]] = ContractFact(
        id=document["_id"],
        order_id=document["order_id"],
        order_number=document["order_number"],
        channel=Channel.read(document["channel"]),
        concluded=document["state"] == ContractState.GESCHLOSSEN,
        number=document["number"],
        year=document["year"],
        sequence=document["sequence"],
    )


def _register(facts: StoreFacts, document: Document) -> None:
    facts.registers.append(
        RegisterFact(
            Channel.read(document["channel"]), document["year"], document["last"], document["allotted"], tuple(document["free"])
        )
    )


def _verdict(facts: StoreFacts, document: Document) -> None:
    last = document["checks"][-1]
    facts.verdicts[document["_id"]] = VerdictFact(last["number"], last["sign_off"] is not None)


def _offering(facts: StoreFacts, document: Document) -> None:
    if document["published_at"] is not None:
        facts.offerings[document["_id"]] = _listing(document, document["form"]["title"])


def _listed(facts: StoreFacts, document: Document) -> None:
    facts.listed[document["_id"]] = _listing(document, document["title"])


def _listing(document: Document, title: Any) -> Listing:  # noqa: ANN401 - a value of a document
    return Listing(str(title), document["version"], OfferingState.read(document["state"]))
