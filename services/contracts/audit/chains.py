"""Audits each contract against what it rests on, by the rules of the chain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from pydantic import ValidationError

from services.contracts.audit.findings import Fault, Finding
from services.contracts.chain.days import shown
from services.contracts.chain.refusal import RefusedError
from services.contracts.chain.violations import violations
from services.contracts.domain.contract import Contract
from services.contracts.domain.rules import Terms
from services.contracts.neighbourhood import above, world_of
from services.contracts.repository import Contracts
from shared.messages.values import Channel


async def audited_place(contract: Contract, contracts: Contracts, terms: Mapping[Channel, Terms]) -> AsyncIterator[Finding]:
    """Yield the rules that a contract breaks in its chain. Raises StoreUnavailableError."""
    name = f"contract {contract.number or contract.id}"
    named = [key for key in (contract.parent, contract.continues) if key is not None]
    around = await above(contracts, named)
    try:
        found = violations(world_of({**around, contract.id: contract}.values(), terms[contract.channel]))
    except (ValidationError, RefusedError, KeyError) as error:
        yield Finding(Fault.CONTRACT_UNREADABLE, f"{name} has no place in a chain that could be judged ({type(error).__name__})")
        return
    for violation in found:
        if violation.contract == contract.id:
            days = "" if violation.days is None else f" from {violation.days.first} to {shown(violation.days.last) or 'its end'}"
            yield Finding(Fault.CHAIN_BROKEN, f"{name} breaks {violation.code}{days}")
