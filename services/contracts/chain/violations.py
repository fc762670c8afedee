"""Which rules contracts and accessions break (VIOLATIONS)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from services.contracts.chain.contract import LEGS, Accession, Contract
from services.contracts.chain.days import Interval, shown, uncovered
from services.contracts.chain.world import World, inside

WITH_DAYS: Final = frozenset({"STARTS_BEFORE_PARENT", "OUTLIVES_PARENT", "GAP"})
_SUB_LEGS: Final = ("SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG")
_MUNICIPAL: Final = ("KREIS", "VERBAND", "KOMMUNE")


class Violation(NamedTuple):
    """A rule that is broken. ``contract`` is the id of the contract or accession, ``days`` only for codes of WITH_DAYS."""

    contract: str
    code: str
    days: Interval | None = None

    def as_json(self) -> dict[str, str | None]:
        """Return it as it is answered."""
        first, last = (None, None) if self.days is None else (self.days.first, shown(self.days.last))
        return {"code": self.code, "contract": self.contract, "from": first, "to": last}


def violations(world: World) -> list[Violation]:
    """Return the violations of all live contracts and all accessions by contract, code and day."""
    found = {item for contract in world.chain.contracts.values() if contract.live for item in of_contract(world, contract)}
    found |= {item for accession in world.accessions for item in of_accession(world, accession)}
    return sorted(found)


def of_contract(world: World, contract: Contract) -> Iterator[Violation]:
    """Yield the violations of a live contract."""
    for code in (*_by_itself(world, contract), *_of_its_place(world, contract)):
        yield Violation(contract.id, code)
    if _has_place(world, contract):
        yield from _by_its_cover(world, contract)


def of_accession(world: World, accession: Accession) -> Iterator[Violation]:
    """Yield the violations of an accession."""
    if accession.term.empty:
        yield Violation(accession.id, "TERM_INVALID")
    contract = world.chain.contracts.get(accession.contract)
    if contract is None:
        yield Violation(accession.id, "PARENT_UNKNOWN")
        return
    if not inside(world.organisations[accession.org].ars, contract.territory):
        yield Violation(accession.id, "TERRITORY_NOT_GRANTED")
    passes_on = contract.leg in {"NACHNUTZUNG", "SUB_NACHNUTZUNG"} and contract.passing_on.allowed
    if not passes_on or contract.passing_on.act != "BEITRITT":
        yield Violation(accession.id, "ACCESSION_NOT_POSSIBLE")


def _by_itself(world: World, contract: Contract) -> Iterator[str]:
    channel = world.channels[contract.channel]
    if contract.valid_to is not None and contract.valid_to < contract.valid_from:
        yield "TERM_INVALID"
    if not _state_fits(contract):
        yield "STATE_INCONSISTENT"
    if any(
        contract.party(signature.side) == channel.anbieter and signature.released_by in {None, signature.by}
        for signature in contract.signatures
    ):
        yield "FOUR_EYES"
    if contract.state != "ENTWURF" and not set(channel.required_annexes.get(contract.leg, ())) <= set(contract.annexes):
        yield "ANNEX_MISSING"
    if contract.binding and contract.signatures:
        signed = max(signature.on for signature in contract.signatures)
        if contract.agb_version != channel.agb_on(contract.leg, signed):
            yield "AGB_NOT_IN_FORCE"
    if contract.grantor == contract.grantee:
        yield "SELF_CONTRACT"
    anbieter = {"BEREITSTELLUNG": contract.grantee, "NACHNUTZUNG": contract.grantor}.get(contract.leg)
    if anbieter not in {None, channel.anbieter}:
        yield "ANBIETER_MISMATCH"
    if contract.leg == "NACHNUTZUNG" and world.organisations[contract.grantee].type not in channel.direct_types:
        yield "CUSTOMER_NOT_ALLOWED"


def _state_fits(contract: Contract) -> bool:
    sides = sorted(signature.side for signature in contract.signatures)
    match contract.state:
        case "ENTWURF":
            return not sides and contract.ends_on is None
        case "ANGEBOTEN":
            return len(sides) <= 1 and contract.ends_on is None
    if sides != ["grantee", "grantor"]:
        return False
    match contract.state:
        case "GESCHLOSSEN":
            return contract.ends_on is None
        case "GEKUENDIGT":
            return contract.ends_on is not None
        case _:
            return contract.ends_on is not None or contract.valid_to is not None


def _of_its_place(world: World, contract: Contract) -> Iterator[str]:
    if not _charge_allowed(world, contract):
        yield "CHARGE_NOT_ALLOWED"
    if contract.continues is not None and world.chain.successors.get(contract.continues) != contract.id:
        yield "SUCCESSOR_MISMATCH"
    parent = world.chain.parent_of(contract)
    if contract.id in world.chain.cycles:
        yield "CYCLE"
    elif _leg_breaks(contract, parent):
        yield "LEG_ORDER"
    elif contract.leg != "BEREITSTELLUNG" and parent is None:
        yield "PARENT_UNKNOWN"


def _charge_allowed(world: World, contract: Contract) -> bool:
    if (
        world.channels[contract.channel].charge_rule == "ALLOWED"
        or contract.charge == "ENTGELTFREI"
        or contract.leg not in _SUB_LEGS
        or world.organisations[contract.grantee].type not in _MUNICIPAL
    ):
        return True
    above = next((parent for parent in world.chain.named_parents(contract) if parent.leg == "NACHNUTZUNG"), None)
    return above is not None and (
        not contract.begins
        or all(world.is_inhouse(contract.grantor, body, contract.term) for body in (above.grantee, contract.grantee))
    )


def _leg_breaks(contract: Contract, parent: Contract | None) -> bool:
    if contract.leg == "BEREITSTELLUNG":
        return contract.parent is not None
    return parent is not None and LEGS.index(parent.leg) + 1 != LEGS.index(contract.leg)


def _has_place(world: World, contract: Contract) -> bool:
    """Return whether the contract stands below the leg that it must stand below, on no cycle."""
    parent = world.chain.parent_of(contract)
    return (
        contract.leg != "BEREITSTELLUNG"
        and parent is not None
        and contract.id not in world.chain.cycles
        and not _leg_breaks(contract, parent)
    )


def _by_its_cover(world: World, contract: Contract) -> Iterator[Violation]:
    parents = list(world.chain.named_parents(contract))
    if parents[0].channel != contract.channel:
        yield Violation(contract.id, "CHANNEL_MIX")
    if parents[0].grantee != contract.grantor:
        yield Violation(contract.id, "PARTY_BREAK")
    if contract.grantee in {parent.grantee for parent in parents}:
        yield Violation(contract.id, "PARTY_REPEATED")
    cover = world.chain.cover_of(contract)
    if not cover:
        yield Violation(contract.id, "PARENT_NOT_CONCLUDED")
    elif contract.begins:
        yield from _by_days(contract, [item.term for item in cover if item.begins])
        for code in _not_granted(contract, cover):
            yield Violation(contract.id, code)


def _by_days(contract: Contract, terms: list[Interval]) -> Iterator[Violation]:
    first = min((term.first for term in terms), default="")
    last = max((term.last for term in terms), default="")
    for days in uncovered(contract.term, terms):
        code = "OUTLIVES_PARENT" if days.first > last else "STARTS_BEFORE_PARENT" if days.last < first else "GAP"
        yield Violation(contract.id, code, days)


def _not_granted(contract: Contract, cover: list[Contract]) -> Iterator[str]:
    for above in cover:
        if above.term.common(contract.term).empty:
            continue
        if not set(contract.services) <= set(above.services):
            yield "SERVICE_NOT_GRANTED"
        if not set(contract.parametrisation) <= set(above.parametrisation):
            yield "PARAMETRISATION_NOT_GRANTED"
        if not all(inside(ars, above.territory) for ars in contract.territory):
            yield "TERRITORY_NOT_GRANTED"
        if above.leg != "BEREITSTELLUNG" and not above.passing_on.allowed:
            yield "PASSING_NOT_ALLOWED"
