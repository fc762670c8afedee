"""Aggregates for the simulation: an order that asks for its contract once, and an offer that is switched off and on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from shared.aggregate.base import Aggregate
from shared.aggregate.ledger import Ledger, aggregate_collection
from shared.aggregate.outgoing import Publisher
from shared.errors import NotFoundError
from shared.messages import catalog
from shared.messages.base import Message
from shared.messages.contracts import ContractConcluded
from shared.messages.ordering import OrderContracted
from shared.messages.values import OfferingState, OrderState
from shared.store.port import Store
from tests.support.builders.events import offering
from tests.support.contract_requests import order_id, request

ORDERS = aggregate_collection("orders")
OFFERINGS = aggregate_collection("offerings")
MOVES: frozenset[tuple[str | None, str]] = frozenset(
    {(None, OrderState.BESTELLT.value), (OrderState.BESTELLT.value, OrderState.VERTRAG_GESCHLOSSEN.value)}
)


class Order(Aggregate):
    """An order; the contract is told once for each event that tells of it: whoever applies an event twice is seen."""

    name: str
    state: OrderState = OrderState.BESTELLT
    number: str | None = None

    def conclude(self, reported: ContractConcluded, at: datetime) -> list[Message]:
        """Record the contract."""
        self.state, self.number = OrderState.VERTRAG_GESCHLOSSEN, reported.contract.number
        head = request(self.name).order.model_copy(update={"state": self.state})
        return [OrderContracted(order=head, at=at, contract_id=reported.contract.id, contract_number=self.number)]


class Offer(Aggregate):
    """An offer with its state only."""

    suspended: bool = False

    def event(self) -> catalog.OfferingRestated:
        """Return its full state."""
        state = OfferingState.AUSGESETZT if self.suspended else OfferingState.VEROEFFENTLICHT
        return catalog.OfferingRestated(offering=offering(state).model_copy(update={"id": self.id}))


def orders(store: Store, publisher: Publisher, clock: Callable[[], datetime]) -> Ledger[Order]:
    """Return the ledger of orders."""
    return Ledger(service="ordering", state_type=Order, collection=ORDERS, store=store, publisher=publisher, clock=clock)


def offers(store: Store, publisher: Publisher, clock: Callable[[], datetime], *, restate: bool) -> Ledger[Offer]:
    """Return the ledger of offers, whose topic is compacted."""
    return Ledger(
        service="catalog",
        state_type=Offer,
        collection=OFFERINGS,
        store=store,
        publisher=publisher,
        clock=clock,
        restate=(lambda offer: [offer.event()]) if restate else None,
    )


def place(name: str) -> Callable[[Order | None], tuple[Order, Sequence[Message]]]:
    """Return the decision to order, which asks for a contract."""

    def decide(order: Order | None) -> tuple[Order, Sequence[Message]]:
        return (order, []) if order is not None else (Order(id=order_id(name), name=name), [request(name)])

    return decide


def concluded(reported: ContractConcluded, at: datetime) -> Callable[[Order | None], tuple[Order, Sequence[Message]]]:
    """Return the decision to record a contract."""

    def decide(order: Order | None) -> tuple[Order, Sequence[Message]]:
        if order is None:
            raise NotFoundError("There is no such order.")
        return order, order.conclude(reported, at)

    return decide


def switch(offer_id: str) -> Callable[[Offer | None], tuple[Offer, Sequence[Message]]]:
    """Return the decision to switch an offer off, or on again."""

    def decide(offer: Offer | None) -> tuple[Offer, Sequence[Message]]:
        switched = Offer(id=offer_id, suspended=offer is not None and not offer.suspended)
        return switched, [switched.event()]

    return decide
