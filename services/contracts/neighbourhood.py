"""The part of a chain that decides on one write, as the chain's rules need it: never the whole store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Final

from services.contracts.chain.contract import Accession
from services.contracts.chain.contract import Contract as ChainContract
from services.contracts.chain.days import OPEN, Interval, day_before, uncovered
from services.contracts.chain.given import Offering
from services.contracts.chain.violations import Violation
from services.contracts.chain.world import Chain, World
from services.contracts.chain.write import added_by
from services.contracts.channels import chain_channel
from services.contracts.domain.agreed import Signature
from services.contracts.domain.bodies import body_of
from services.contracts.domain.chained import chained
from services.contracts.domain.contract import Contract
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import ContractState
from services.contracts.domain.violation_codes import code_of
from services.contracts.repository import Contracts
from shared.calendar import day_of
from shared.errors import ConflictError
from shared.messages.values import Verdict

LONGEST: Final = 64
"""Contracts that follow one another in time, or lie above one another, are never more."""


async def above(contracts: Contracts, parents: Iterable[str]) -> dict[str, Contract]:
    """Return the contracts that one with these parents rests on: each with what continues it, up to the root.

    Of ids that there are not nothing is returned. Raises StoreUnavailableError.
    """
    found: dict[str, Contract] = {}
    waiting = set(parents)
    for _ in range(LONGEST):
        if not waiting:
            break
        new = await contracts.of_ids(waiting)
        new |= await contracts.continuing(new)
        found |= new
        waiting = {contract.parent for contract in new.values() if contract.parent is not None} - found.keys()
    return found


async def line_of(contract: Contract, contracts: Contracts) -> dict[str, Contract]:
    """Return a contract with all that it continues and all that continues it: the cover that it is part of.

    Raises StoreUnavailableError.
    """
    line = {contract.id: contract}
    while contract.continues is not None and contract.continues not in line:
        found = await contracts.of_ids([contract.continues])
        if contract.continues not in found:
            break
        contract = found[contract.continues]
        line[contract.id] = contract
    return line | await contracts.continuing(line)


def world_of(contracts: Iterable[Contract], terms: Terms, accessions: Iterable[Accession] = ()) -> World:
    """Return the world of contracts of one channel with accessions to them."""
    known, acceded = list(contracts), sorted(accessions, key=lambda it: it.id)
    channel = chain_channel(terms)
    parties = {party.id for contract in known for party in (contract.grantor, contract.customer)} | {it.org for it in acceded}
    return World(
        offering=Offering(bereitsteller=channel.anbieter, channels=(channel.id,)),
        channels={channel.id: channel},
        organisations={key: body_of(key) for key in sorted({*parties, channel.anbieter})},
        inhouse=known_inhouse(known),
        chain=Chain.of(chained(contract, terms) for contract in known),
        accessions=tuple(acceded),
    )


def known_inhouse(contracts: Iterable[Contract]) -> dict[tuple[str, str], tuple[Interval, ...]]:
    """Return on which days which body is in-house to which authority, as far as contracts had it judged (spec ``inhouse``).

    A relation counts from the day of the check, or the first day of the contract that it was judged for, until a recorded fact
    speaks against it. A disputed one (RISK) does not count.
    """
    found: dict[tuple[str, str], tuple[Interval, ...]] = {}
    for contract in contracts:
        for award in contract.awards:
            if award.verdict is Verdict.EXEMPT and award.as_of is not None:
                first = min(award.as_of, contract.valid_from).isoformat()
                days = Interval(first, OPEN if award.until is None else award.until.isoformat())
                key = (award.contractor, award.awarder)
                found[key] = (*found.get(key, ()), days)
    return found


def as_if_signed(contract: Contract) -> Contract:
    """Return an offered contract as if both sides had signed it, at the Anbieter by two persons."""
    given = contract.countersignature
    signed = {it.side: it for it in contract.signatures}
    first = next(iter(signed.values()), None)
    by = first.by if first is not None else given and given.by
    on = first.on if first is not None else day_of(contract.requested_at)
    missing = Signature(side="grantor", by=by, released_by=f"{by}.release", on=on)
    both = tuple(signed.get(side, missing.model_copy(update={"side": side})) for side in ("grantor", "grantee"))
    return contract.model_copy(update={"signatures": both})


def as_if_exempt(contract: Contract) -> Contract:
    """Return an offered contract as if all awards that it rests on had been found to be exempt, for ever."""
    free = {"verdict": Verdict.EXEMPT, "as_of": contract.valid_from}
    return contract.model_copy(update={"awards": tuple(it.model_copy(update=free) for it in contract.awards)})


def within_cover(contract: Contract, around: World, terms: Terms) -> Contract:
    """Return a contract without an agreed end as it ends with what it rests on, as far as that end is known.

    One that would begin without cover stays as it is, and is refused for that.
    """
    if contract.valid_to is not None:
        return contract
    link = chained(contract, terms, ContractState.GESCHLOSSEN)
    gaps = uncovered(Interval(link.valid_from, OPEN), (above.term for above in around.chain.cover_of(link)))
    if not gaps or gaps[0].first <= link.valid_from:
        return contract
    return contract.model_copy(update={"valid_to": date.fromisoformat(day_before(gaps[0].first))})


def added_violations(
    contract: Contract, around: World, terms: Terms, state: ContractState | None = None, *, whole: bool = False
) -> list[Violation]:
    """Return the violations that a contract would add to those around it if it were stored, in ``state`` if given, sorted.

    ``whole``: all around it is concerned, also what rests on it. Raises RefusedError as the question WRITE does.
    """
    parties = {key: body_of(key) for key in (contract.grantor.id, contract.customer.id)}
    added = chained(contract, terms, state)
    chain = around.chain if whole else _concerned(around.chain, added)
    known = replace(around, organisations={**around.organisations, **parties}, chain=chain)
    return added_by(replace(known, inhouse={**around.inhouse, **_merged(around, contract)}), added)


def require_possible(drafted: Contract, around: World, terms: Terms) -> None:
    """Return if an offered contract may be stored, and concluded once both sides have signed and its awards are exempt.

    What must hold once it binds is asked now, too: nobody should sign what cannot be concluded. Raises ConflictError with the
    code of the first rule that it would break.
    """
    drafted = as_if_exempt(drafted)
    found = [violation.code for violation in added_violations(drafted, around, terms)]
    bound = as_if_signed(drafted)
    found = found or [violation.code for violation in added_violations(bound, around, terms, ContractState.GESCHLOSSEN)]
    if found:
        codes = sorted(code_of(code) for code in set(found))
        raise ConflictError("The contract would break rules of its chain.", code=code_of(found[0]), violations=codes)


def _merged(around: World, contract: Contract) -> dict[tuple[str, str], tuple[Interval, ...]]:
    return {key: (*around.inhouse.get(key, ()), *days) for key, days in known_inhouse([contract]).items()}


def _concerned(chain: Chain, added: ChainContract) -> Chain:
    """Return the part of a chain that a contract takes the place of, rests on or continues, with what continues that.

    A batch brings contracts for many offers, and each is asked about all that is around it.
    """
    found: dict[str, ChainContract] = {}
    waiting = [added.id, added.parent, added.continues]
    while waiting:
        contract = chain.contracts.get(waiting.pop() or "")
        if contract is not None and contract.id not in found:
            found[contract.id] = contract
            following = (other.id for other in chain.contracts.values() if other.continues == contract.id)
            waiting += [contract.parent, contract.continues, *following]
    return Chain.of(found.values())
