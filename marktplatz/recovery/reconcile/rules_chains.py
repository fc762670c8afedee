"""The rules of reconciliation over chains of contracts: what catalog, contracts and ordering each state of the same contract."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from marktplatz.recovery.reconcile.differences import Difference, Kind
from marktplatz.recovery.reconcile.facts import StoreFacts
from services.catalog.domain.provision import ProvisionState
from services.catalog.facts import ProvidedFact
from services.contracts.domain.transitions import BINDING, DEAD, ContractState
from services.contracts.facts import ContractFact, ProvisionFact
from services.ordering.facts import OrderFact
from shared.messages.contracts import Leg
from shared.messages.values import OrderState

_ENDS = frozenset({OrderState.GEKUENDIGT, OrderState.BEENDET})


def within_chains(facts: StoreFacts) -> Iterator[Difference]:
    """Yield where the catalog or ordering states another contract, number, state or last day than contracts."""
    known = {provided.contract_id: provided for provided in facts.provided}
    for provided in facts.provided:
        yield from _provided(provided, facts)
    listed = {contract_id for offering in facts.offerings.values() for contract_id in offering.listed}
    places = {(provided.offering_id, provided.channel): provided for provided in facts.provided}
    for root in facts.provisions.values():
        if root.leg == Leg.BEREITSTELLUNG and root.state in BINDING:
            yield from _root(root, known.keys() | listed, places.get((root.offering_id, root.channel)))
    for order in facts.orders.values():
        contract = facts.contracts.get(order.contract_id or "") or facts.provisions.get(order.contract_id or "")
        if order.contracted and contract is not None and contract.concluded:
            yield from _end_of_order(order, contract, facts)
    for following in facts.provisions.values():
        yield from _succession(following, facts.orders.get(following.order_id or ""))
    for contract_id in facts.unjudged:
        text = f"contract {contract_id}, or a change of it, waits for the in-house check of its awards"
        yield Difference(Kind.AWARDS_DUE, {"contract_id": contract_id}, text)


def _provided(provided: ProvidedFact, facts: StoreFacts) -> Iterator[Difference]:
    """What the catalog states of a Bereitstellungsvertrag, held against the contract."""
    root, what = facts.provisions.get(provided.contract_id), f"the offer {provided.offering_id} through {provided.channel.value}"
    if provided.state is ProvisionState.GESCHLOSSEN:
        if root is None or root.state not in BINDING:
            text = f"{what} rests on contract {provided.number or provided.contract_id}, which contracts does not have"
            yield _of_provision(Kind.PROVISION_MISSING, provided, text)
        elif root.number is not None and root.number != provided.number:
            text = f"{what} names contract {provided.number}, contracts has {root.number}"
            yield _of_provision(Kind.PROVISION_DIFFERS, provided, text, contract_number=root.number)
    elif provided.state is ProvisionState.ANGEFRAGT:
        if root is not None:
            outcome = "a refusal" if root.state in DEAD else f"contract {root.number or root.id}"
            text = f"{what} waits for its Bereitstellungsvertrag; contracts has {outcome}"
            yield _of_provision(Kind.PROVISION_NOT_RECORDED, provided, text)
        elif provided.contract_id not in facts.offered:
            text = f"{what} waits for its Bereitstellungsvertrag, of which contracts knows nothing"
            yield _of_provision(Kind.PROVISION_DUE, provided, text)


def _root(root: ProvisionFact, known: Collection[str], provided: ProvidedFact | None) -> Iterator[Difference]:
    """A binding Bereitstellungsvertrag, or one that follows it, held against what the catalog knows of it."""
    ids = {"contract_id": root.id, "contract_number": root.number or "", "offering_id": root.offering_id}
    name = root.number or root.id
    if root.continues is None and root.number is not None and root.id not in known:
        text = f"contracts has {name} for the offer {root.offering_id}, of which the catalog knows nothing"
        yield Difference(Kind.PROVISION_UNKNOWN, ids, text)
    elif provided is not None and provided.state is ProvisionState.GESCHLOSSEN and root.last_day != provided.ends.get(root.id):
        stated = provided.ends.get(root.id) or "open"
        text = f"contract {name} ends on {root.last_day or 'no day'}; for the catalog it is {stated}"
        yield Difference(Kind.PROVISION_END_DIFFERS, ids, text)


def _succession(following: ProvisionFact, order: OrderFact | None) -> Iterator[Difference]:
    """A contract that follows that of a Vorgang, held against it: it goes on with that one, or names it."""
    if order is None or not following.concluded or order.contract_id != following.continues:
        return
    if order.following_contract != following.id:
        ids = {"order_id": order.id, "order_number": order.number, "contract_id": following.id}
        text = f"contract {following.number} follows that of {order.number}, which does not know it"
        yield Difference(Kind.SUCCESSION_NOT_RECORDED, ids | {"contract_number": following.number or ""}, text)


def _end_of_order(order: OrderFact, contract: ContractFact | ProvisionFact, facts: StoreFacts) -> Iterator[Difference]:
    """The end of a contract of a Vorgang, held against that; a Vorgang may end before its contract, never after it."""
    last = _last_used(contract, facts)
    ids = {"order_id": order.id, "order_number": order.number, "contract_id": last.id, "contract_number": last.number or ""}
    if contract.state is ContractState.GESCHLOSSEN:
        if order.state in _ENDS:
            text = f"{order.number} is {order.state} and ends on {order.ends_on}; contract {contract.number} runs on"
            yield Difference(Kind.NOTICE_MISSING, ids, text)
    elif last.state is not ContractState.GESCHLOSSEN and not _follows(order, last):
        text = f"contract {last.number} is {last.state} and ends on {last.last_day}; {order.number} is {order.state}"
        yield Difference(Kind.END_NOT_RECORDED, ids, text)


def _last_used(contract: ContractFact | ProvisionFact, facts: StoreFacts) -> ContractFact | ProvisionFact:
    """Return a contract, or the one before where it ends before it begins: the use ends by that one."""
    if not isinstance(contract, ProvisionFact) or contract.last_day is None or contract.last_day >= (contract.first_day or ""):
        return contract
    former = facts.contracts.get(contract.continues or "") or facts.provisions.get(contract.continues or "")
    return contract if former is None else _last_used(former, facts)


def _follows(order: OrderFact, contract: ContractFact | ProvisionFact) -> bool:
    """Return whether a Vorgang has the end of its contract."""
    if contract.state is ContractState.BEENDET and order.state is not OrderState.BEENDET:
        return False
    return order.state in _ENDS and order.ends_on is not None and order.ends_on <= (contract.last_day or "")


def _of_provision(kind: Kind, provided: ProvidedFact, text: str, **ids: str) -> Difference:
    named = {"offering_id": provided.offering_id, "channel": provided.channel.value, "contract_id": provided.contract_id}
    return Difference(kind, {**named, **ids}, text)
