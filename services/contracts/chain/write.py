"""Whether a contract may be stored (WRITE): the table of states, what never changes, and the violations it would add."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from services.contracts.chain.contract import Contract
from services.contracts.chain.given import check_contract
from services.contracts.chain.refusal import RefusedError
from services.contracts.chain.violations import Violation, violations
from services.contracts.chain.world import Chain, World

NEW: Final = "new"
REACHED_FROM: Final = {
    "ENTWURF": {NEW},
    "ANGEBOTEN": {NEW, "ENTWURF"},
    "GESCHLOSSEN": {NEW, "ANGEBOTEN"},
    "GEKUENDIGT": {"GESCHLOSSEN"},
    "BEENDET": {"GESCHLOSSEN", "GEKUENDIGT"},
    "ABGELEHNT": {NEW, "ANGEBOTEN"},
    "ZURUECKGEZOGEN": {"ENTWURF", "ANGEBOTEN"},
    "VERFALLEN": {"ANGEBOTEN"},
    "NICHTIG": {"GESCHLOSSEN", "GEKUENDIGT", "BEENDET"},
}
FIXED: Final = ("leg", "channel", "grantor", "grantee", "parent", "continues", "valid_from")
AMENDED: Final = (
    "valid_to",
    "services",
    "parametrisation",
    "territory",
    "passing_on",
    "charge",
    "notice",
    "price_notice",
    "agb_version",
    "annexes",
)


def write(world: World, contract: Contract) -> dict[str, Any]:
    """Return whether a contract is accepted, new or in place of the stored one with its id. Raises RefusedError.

    ``violations`` are those that it would add.
    """
    added = added_by(world, contract)
    return {"accepted": not added, "violations": [violation.as_json() for violation in added]}


def added_by(world: World, contract: Contract) -> list[Violation]:
    """Return the violations that the store has with a contract and had not before, and all of its own if it becomes binding.

    The contract is new or takes the place of the stored one with its id. Raises RefusedError.
    """
    stored = world.chain.contracts.get(contract.id)
    _check(world, stored, contract)
    before = set(violations(world))
    others = (other for other in world.chain.contracts.values() if other.id != contract.id)
    becomes_binding = contract.binding and not (stored is not None and stored.binding)
    return [
        violation
        for violation in violations(replace(world, chain=Chain.of((*others, contract))))
        if violation not in before or (becomes_binding and violation.contract == contract.id)
    ]


def _check(world: World, stored: Contract | None, contract: Contract) -> None:
    if any(accession.id == contract.id for accession in world.accessions):
        raise RefusedError("ID_DUPLICATE", contract.id)
    check_contract(contract, world.channels, world.organisations)
    state = NEW if stored is None else stored.state
    if state != contract.state and state not in REACHED_FROM[contract.state]:
        raise RefusedError("CONTRACT_ILLEGAL_TRANSITION", contract.id)
    amended = stored is not None and _differ(stored, contract, AMENDED)
    if stored is not None and not _change_allowed(stored, contract, amended=amended):
        raise RefusedError("CONTRACT_IMMUTABLE", contract.id)
    version = 1 if stored is None else stored.version + amended
    if contract.version != version:
        raise RefusedError("VERSION_INVALID", contract.id)


def _change_allowed(stored: Contract, contract: Contract, *, amended: bool) -> bool:
    if stored.state == "ENTWURF":
        return True
    if _differ(stored, contract, FIXED):
        return False
    if amended:
        return stored.state in {"ANGEBOTEN", "GESCHLOSSEN", "GEKUENDIGT"} and contract.state == stored.state
    return stored.state == "ANGEBOTEN" or contract.signatures == stored.signatures


def _differ(one: Contract, other: Contract, fields: tuple[str, ...]) -> bool:
    return any(getattr(one, field) != getattr(other, field) for field in fields)
