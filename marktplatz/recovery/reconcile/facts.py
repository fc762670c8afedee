"""What the stores of all services state, put together: a few words per aggregate instead of its document."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from marktplatz.recovery.stores import ServiceStore, Stores
from services.catalog.facts import CountedFact, OfferingFact, ProvidedFact, UnpublishedOfferFact
from services.contracts.facts import AccessionFact, ContractFact, OfferedFact, ProvisionFact, RegisterFact
from services.eligibility.facts import ContentsFact, VerdictFact
from services.ordering.facts import ListedOfferingFact, OrderFact, ParticipationFact, PlaceFact
from shared.aggregate import epochs
from shared.aggregate.stored import stored_events
from shared.store.paging import scanned
from shared.store.port import Collection, Document


@dataclass(frozen=True, slots=True)
class Sequence:
    """How far an aggregate's events go, and how many of them wait in its outbox since when.

    ``retained``: a compacted topic must hold its state. Events up to ``sequence_base`` are of an earlier epoch: the number was
    raised, they were never sent under it. ``removed``: such a topic must hold nothing of it but, for a while, its tombstone.
    """

    collection: str
    seq: int
    waiting: int
    since: datetime | None
    retained: bool
    sequence_base: int = 0
    removed: bool = False


@dataclass(slots=True)
class StoreFacts:
    """The stores of all services. ``places`` holds the ids of the Vorgänge that have a reserved place.

    ``participations`` says which Klient finds which Vorgang: ids of the Vorgang and the Klient.
    ``counted`` are the contracts and accessions by which the catalog counts who reuses an offer.
    ``waiting`` are ids of offers that were never public and wait for a Bereitstellungsvertrag; ``provisions`` are such contracts,
    ``provided`` what the catalog knows of them. ``offered`` are ids of contracts that are not decided yet; ``unjudged`` those of
    contracts that wait, or of which a change waits, for the verdicts on awards.
    """

    orders: dict[str, OrderFact] = field(default_factory=dict)
    places: set[str] = field(default_factory=set)
    participations: set[tuple[str, str]] = field(default_factory=set)
    contracts: dict[str, ContractFact] = field(default_factory=dict)
    provisions: dict[str, ProvisionFact] = field(default_factory=dict)
    accessions: dict[str, AccessionFact] = field(default_factory=dict)
    registers: list[RegisterFact] = field(default_factory=list)
    verdicts: dict[str, VerdictFact] = field(default_factory=dict)
    offerings: dict[str, OfferingFact] = field(default_factory=dict)
    provided: list[ProvidedFact] = field(default_factory=list)
    offered: set[str] = field(default_factory=set)
    unjudged: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    counted: list[CountedFact] = field(default_factory=list)
    listed: dict[str, ListedOfferingFact] = field(default_factory=dict)
    sequences: dict[tuple[str, str], Sequence] = field(default_factory=dict)
    """By service and id of the aggregate: together the source of its events."""

    def add(self, fact: object) -> None:
        """Add a fact of any service. Raises TypeError for a kind of fact that no rule compares."""
        match fact:
            case OrderFact():
                self.orders[fact.id] = fact
            case ContractFact() | ProvisionFact() | OfferedFact() | AccessionFact():
                self._add_contract(fact)
            case RegisterFact():
                self.registers.append(fact)
            case VerdictFact():
                self.verdicts[fact.order_id] = fact
            case OfferingFact() | UnpublishedOfferFact():
                self._add_offer(fact)
            case PlaceFact() | ParticipationFact():
                self._mark(fact)
            case CountedFact():
                self.counted.append(fact)
            case ListedOfferingFact():
                self.listed[fact.id] = fact
            case ContentsFact() | None:  # contents are compared with their files (``named_contents``)
                return
            case _:
                raise TypeError(f"reconciliation compares no {type(fact).__name__}")

    def _add_contract(self, fact: ContractFact | ProvisionFact | OfferedFact | AccessionFact) -> None:
        match fact:
            case ContractFact():
                self.contracts[fact.id] = fact
            case ProvisionFact():
                self.provisions[fact.id] = fact
            case OfferedFact():
                self.offered.add(fact.id)
            case AccessionFact():
                self.accessions[fact.id] = fact
        if not isinstance(fact, AccessionFact) and fact.awaits_check:
            self.unjudged.add(fact.id)

    def _add_offer(self, fact: OfferingFact | UnpublishedOfferFact) -> None:
        self.provided += fact.provided
        if isinstance(fact, OfferingFact):
            self.offerings[fact.id] = fact
        elif fact.waits:
            self.waiting.add(fact.id)

    def _mark(self, fact: PlaceFact | ParticipationFact) -> None:
        if isinstance(fact, PlaceFact):
            self.places.add(fact.order_id)
        else:
            self.participations.add((fact.order_id, fact.klient))


async def read_stores(stores: Stores) -> StoreFacts:
    """Read all stores through. Raises StoreUnavailableError."""
    facts = StoreFacts()
    for service_store in stores.values():
        sequence_base = await epochs.recorded_sequence_base(service_store.store)
        for collection in service_store.service.collections:
            await _read(facts, service_store, collection, sequence_base)
    return facts


async def _read(facts: StoreFacts, held: ServiceStore, collection: Collection, sequence_base: int) -> None:
    fact_of = held.service.facts.get(collection)
    is_ledger = any(ledger.collection == collection for ledger in held.service.ledgers)
    if fact_of is None and not is_ledger:
        return
    async for page in scanned(held.store, collection):
        for document in page:
            fact = None if fact_of is None else fact_of(document)
            facts.add(fact)
            if is_ledger and not isinstance(fact, PlaceFact):
                _add_sequence(facts, held, collection, document, sequence_base)


def _add_sequence(facts: StoreFacts, held: ServiceStore, collection: Collection, document: Document, sequence_base: int) -> None:
    events = stored_events(document)
    if events.seq:
        republisher = held.republisher(collection)
        retained = republisher is not None and republisher.retains(document)
        removed = republisher is not None and republisher.has_removed(document)
        facts.sequences[held.service.name, document["_id"]] = Sequence(
            collection.name, events.seq, events.waiting, events.since, retained, sequence_base, removed
        )
