"""The rules of reconciliation over the stores alone: what must hold between orders, contracts, registers, verdicts and offers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from marktplatz.recovery.reconcile.differences import Difference, Kind
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.reconcile.rules_chains import within_chains
from marktplatz.recovery.reconcile.rules_reuse import reuses
from services.contracts.facts import ContractFact, ProvisionFact, RegisterFact
from services.eligibility.facts import VerdictFact
from services.ordering.facts import OrderFact
from shared.messages.values import OrderState


def between_stores(facts: StoreFacts) -> Iterator[Difference]:
    """Yield every difference between the stores."""
    yield from _orders(facts)
    yield from _places(facts)
    yield from _participations(facts)
    yield from _contracts(facts)
    yield from within_chains(facts)
    yield from _numbers(facts)
    yield from _verdicts(facts)
    yield from _offerings(facts)
    yield from reuses(facts)


def _orders(facts: StoreFacts) -> Iterator[Difference]:
    for order in facts.orders.values():
        contract = facts.contracts.get(order.asked_contract)
        if order.contracted and (contract is None or not contract.concluded):
            yield _of_order(
                Kind.CONTRACT_MISSING,
                order,
                f"{order.number} is {order.state} with contract {order.contract_number}, which contracts does not have",
                contract_id=order.asked_contract,
                contract_number=order.contract_number or "",
            )
        elif contract is None:
            continue
        elif order.contracted and not _is_named(contract, order, facts):
            yield _of_order(
                Kind.CONTRACT_DIFFERS,
                order,
                f"{order.number} names contract {order.contract_number}, contracts has {contract.number}",
                contract_id=contract.id,
                contract_number=contract.number or "",
            )
        elif not order.contracted:
            yield from _unrecorded(order, contract)


def _is_named(contract: ContractFact, order: OrderFact, facts: StoreFacts) -> bool:
    """Return whether a Vorgang names its contract by number, or the one that follows it and that the Vorgang goes on with."""
    following = facts.provisions.get(order.contract_id or "")
    if following is None:
        return (order.contract_id, order.contract_number) == (contract.id, contract.number)
    return (following.order_id, following.number) == (order.id, order.contract_number)


def _places(facts: StoreFacts) -> Iterator[Difference]:
    for order in facts.orders.values():
        if order.needs_place and order.id not in facts.places:
            text = f"no place holds {order.number}: the same interest, declared again, would begin a second Vorgang"
            yield _of_order(Kind.ORDER_WITHOUT_PLACE, order, text)


def _participations(facts: StoreFacts) -> Iterator[Difference]:
    for order in facts.orders.values():
        for klient in order.klienten:
            if (order.id, klient) not in facts.participations:
                text = f"{klient} is a Klient of {order.number} and cannot find it"
                yield _of_order(Kind.KLIENT_WITHOUT_PARTICIPATION, order, text, klient=klient)


def _unrecorded(order: OrderFact, contract: ContractFact) -> Iterator[Difference]:
    outcome = f"contract {contract.number}" if contract.concluded else "a refusal"
    ids = {"contract_id": contract.id, "contract_number": contract.number or ""}
    if order.awaits_contract:
        yield _of_order(
            Kind.CONTRACT_NOT_RECORDED, order, f"contracts has {outcome} for {order.number}, which still waits for it", **ids
        )
    elif contract.concluded or order.state is not OrderState.ABGELEHNT:
        yield _of_order(
            Kind.CONTRACT_UNEXPECTED,
            order,
            f"contracts has {outcome} for {order.number}, which is {order.state} and has not asked for one",
            **ids,
        )


def _contracts(facts: StoreFacts) -> Iterator[Difference]:
    of_order: dict[str, list[ContractFact]] = defaultdict(list)
    for contract in facts.contracts.values():
        if contract.order_id is None:
            continue
        if contract.concluded:
            of_order[contract.order_id].append(contract)
        if contract.order_id not in facts.orders:
            ids = {"contract_id": contract.id, "contract_number": contract.number or "", "order_id": contract.order_id}
            yield Difference(
                Kind.ORDER_MISSING,
                ids,
                f"contracts has {contract.number or 'a refusal'} for {contract.order_number}, which ordering does not have",
            )
    for order_id, several in of_order.items():
        order = facts.orders.get(order_id)
        if len(several) > 1:
            numbers = ", ".join(sorted(contract.number or "" for contract in several))
            yield Difference(Kind.CONTRACT_TWICE, {"order_id": order_id}, f"one Vorgang has several contracts: {numbers}")
        elif order is not None and several[0].id != order.asked_contract:
            yield _of_order(
                Kind.CONTRACT_UNEXPECTED,
                order,
                f"contracts has contract {several[0].number} for {order.number}, which asks for another one or for none",
                contract_id=several[0].id,
                contract_number=several[0].number or "",
            )


def _numbers(facts: StoreFacts) -> Iterator[Difference]:
    used: dict[tuple[str, int], Counter[int]] = defaultdict(Counter)
    numbered: list[ContractFact | ProvisionFact] = [*facts.contracts.values(), *facts.provisions.values()]
    for contract in numbered:
        if contract.year is not None and contract.sequence is not None:
            used[contract.channel.value, contract.year][contract.sequence] += 1
    registers = {(register.channel.value, register.year): register for register in facts.registers}
    for place, sequences in used.items():
        for sequence, count in sequences.items():
            if count > 1:
                yield _number(Kind.NUMBER_TWICE, place, sequence, f"{count} contracts have it")
            if place not in registers or sequence > registers[place].last:
                yield _number(
                    Kind.NUMBER_BEYOND_REGISTER, place, sequence, "its register does not reach so far and would give it again"
                )
    for place, register in registers.items():
        yield from _register(place, register, used[place], facts)


def _register(place: tuple[str, int], register: RegisterFact, used: Counter[int], facts: StoreFacts) -> Iterator[Difference]:
    for promised, sequence in register.allotted.items():
        if promised not in facts.contracts and promised not in facts.provisions:
            yield _number(
                Kind.NUMBER_PROMISED, place, sequence, f"promised to contract {promised}, which does not exist", promised
            )
    accounted = {*used, *register.free, *register.allotted.values()}
    for sequence in range(1, register.last + 1):
        if sequence not in accounted:
            yield _number(Kind.NUMBER_MISSING, place, sequence, "no contract has it and none is promised it")


def _number(kind: Kind, place: tuple[str, int], sequence: int, text: str, contract: str | None = None) -> Difference:
    channel, year = place
    ids = {"channel": channel, "year": str(year), "sequence": str(sequence)} | ({"contract_id": contract} if contract else {})
    return Difference(kind, ids, f"number {sequence} of {channel} in {year}: {text}")


def _verdicts(facts: StoreFacts) -> Iterator[Difference]:
    for order in facts.orders.values():
        given, ids = facts.verdicts.get(order.id, VerdictFact(order.id, 0)), {"check": str(order.check)}
        which = f"verdict {order.check}"
        if order.awaits_verdict and given.check >= order.check:
            text = f"{order.number} waits for {which}, which eligibility has given"
            yield _of_order(Kind.VERDICT_NOT_RECORDED, order, text, **ids)
        elif order.awaits_verdict:
            yield _of_order(Kind.VERDICT_DUE, order, f"{order.number} waits for {which}, which is still to come", **ids)
        elif order.answered and given.check < order.check:
            text = f"{order.number} rests on {which}, which eligibility does not have"
            yield _of_order(Kind.VERDICT_MISSING, order, text, **ids)
        elif order.takes_verdict and given.check == order.check and given.signed and not order.signed:
            text = f"{order.number} waits for the signature under {which}, which eligibility has"
            yield _of_order(Kind.VERDICT_NOT_RECORDED, order, text, **ids)
    for order_id in facts.verdicts.keys() - facts.orders.keys():
        yield Difference(
            Kind.VERDICT_WITHOUT_ORDER,
            {"order_id": order_id},
            f"eligibility has verdicts on Vorgang {order_id}, which ordering does not have",
        )


def _offerings(facts: StoreFacts) -> Iterator[Difference]:
    for offering_id, offering in facts.offerings.items():
        listed, ids = facts.listed.get(offering_id), {"offering_id": offering_id}
        if offering.removed and (listed is None or listed.state == offering.state):
            continue  # Whoever began to read since never learns of it, and of its last version need not have.
        if listed is None:
            yield Difference(Kind.OFFERING_NOT_LISTED, ids, f"ordering does not know the offer {offering.title!r}")
        elif (listed.version, listed.state) != (offering.version, offering.state):
            yield Difference(
                Kind.OFFERING_LISTED_OTHERWISE,
                ids,
                f"the offer {offering.title!r} is version {offering.version}, {offering.state}; "
                f"ordering has {listed.version}, {listed.state}",
            )
    for offering_id in facts.listed.keys() - facts.offerings.keys():
        title = facts.listed[offering_id].title
        yield Difference(
            Kind.OFFERING_UNKNOWN, {"offering_id": offering_id}, f"ordering lists {title!r}, which catalog does not have"
        )


def _of_order(kind: Kind, order: OrderFact, text: str, **ids: str) -> Difference:
    return Difference(kind, {"order_id": order.id, "order_number": order.number, **ids}, text)
