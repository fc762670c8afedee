"""The answers of sections B1, B2 and B5 to B8 to an input."""

import copy
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from tests.support.chain_oracle.days import (
    FOREVER,
    first_start,
    last_place,
    later,
    latest_receipt,
    lowest,
    notice_ends,
    place,
    text,
)
from tests.support.chain_oracle.plans import codes_of, on_day
from tests.support.chain_oracle.refusals import Refusal, refuse, unknown_name
from tests.support.chain_oracle.rules import Facts, agb_on, of_accession, violations
from tests.support.chain_oracle.store import (
    Entry,
    binding,
    cover_of,
    covered,
    end,
    find,
    live,
    on_cycle,
    place_of,
    term,
)

Answer = dict[str, Any]
TABLE = {
    "ENTWURF": ["new"],
    "ANGEBOTEN": ["new", "ENTWURF"],
    "GESCHLOSSEN": ["new", "ANGEBOTEN"],
    "GEKUENDIGT": ["GESCHLOSSEN"],
    "BEENDET": ["GESCHLOSSEN", "GEKUENDIGT"],
    "ABGELEHNT": ["new", "ANGEBOTEN"],
    "ZURUECKGEZOGEN": ["ENTWURF", "ANGEBOTEN"],
    "VERFALLEN": ["ANGEBOTEN"],
    "NICHTIG": ["GESCHLOSSEN", "GEKUENDIGT", "BEENDET"],
}
NEVER = ("leg", "channel", "grantor", "grantee", "parent", "continues", "valid_from")
LIFE = ("id", "version", "state", "ends_on", "signatures")


def answers_of(given: Any) -> Answer:
    """Return ``answers`` or ``error``."""
    try:
        refuse(given)
    except Refusal as refusal:
        return refusal.as_answer()
    facts = Facts(copy.deepcopy(given))
    found = []
    for question in given["questions"]:
        try:
            found.append(ASK[question["type"]](facts, question))
        except Refusal as refusal:
            found.append(refusal.as_answer())
    return {"answers": found}


def ask_violations(facts: Facts, _: Entry) -> Answer:
    """VIOLATIONS."""
    return {"violations": violations(facts)}


def ask_write(facts: Facts, question: Entry) -> Answer:
    """WRITE."""
    new = question["contract"]
    id_ = new["id"]
    if id_ in [accession["id"] for accession in facts.accessions]:
        raise Refusal("ID_DUPLICATE", id_)
    unknown_name(new, facts.channels, facts.orgs)
    old = find(facts.contracts, id_)
    if old is None:
        if "new" not in TABLE[new["state"]]:
            raise Refusal("CONTRACT_ILLEGAL_TRANSITION", id_)
        version = 1
    else:
        if new["state"] not in {old["state"], *(state for state, origins in TABLE.items() if old["state"] in origins)}:
            raise Refusal("CONTRACT_ILLEGAL_TRANSITION", id_)
        changed = {field for field in new if new[field] != old[field]}
        amended = bool(changed.difference(NEVER, LIFE))
        if old["state"] != "ENTWURF":
            frozen = bool(changed.intersection(NEVER))
            frozen |= amended and ("state" in changed or old["state"] not in {"ANGEBOTEN", "GESCHLOSSEN", "GEKUENDIGT"})
            frozen |= not amended and "signatures" in changed and old["state"] != "ANGEBOTEN"
            if frozen:
                raise Refusal("CONTRACT_IMMUTABLE", id_)
        version = old["version"] + 1 if amended else old["version"]
    if new["version"] != version:
        raise Refusal("VERSION_INVALID", id_)
    before = violations(facts)
    after = violations(facts.with_contracts([*(item for item in facts.contracts if item["id"] != id_), new]))
    concluded = binding(new) and (old is None or not binding(old))
    added = [item for item in after if item not in before or (concluded and item["contract"] == id_)]
    return {"accepted": added == [], "violations": added}


def check_use(facts: Facts, question: Entry) -> None:
    """Refuse a question of completeness that names what there is not."""
    if question["org"] not in facts.orgs:
        raise Refusal("ORGANISATION_UNKNOWN", question["org"])
    if facts.orgs[question["org"]]["ars"] is None:
        raise Refusal("ARS_UNKNOWN", question["org"])
    if question["channel"] is not None and question["channel"] not in facts.channels:
        raise Refusal("CHANNEL_UNKNOWN", question["channel"])


def ask_complete(facts: Facts, question: Entry) -> Answer:
    """COMPLETE."""
    check_use(facts, question)
    return on_day(facts, question, question["on"], codes_of(facts))


def ask_timeline(facts: Facts, question: Entry) -> Answer:
    """TIMELINE, asked for every single day."""
    if question["from"] > question["to"]:
        raise Refusal("PERIOD_INVALID", None)
    check_use(facts, question)
    codes = codes_of(facts)
    found: list[dict[str, Any]] = []
    day = date.fromisoformat(question["from"])
    while day.isoformat() <= question["to"]:
        answer = on_day(facts, question, day.isoformat(), codes)
        best = next(entry["status"] for entry in answer["channels"] if entry["channel"] == answer["best"])
        if found and found[-1]["status"] == best:
            found[-1]["to"] = day.isoformat()
        else:
            found.append({"from": day.isoformat(), "to": day.isoformat(), "status": best})
        day += timedelta(days=1)
    return {"timeline": found}


def ask_notice(facts: Facts, question: Entry) -> Answer:
    """NOTICE."""
    contract, last = noticed(facts, question)
    id_, received = contract["id"], date.fromisoformat(question["received_on"])
    answer: Answer = {"contract": id_, "effect": "NO_EFFECT", "last_day": text(end(contract))}
    lists: dict[str, list[Any]] = {"cascade": [], "offers_to_withdraw": [], "accessions_ending": []}
    if end(contract) <= place(last):
        return answer | lists
    now = copy.deepcopy(facts.contracts)
    named = find(now, id_)
    assert named is not None
    named["ends_on"] = last
    ended = run_down(facts, now)
    for item in sorted(now, key=place_of):
        if item["id"] in ended:
            lists["cascade"].append(cascade_row(item, received))
        elif item["state"] == "GONE":
            lists["offers_to_withdraw"].append(item["id"])
    lists["offers_to_withdraw"].sort()
    for accession in sorted(facts.accessions, key=lambda item: str(item["id"])):
        day = first_lost(facts.contracts, now, accession, term(accession))
        if day is not None and not list(of_accession(facts, accession)):
            lists["accessions_ending"].append({"accession": accession["id"], "last_day": text(day - 1)})
    return {"contract": id_, "effect": "TERMINATED", "last_day": last, **lists}


def noticed(facts: Facts, question: Entry) -> tuple[Entry, str]:
    """Return the contract and its last day by the notice."""
    contract = find(facts.contracts, question["contract"])
    if contract is None:
        raise Refusal("CONTRACT_UNKNOWN", question["contract"])
    id_ = contract["id"]
    if contract["state"] not in {"GESCHLOSSEN", "GEKUENDIGT"}:
        raise Refusal("CONTRACT_ILLEGAL_TRANSITION", id_)
    received = date.fromisoformat(question["received_on"])
    if question["last_day"] is not None:
        if question["last_day"] < question["received_on"]:
            raise Refusal("NOTICE_DATE_INVALID", id_)
        return contract, question["last_day"]
    if contract["notice"] is None:
        raise Refusal("NOTICE_NOT_ALLOWED", id_)
    return contract, notice_ends(received, contract["notice"]["months"], contract["notice"]["to"]).isoformat()


def first_lost(before: list[Entry], now: list[Entry], entry: Entry, days: int) -> int | None:
    """Return the first of the days that was covered before and is no longer."""
    lost = days & covered(cover_of(before, entry)) & ~covered(cover_of(now, entry, before))
    return lowest(lost) if lost else None


def run_down(facts: Facts, now: list[Entry]) -> set[str]:
    """End what rests on what has ended, one contract at a time, until nothing changes; return what was ended."""
    ended: set[str] = set()
    for _ in range(len(now) ** 2 + 1):
        for old, item in zip(facts.contracts, now, strict=True):
            if not live(item) or item["parent"] is None or on_cycle(facts.contracts, old):
                continue
            day = first_lost(facts.contracts, now, old, term(item))
            if day is not None:
                break
        else:
            return ended
        if binding(item):
            item["ends_on"] = text(day - 1)
            ended.add(item["id"])
        else:
            item["state"] = "GONE"
    raise AssertionError("the cascade does not come to an end")


def cascade_row(item: Entry, received: date) -> Answer:
    """Return the row of a contract that ends with its cover."""
    last, by, late = date.fromisoformat(item["ends_on"]), None, 0
    if item["notice"] is not None:
        latest = latest_receipt(last, item["notice"]["months"], item["notice"]["to"])
        by, late = latest.isoformat(), max((received - latest).days, 0)
    return {
        "contract": item["id"],
        "last_day": item["ends_on"],
        "never_begins": item["ends_on"] < item["valid_from"],
        "notify": item["grantee"],
        "notify_by": by,
        "late_days": late,
    }


def ask_price_change(facts: Facts, question: Entry) -> Answer:
    """PRICE_CHANGE."""
    named = find(facts.contracts, question["contract"])
    if named is None:
        raise Refusal("CONTRACT_UNKNOWN", question["contract"])
    if question["effective_from"] < question["issued_on"]:
        raise Refusal("COST_INFO_RETROACTIVE", named["id"])
    if not binding(named) or not term(named) or end(named) < place(question["effective_from"]):
        raise Refusal("PRICE_CHANGE_NOT_POSSIBLE", named["id"])
    rows: list[Answer] = []
    for contract in sorted(facts.contracts, key=place_of):
        if not binding(contract) or not term(contract) or on_cycle(facts.contracts, contract):
            continue
        starts = place(contract["valid_from"])
        reaches = reaches_of(facts, contract, rows)
        if contract["id"] == named["id"]:
            reaches = [max(place(question["effective_from"]), starts)]
        if reaches:
            rows.append(price_row(contract, min(reaches), date.fromisoformat(question["issued_on"])))
    return {"price_change": rows}


def reaches_of(facts: Facts, contract: Entry, rows: list[Answer]) -> list[int]:
    """Return the days on which contracts above pass a new price on."""
    found = []
    for above in cover_of(facts.contracts, contract):
        for row in rows:
            if row["contract"] == above["id"] and row["effective_from"]:
                day = max(place(row["effective_from"]), place(contract["valid_from"]))
                if term(above) & term(contract) & (1 << day):
                    found.append(day)
    return found


def price_row(contract: Entry, reach: int, issued: date) -> Answer:
    """Return the row of a contract that a price reaches on a day."""
    row: Answer = {"contract": contract["id"], "effective_from": None, "borne_by": None, "borne_from": None, "borne_to": None}
    new = FOREVER
    if contract["charge"] == "ENTGELTLICH":
        agreed = contract["price_notice"]
        day = max(date.fromisoformat(text(reach) or ""), later(issued, agreed["months"]))
        new = place(first_start(day, agreed["from"]).isoformat())
    if new <= end(contract) and new != FOREVER:
        row["effective_from"] = text(new)
    if row["effective_from"] is None or new != reach:
        last = end(contract) if row["effective_from"] is None else new - 1
        row |= {"borne_by": contract["grantor"], "borne_from": text(reach), "borne_to": text(last)}
    return row


def ask_agb_change(facts: Facts, question: Entry) -> Answer:
    """AGB_CHANGE."""
    day = question["on"]
    outdated = [contract for contract in sorted(facts.contracts, key=place_of) if is_outdated(facts, contract, day)]
    rows = []
    for contract in outdated:
        last = end(contract)
        if contract["notice"] is not None:
            ends = notice_ends(date.fromisoformat(day), contract["notice"]["months"], contract["notice"]["to"])
            last = min(last, last_place(ends.isoformat()))
        rows.append(
            {
                "contract": contract["id"],
                "from_version": contract["agb_version"],
                "to_version": agb_on(facts, contract, day),
                "offer_by": contract["grantor"],
                "consent_by": contract["grantee"],
                "waits_for": contract["parent"] if contract["parent"] in [item["id"] for item in outdated] else None,
                "earliest_end": text(last),
            }
        )
    return {"agb_change": rows}


def is_outdated(facts: Facts, contract: Entry, day: str) -> bool:
    """Return whether an older version of the terms is agreed than is in force on the day."""
    new = agb_on(facts, contract, day)
    if not binding(contract) or not term(contract) or end(contract) < place(day) or new is None:
        return False
    listed = [agb["version"] for agb in facts.channels[contract["channel"]]["agb"][contract["leg"]]]
    older = listed[: listed.index(new)]
    return contract["agb_version"] not in listed or contract["agb_version"] in older


ASK: dict[str, Callable[[Facts, Entry], Answer]] = {
    "VIOLATIONS": ask_violations,
    "WRITE": ask_write,
    "COMPLETE": ask_complete,
    "TIMELINE": ask_timeline,
    "NOTICE": ask_notice,
    "PRICE_CHANGE": ask_price_change,
    "AGB_CHANGE": ask_agb_change,
}
