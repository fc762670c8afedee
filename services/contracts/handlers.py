"""Use cases of the contracts service: form the contracts of a batch of requests; show a register."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.contracts.chain.notice import last_day_of
from services.contracts.chain.world import World
from services.contracts.changes import change_of
from services.contracts.domain.chained import chained
from services.contracts.domain.contract import SUB_LEGS, Contract
from services.contracts.domain.provision import Provision
from services.contracts.domain.refusal import Refusal, chain_refusal, refusal_of
from services.contracts.domain.request import Request
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import Actor, ContractState
from services.contracts.neighbourhood import above, added_violations, within_cover, world_of
from services.contracts.numbering import Number
from services.contracts.repository import Contracts, Registers
from services.contracts.standing import standing_roots
from shared.aggregate.change import Cause, Change, Result
from shared.aggregate.sweep import Sweep
from shared.calendar import day_of
from shared.errors import ConflictError, NotFoundError, WriteConflictError
from shared.messages.base import Message
from shared.messages.values import Channel
from shared.store.contention import Contention

ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class Case:
    """A request with what the rules make of it. ``draft`` is complete but for the number: whatever can fail has not failed."""

    request: Request
    cause: Cause
    draft: Contract
    refusal: Refusal | None


def examine(request: Request, cause: Cause, terms: Terms, at: datetime) -> Case:
    """Apply the rules of the channel to a request. Raises ValidationError for a request that cannot be recorded at all."""
    return Case(request, cause, Contract.draft(request, terms, at), refusal_of(request, terms))


async def form_contracts(
    cases: Sequence[Case], terms: Terms, contracts: Contracts, registers: Registers
) -> list[Result[Contract]]:
    """Form or refuse the contracts of a batch: one save of the register, one insert, one publication.

    Raises StoreUnavailableError or WriteConflictError: repeat the batch then; numbers promised meanwhile stay promised.
    """
    around = await above(contracts, {case.draft.parent for case in cases if case.draft.parent is not None})
    moved = await standing_roots(around.values(), contracts)
    if moved:
        around |= await above(contracts, moved.values())
        cases = [_resting_on(case, moved) for case in cases]
    roots = _presupposed(cases, around, terms)
    world = world_of(around.values(), terms)
    cases = [_in_chain(case, world, terms) for case in cases]
    years: dict[str, int] = {}
    for case in cases:
        years.setdefault(case.request.contract_id, case.request.year)
    numbered = {case.request.contract_id for case in cases if case.refusal is None and case.draft.signed}
    numbers = await promised_numbers(years, numbered, terms.channel, contracts, registers)
    changes = [*roots, *(_change(case, terms, numbers) for case in cases)]
    return (await contracts.ledger.apply(changes))[len(roots) :]


def provide(listed: Provision, terms: Terms, at: datetime, cause: Cause) -> Change[Contract]:
    """Form the Bereitstellungsvertrag of an offer that is listed, or take over what the catalogue states of it.

    A catalogue that lists it by the number that somebody typed is told of the contract.
    """

    def decide(contract: Contract | None) -> tuple[Contract, Sequence[Message]]:
        if contract is None:
            contract = Contract.bereitstellung(listed, terms, at)
        contract.follow_listing(listed)
        # Who typed the number does not know the contract yet; a listing that names it does.
        return contract, contract.restate() if listed.number is not None else []

    return Change(listed.contract_id, decide, cause)


def _resting_on(case: Case, moved: Mapping[str, str]) -> Case:
    parent = case.draft.parent
    return replace(case, draft=case.draft.model_copy(update={"parent": moved.get(parent or "", parent)}))


def _presupposed(cases: Sequence[Case], around: dict[str, Contract], terms: Terms) -> list[Change[Contract]]:
    """Return the changes by which the Bereitstellungsverträge come about that orders presuppose; ``around`` is completed."""
    changes: list[Change[Contract]] = []
    for case in cases:
        listed = replace(Provision.presupposed(case.request), contract_id=case.draft.parent or "")
        root = around.get(listed.contract_id)
        if case.refusal is None and (root is None or (root.number is None and case.draft.valid_from < root.valid_from)):
            change = provide(listed, terms, case.draft.recorded_at, case.cause)
            around[listed.contract_id], _ = change.decide(None if root is None else root.model_copy())
            changes.append(change)
    return changes


def _in_chain(case: Case, around: World, terms: Terms) -> Case:
    """Return the case, refused if its contract would break a rule of the chain."""
    if case.refusal is not None:
        return case
    state = ContractState.GESCHLOSSEN if case.draft.signed else ContractState.ANGEBOTEN
    case = replace(case, draft=within_cover(case.draft, around, terms))
    violations = added_violations(case.draft, around, terms, state)
    return replace(case, refusal=chain_refusal(violations[0].code, case.request.body.order.number)) if violations else case


def _change(case: Case, terms: Terms, numbers: Mapping[str, Number]) -> Change[Contract]:
    contract_id = case.request.contract_id

    def decide(contract: Contract | None) -> tuple[Contract, Sequence[Message]]:
        if contract is not None:
            return contract, []
        contract = case.draft.model_copy()
        if case.refusal is not None:
            return contract, contract.refuse(case.refusal, Actor.PROZESSOR)
        if not contract.signed:
            return contract, contract.offer(Actor.PROZESSOR)
        number = numbers[contract_id]
        return contract, contract.conclude(number, terms.rules.number_format.write(number), Actor.PROZESSOR)

    return Change(contract_id, decide, cause=case.cause, correlation_id=case.request.body.order.id)


async def conclude_released(
    released: Sequence[Contract],
    at: datetime,
    terms: Terms,
    sweep: Sweep[Contract],
    contracts: Contracts,
    registers: Registers,
) -> list[Result[Contract]]:
    """Conclude contracts that two persons of the Anbieter have signed, or refuse what the chain no longer allows.

    One that is full is left to a later ``sweep``, with the number that is promised to it.
    Raises StoreUnavailableError or WriteConflictError: the next run does it then.
    """
    named = {key for it in released for key in (it.parent, it.continues) if key is not None}
    world = world_of((await above(contracts, named)).values(), terms)
    refusals: dict[str, Refusal] = {}
    for contract in released:
        signed = contract.model_copy()
        signed.countersign(at)
        if violations := added_violations(signed, world, terms, ContractState.GESCHLOSSEN):
            refusals[contract.id] = chain_refusal(violations[0].code, contract.order_number or contract.offering_title)
    years = {contract.id: day_of(contract.signed_at).year for contract in released}
    numbers = await promised_numbers(years, years.keys() - refusals.keys(), terms.channel, contracts, registers)

    def decide(contract: Contract | None) -> tuple[Contract, Sequence[Message]]:
        if contract is None:
            raise NotFoundError("The contract is gone.")
        if contract.released_at is None:
            return contract, []
        contract.countersign(at)
        if contract.id in refusals:
            return contract, contract.refuse(refusals[contract.id], Actor.PROZESSOR)
        number = numbers[contract.id]
        return contract, contract.conclude(number, terms.rules.number_format.write(number), Actor.PROZESSOR)

    return await sweep.apply([Change(it.id, decide, correlation_id=it.order_id) for it in released])


def give_notice(
    contract_id: str, received_on: date, last_day: date | None, at: datetime, actor: Actor, terms: Terms
) -> Change[Contract]:
    """Return the change by which a party gives notice; without ``last_day`` to the day that the agreed period gives."""

    def decide(contract: Contract) -> Sequence[Message]:
        ordinary = last_day_of(chained(contract, terms), received_on.isoformat())
        last = last_day or (None if ordinary is None else date.fromisoformat(ordinary))
        return contract.give_notice(received_on, last, at, actor)

    return change_of(contract_id, decide)


def countersign(contract_id: str, step: Callable[[Contract], Sequence[Message]]) -> Change[Contract]:
    """Return the change by which a person of the Anbieter takes a step on an offered contract."""

    def decide(contract: Contract) -> Sequence[Message]:
        if contract.leg in SUB_LEGS:
            raise ConflictError("Its two sides sign it.", code="signed_by_its_sides", id=contract_id)
        return step(contract)

    return change_of(contract_id, decide)


async def promised_numbers(
    years: Mapping[str, int], numbered: Collection[str], channel: Channel, contracts: Contracts, registers: Registers
) -> dict[str, Number]:
    """Return a number for each contract of ``numbered`` that is not decided yet; ``numbering`` explains the order of steps.

    ``years`` are those of the registers of all contracts at hand.
    """
    contention = Contention(f"the number registers of {channel.value}", attempts=ATTEMPTS)
    while True:
        held = await registers.read(channel, set(years.values()))
        promised = [contract_id for register in held.values() for contract_id in register.allotted]
        existing = await contracts.numbers_of([*years, *promised])
        unnumbered = {key: years[key] for key in years if key in numbered and key not in existing}
        after = {
            year: register.settle(existing).allot([contract_id for contract_id, of in unnumbered.items() if of == year])
            for year, register in held.items()
        }
        changed = [register for year, register in after.items() if register != held[year]]
        if not changed or await registers.save(changed):
            return {contract_id: after[year].number_of(contract_id) for contract_id, year in unnumbered.items()}
        await contention.overtaken()


async def reserve_numbers(
    channel: Channel, known: Mapping[str, Number], contracts: Contracts, registers: Registers
) -> dict[str, Number]:
    """Promise contracts that are gone from the store the numbers that they are known to have had; return the promises.

    For a store that was restored from a backup: their numbers are known to people and must go to no other contract.
    ``known`` maps contract id to number. A number that a present contract has is not promised.
    Raises WriteConflictError if processors are at work.
    """
    existing = await contracts.numbers_of(known)
    held = await registers.read(channel, {number.year for number in known.values()})
    promised: dict[str, Number] = {}
    for year, register in held.items():
        used = set(await contracts.sequences(channel, year))
        missing = {
            contract_id: number.sequence
            for contract_id, number in known.items()
            if number.year == year and contract_id not in existing and number.sequence not in used
        }
        after = register.reserve(missing)
        promised |= {
            contract_id: Number(year, after.allotted[contract_id]) for contract_id in missing.keys() & after.allotted.keys()
        }
        if after != register and not await registers.save([after]):
            raise WriteConflictError(f"a processor of {channel.value} is at work on its registers", channel=channel.value)
    return promised


@dataclass(frozen=True, slots=True)
class RegisterReport:
    """A register held against the contracts: ``gaps`` are numbers up to ``last`` that are neither used, promised nor free."""

    channel: Channel
    year: int
    last: int
    contracts: int
    gaps: tuple[int, ...]
    allotted: Mapping[str, int]
    free: tuple[int, ...]


async def report_register(channel: Channel, year: int, contracts: Contracts, registers: Registers) -> RegisterReport:
    """Return the state of a register. It is read before the contracts, so what is formed meanwhile is not taken for a gap."""
    register = (await registers.read(channel, [year]))[year]
    used = {sequence for sequence in await contracts.sequences(channel, year) if sequence <= register.last}
    allotted = {contract_id: sequence for contract_id, sequence in register.allotted.items() if sequence not in used}
    accounted = used | set(allotted.values()) | set(register.free)
    return RegisterReport(
        channel=channel,
        year=year,
        last=register.last,
        contracts=len(used),
        gaps=tuple(sequence for sequence in range(1, register.last + 1) if sequence not in accounted),
        allotted=allotted,
        free=register.free,
    )
