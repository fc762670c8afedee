"""What a side of a contract can do about it now, by the state machine and by what was done before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from services.contracts.chain.contract import Side
from services.contracts.domain.amending import is_offered
from services.contracts.domain.contract import SUB_LEGS, Contract
from services.contracts.domain.transitions import TRANSITIONS, Actor, Command

Move = Literal["amendments", "price-changes", "successor", "accept", "give-up"]
"""A step by its path below that of the contract."""


def moves_of(contract: Contract, side: Side, actor: Actor) -> tuple[Move, ...]:
    """Return what a side can do; what the rules of the chain say of it is known only once it is asked for."""
    return tuple(_moves(contract, side, actor))


def _moves(contract: Contract, side: Side, actor: Actor) -> Iterator[Move]:
    allowed, proposal = TRANSITIONS.allowed(contract.state, actor), contract.proposal
    if Command.PROPOSE_CHANGE in allowed:
        # What the other side has not released yet is hidden, so it must not show here either.
        if proposal is None or (proposal.side != side and not is_offered(contract, proposal)):
            yield "amendments"
        if side == "grantor":
            yield "price-changes"
        if contract.last_day is not None:
            yield "successor"
    signed = {signature.side for signature in contract.signatures}
    by_its_sides = contract.leg in SUB_LEGS or contract.continues is not None
    if Command.ACCEPT in allowed and by_its_sides and signed and contract.countersignature is None:
        if side not in signed and not contract.awaits_check:
            yield "accept"
        yield "give-up"
