"""The violations of section B4, one condition after the other."""

from collections.abc import Iterator

from tests.support.chain_oracle.days import runs, span, text
from tests.support.chain_oracle.store import (
    LEGS,
    Entry,
    binding,
    cover_of,
    covered,
    find,
    inside,
    is_successor,
    live,
    on_cycle,
    parents,
    term,
)

DATED = ("STARTS_BEFORE_PARENT", "OUTLIVES_PARENT", "GAP")
Found = tuple[str, str, str | None, str | None]


class Facts:
    """The parts of an input by id."""

    def __init__(self, given: Entry) -> None:
        """Sort the parts."""
        self.offering = given["offering"]
        self.contracts: list[Entry] = given["contracts"]
        self.accessions: list[Entry] = given["accessions"]
        self.channels: dict[str, Entry] = {entry["id"]: entry for entry in given["channels"]}
        self.orgs: dict[str, Entry] = {entry["id"]: entry for entry in given["organisations"]}
        self.inhouse: list[Entry] = given["inhouse"]

    def with_contracts(self, contracts: list[Entry]) -> "Facts":
        """Return the same with other contracts."""
        changed = object.__new__(Facts)
        changed.__dict__.update(self.__dict__, contracts=contracts)
        return changed


def violations(facts: Facts) -> list[dict[str, str | None]]:
    """Return all violations as they are answered."""
    found: set[Found] = set()
    for contract in facts.contracts:
        if live(contract):
            found.update(of_contract(facts, contract))
    for accession in facts.accessions:
        found.update((code, accession["id"], None, None) for code in of_accession(facts, accession))
    ordered = sorted(found, key=lambda item: (item[1], item[0], item[2] or ""))
    return [{"code": code, "contract": id_, "from": first, "to": last} for code, id_, first, last in ordered]


def of_accession(facts: Facts, accession: Entry) -> Iterator[str]:
    """Yield the codes of an accession."""
    if accession["valid_to"] and accession["valid_to"] < accession["valid_from"]:
        yield "TERM_INVALID"
    contract = find(facts.contracts, accession["contract"])
    if contract is None:
        yield "PARENT_UNKNOWN"
        return
    if not inside(facts.orgs[accession["org"]]["ars"], contract["territory"]):
        yield "TERRITORY_NOT_GRANTED"
    if contract["leg"] not in LEGS[1:3] or contract["passing_on"] != {"allowed": True, "act": "BEITRITT"}:
        yield "ACCESSION_NOT_POSSIBLE"


def of_contract(facts: Facts, contract: Entry) -> Iterator[Found]:
    """Yield the violations of a contract."""
    for code in (*alone(facts, contract), *in_chain(facts, contract)):
        yield code, contract["id"], None, None
    for code, (first, last) in by_days(facts, contract):
        yield code, contract["id"], text(first), text(last)


def agb_on(facts: Facts, contract: Entry, day: str) -> str | None:
    """Return the version in force for channel and leg."""
    listed = facts.channels[contract["channel"]]["agb"].get(contract["leg"], [])
    fitting = [agb for agb in listed if agb["valid_from"] <= day and (agb["valid_to"] is None or day <= agb["valid_to"])]
    return fitting[0]["version"] if fitting else None


def state_fits(contract: Entry) -> bool:
    """Return whether signatures and last days fit the state."""
    state, ends_on = contract["state"], contract["ends_on"]
    sides = [signature["side"] for signature in contract["signatures"]]
    signed = {
        "ENTWURF": len(sides) == 0,
        "ANGEBOTEN": len(sides) < 2,
    }.get(state, sides.count("grantor") == 1 and sides.count("grantee") == 1)
    ended = {
        "GEKUENDIGT": ends_on is not None,
        "BEENDET": not (ends_on is None and contract["valid_to"] is None),
    }.get(state, ends_on is None)
    return signed and ended


def alone(facts: Facts, contract: Entry) -> Iterator[str]:
    """Yield the codes that need no other contract."""
    if contract["valid_to"] and contract["valid_to"] < contract["valid_from"]:
        yield "TERM_INVALID"
    if not state_fits(contract):
        yield "STATE_INCONSISTENT"
    yield from papers(facts, contract)
    yield from of_parties(facts, contract)


def papers(facts: Facts, contract: Entry) -> Iterator[str]:
    """Yield the codes of signatures, annexes and terms."""
    channel = facts.channels[contract["channel"]]
    for signature in contract["signatures"]:
        if (
            contract[signature["side"]] == channel["anbieter"]
            and (signature["released_by"] or signature["by"]) == signature["by"]
        ):
            yield "FOUR_EYES"
    if contract["state"] != "ENTWURF":
        for annex in channel["required_annexes"].get(contract["leg"], []):
            if annex not in contract["annexes"]:
                yield "ANNEX_MISSING"
    if binding(contract) and contract["signatures"]:
        last = max(signature["on"] for signature in contract["signatures"])
        if agb_on(facts, contract, last) != contract["agb_version"]:
            yield "AGB_NOT_IN_FORCE"


def of_parties(facts: Facts, contract: Entry) -> Iterator[str]:
    """Yield the codes of the two parties."""
    channel = facts.channels[contract["channel"]]
    leg, grantor, grantee = contract["leg"], contract["grantor"], contract["grantee"]
    if grantor == grantee:
        yield "SELF_CONTRACT"
    if (leg == "BEREITSTELLUNG" and grantee != channel["anbieter"]) or (leg == "NACHNUTZUNG" and grantor != channel["anbieter"]):
        yield "ANBIETER_MISMATCH"
    if leg == "NACHNUTZUNG" and facts.orgs[grantee]["type"] not in channel["direct_types"]:
        yield "CUSTOMER_NOT_ALLOWED"


def in_house(facts: Facts, body: str, authority: str) -> int:
    """Return the days on which a body is in-house to an authority."""
    days = 0
    for entry in facts.inhouse:
        if (entry["body"], entry["authority"]) == (body, authority):
            days |= term({"valid_from": entry["from"], "valid_to": entry["to"]})
    return days


def charge_fits(facts: Facts, contract: Entry) -> bool:
    """Return whether the use may be passed on for money."""
    if facts.channels[contract["channel"]]["charge_rule"] != "FREE_OR_COMMON_BODY" or contract["charge"] != "ENTGELTLICH":
        return True
    if not contract["leg"].startswith("SUB_") or facts.orgs[contract["grantee"]]["type"] not in {"KREIS", "VERBAND", "KOMMUNE"}:
        return True
    above = [parent for parent in parents(facts.contracts, contract) if parent["leg"] == "NACHNUTZUNG"]
    if not above:
        return False
    both = in_house(facts, contract["grantor"], above[0]["grantee"]) & in_house(facts, contract["grantor"], contract["grantee"])
    return term(contract) & ~both == 0


def in_chain(facts: Facts, contract: Entry) -> Iterator[str]:
    """Yield the codes without days that look at other contracts."""
    contracts = facts.contracts
    if not charge_fits(facts, contract):
        yield "CHARGE_NOT_ALLOWED"
    if contract["continues"] is not None:
        before = find(contracts, contract["continues"])
        if before is None or not is_successor(contracts, contract, before):
            yield "SUCCESSOR_MISMATCH"
    if on_cycle(contracts, contract):
        yield "CYCLE"
    elif contract["leg"] == LEGS[0]:
        if contract["parent"] is not None:
            yield "LEG_ORDER"
    else:
        yield from under_parent(facts, contract, find(contracts, contract["parent"]))


def under_parent(facts: Facts, contract: Entry, parent: Entry | None) -> Iterator[str]:
    """Yield the codes without days of a contract that must have a parent."""
    contracts = facts.contracts
    if parent is None:
        yield "PARENT_UNKNOWN"
        return
    if LEGS.index(parent["leg"]) + 1 != LEGS.index(contract["leg"]):
        yield "LEG_ORDER"
        return
    if parent["channel"] != contract["channel"]:
        yield "CHANNEL_MIX"
    if parent["grantee"] != contract["grantor"]:
        yield "PARTY_BREAK"
    if any(above["grantee"] == contract["grantee"] for above in parents(contracts, contract)):
        yield "PARTY_REPEATED"
    above = cover_of(contracts, contract)
    if not above:
        yield "PARENT_NOT_CONCLUDED"
    for entry in above:
        if term(entry) & term(contract):
            yield from not_granted(contract, entry)


def not_granted(contract: Entry, above: Entry) -> Iterator[str]:
    """Yield what a contract above does not hold."""
    if any(service not in above["services"] for service in contract["services"]):
        yield "SERVICE_NOT_GRANTED"
    if any(code not in above["parametrisation"] for code in contract["parametrisation"]):
        yield "PARAMETRISATION_NOT_GRANTED"
    if any(not inside(ars, above["territory"]) for ars in contract["territory"]):
        yield "TERRITORY_NOT_GRANTED"
    if above["leg"] != "BEREITSTELLUNG" and not above["passing_on"]["allowed"]:
        yield "PASSING_NOT_ALLOWED"


def by_days(facts: Facts, contract: Entry) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the ranges without cover."""
    parent = find(facts.contracts, contract["parent"])
    if on_cycle(facts.contracts, contract) or contract["leg"] == LEGS[0] or parent is None:
        return
    above = cover_of(facts.contracts, contract)
    if LEGS.index(parent["leg"]) + 1 != LEGS.index(contract["leg"]) or not above:
        return
    held = covered(above)
    for first, last in runs(term(contract) & ~held):
        if held >> first == 0:
            yield "OUTLIVES_PARENT", (first, last)
        elif held & span(0, last) == 0:
            yield "STARTS_BEFORE_PARENT", (first, last)
        else:
            yield "GAP", (first, last)
