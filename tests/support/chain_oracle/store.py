"""What the rules ask of contracts, as read from JSON: states, terms, successors, cover."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.support.chain_oracle.days import last_place, place, span

Entry = dict[str, Any]
LEGS = ["BEREITSTELLUNG", "NACHNUTZUNG", "SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG"]


def live(contract: Entry) -> bool:
    """Return whether a contract is not dead."""
    return contract["state"] in {"ENTWURF", "ANGEBOTEN", "GESCHLOSSEN", "GEKUENDIGT", "BEENDET"}


def binding(contract: Entry) -> bool:
    """Return whether a contract is concluded."""
    return contract["state"] in {"GESCHLOSSEN", "GEKUENDIGT", "BEENDET"}


def end(entry: Entry) -> int:
    """Return the last day of a contract or accession."""
    return min(last_place(entry["valid_to"]), last_place(entry.get("ends_on")))


def term(entry: Entry) -> int:
    """Return the days of a contract or accession."""
    return span(place(entry["valid_from"]), end(entry))


def find(contracts: Sequence[Entry], id_: str | None) -> Entry | None:
    """Return the contract with an id."""
    return next((contract for contract in contracts if contract["id"] == id_), None)


def is_successor(contracts: Sequence[Entry], after: Entry, before: Entry) -> bool:
    """Return whether one contract is the successor of another."""
    naming = [contract for contract in contracts if live(contract) and contract["continues"] == before["id"]]
    begins = place(after["valid_from"])
    return (
        [contract["id"] for contract in naming] == [after["id"]]
        and live(before)
        and all(after[field] == before[field] for field in ("leg", "channel", "grantor", "grantee"))
        and begins > place(before["valid_from"])
        and begins > end(before)
    )


def cover(contracts: Sequence[Entry], parent: str | None, counts: Callable[[Entry], bool], timed: Sequence[Entry]) -> list[Entry]:
    """Return what a contract with a parent rests on. ``timed``: contracts that say who succeeds whom."""
    found: list[Entry] = []
    at = find(contracts, parent)
    while at is not None and counts(at):
        found.append(at)
        before = find(timed, at["id"])
        assert before is not None
        at = next((find(contracts, after["id"]) for after in timed if is_successor(timed, after, before)), None)
    return found


def cover_of(contracts: Sequence[Entry], entry: Entry, timed: Sequence[Entry] | None = None) -> list[Entry]:
    """Return the cover of a contract or accession."""
    timed = contracts if timed is None else timed
    if "org" in entry:
        return cover(contracts, entry["contract"], binding, timed)
    return cover(contracts, entry["parent"], binding if binding(entry) else live, timed)


def covered(entries: Sequence[Entry]) -> int:
    """Return all days of the terms."""
    days = 0
    for entry in entries:
        days |= term(entry)
    return days


def parents(contracts: Sequence[Entry], contract: Entry) -> list[Entry]:
    """Return the named parents above, each once."""
    found: list[Entry] = []
    at = find(contracts, contract["parent"])
    while at is not None and at not in found:
        found.append(at)
        at = find(contracts, at["parent"])
    return found


def on_cycle(contracts: Sequence[Entry], contract: Entry) -> bool:
    """Return whether the parents lead back."""
    return contract["id"] in [parent["id"] for parent in parents(contracts, contract)]


def inside(ars: str | None, territory: Sequence[str]) -> bool:
    """Return whether an ARS is inside a territory."""
    if ars is None:
        return False
    if "DE" in territory:
        return True
    return ars != "DE" and any(ars[:length] in territory for length in range(2, len(ars) + 1))


def place_of(contract: Entry) -> tuple[int, str]:
    """Return the place in lists down the chain."""
    return LEGS.index(contract["leg"]), contract["id"]
