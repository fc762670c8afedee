"""What can be done about a contract now, by the state machine, by who asks and by what was done before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from services.contracts.chain.contract import Side
from services.contracts.domain.amending import is_offered, text_of
from services.contracts.domain.contract import BELOW, SUB_LEGS, Contract
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import RUNNING, TRANSITIONS, Actor, Command, ContractState

Proposing = Literal["amendments", "price-changes", "successor"]
Answering = Literal["accept", "give-up"]
Move = Literal[Proposing, Answering]
"""A step about text and prices, or a contract that follows, by its path below that of the contract."""
Step = Literal["sign", "release", "decline", Answering, "sub-contracts", "notice"]
"""A step with the contract itself, by its path below it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """As whom a person acts on a contract: for which ``side``, as whom they give ``notice``, and whether for its ``anbieter``."""

    person: str
    side: tuple[Side, Actor] | None
    notice: Actor | None
    anbieter: bool


def moves_of(contract: Contract, side: Side, actor: Actor) -> tuple[Move, ...]:
    """Return what a side can do; what the rules of the chain say of it is known only once it is asked for."""
    return (*_proposing(contract, side, actor), *_answering(contract, side, actor))


def steps_of(contract: Contract, standing: Standing, terms: Terms | None) -> tuple[Step, ...]:
    """Return what a person can do with a contract; ``terms`` are those of its channel, and rules are asked as in ``moves_of``."""
    return tuple(_steps(contract, standing, terms))


def _steps(contract: Contract, standing: Standing, terms: Terms | None) -> Iterator[Step]:
    if standing.anbieter:
        yield from _countersigning(contract, standing.person)
    if standing.side is not None:
        yield from _answering(contract, *standing.side)
        if standing.side[0] == "grantee" and terms is not None and _is_passed_on(contract, terms):
            yield "sub-contracts"
    if standing.notice is not None and Command.TERMINATE in TRANSITIONS.allowed(contract.state, standing.notice):
        yield "notice"


def _countersigning(contract: Contract, person: str) -> Iterator[Literal["sign", "release", "decline"]]:
    """Yield what a person of the Anbieter can do with an offered contract, which its own two sides do not sign themselves."""
    if contract.state is not ContractState.ANGEBOTEN or contract.leg in SUB_LEGS:
        return
    given = contract.countersignature
    if contract.continues is None or not contract.awaits_check:
        if contract.awaits == "SIGNATURE":
            yield "sign"
        elif contract.awaits == "RELEASE" and given is not None and given.by != person:
            yield "release"
    if given is None or given.released_at is None:
        yield "decline"


def _is_passed_on(contract: Contract, terms: Terms) -> bool:
    leg = BELOW.get(contract.leg)
    if leg is None or leg not in terms.agreed or contract.state not in RUNNING:
        return False
    return text_of(contract, terms).passing_on.allowed


def _proposing(contract: Contract, side: Side, actor: Actor) -> Iterator[Proposing]:
    if Command.PROPOSE_CHANGE not in TRANSITIONS.allowed(contract.state, actor):
        return
    proposal = contract.proposal
    # What the other side has not released yet is hidden, so it must not show here either.
    if proposal is None or (proposal.side != side and not is_offered(contract, proposal)):
        yield "amendments"
    if side == "grantor":
        yield "price-changes"
    if contract.last_day is not None:
        yield "successor"


def _answering(contract: Contract, side: Side, actor: Actor) -> Iterator[Answering]:
    signed, given = {signature.side for signature in contract.signatures}, contract.countersignature
    by_its_sides = contract.leg in SUB_LEGS or contract.continues is not None
    if not signed or not by_its_sides or Command.ACCEPT not in TRANSITIONS.allowed(contract.state, actor):
        return
    if given is None and side not in signed and not contract.awaits_check:
        yield "accept"
    if given is None or given.released_at is None:
        yield "give-up"
