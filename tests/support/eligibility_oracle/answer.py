"""The core of an answer and its hash: sections 5.8, 6 and 11."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tests.support.eligibility_oracle.day import Day
from tests.support.eligibility_oracle.legs import Tested, legs_of, tested
from tests.support.eligibility_oracle.refusals import Refusal, Stored, refuse
from tests.support.eligibility_oracle.shapes import VERDICTS, Document, Fact, Request, RuleSet
from tests.support.eligibility_oracle.visible import visible

Core = dict[str, Any]


def answer_of(case: Mapping[str, Any], rule_sets: Mapping[str, RuleSet]) -> Core:
    """Return what the evaluating command prints of a case, with `changes_to`; of a refused one its `error`."""
    try:
        core = core_of(case["facts"], case["evidence"], case["request"], rule_sets)
    except Refusal as refusal:
        return {"error": str(refusal)}
    shown = {field: core[field] for field in ("verdict", "legs", "rules", "changes_on", "changes_to")}
    return {**shown, "hash": hash_of(core)}


def hash_of(core: Core) -> str:
    """Return the SHA-256 of the canonical form."""
    canonical = json.dumps(core, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def core_of(facts: list[Fact], documents: list[Document], request: Request, rule_sets: Mapping[str, RuleSet]) -> Core:
    """Return the core of the answer; raise Refusal for a refused input."""
    stored = Stored(facts, documents, request, rule_sets)
    refuse(stored)
    rule_set = rule_sets[request["rule_set"]]
    seen = stored.seen_facts()
    shown = visible(documents, request.get("known_at"))
    legs = _legs(seen, shown, request, rule_set, request["as_of"])
    overall = max(leg.rank for leg in legs)
    changes_on, changes_to = None, None
    for day in _candidates(seen, shown, request["as_of"], rule_set):
        rank = max(leg.rank for leg in _legs(seen, shown, request, rule_set, day))
        if rank != overall:
            changes_on, changes_to = day, VERDICTS[rank]
            break
    return {
        "spec": "eligibility/1",
        "rule_set": request["rule_set"],
        "request": _normalised(request),
        "verdict": VERDICTS[overall],
        "legs": [{"leg": leg.name, "verdict": VERDICTS[leg.rank]} for leg in legs],
        "rules": _deciding(legs, overall),
        "changes_on": changes_on,
        "changes_to": changes_to,
    }


def _legs(facts: list[Fact], documents: list[Document], request: Request, rule_set: RuleSet, on: str) -> list[Tested]:
    strict = request.get("policy", {}).get("indirect_joint", "STRICT") == "STRICT"
    day = Day(facts, documents, on, rule_set, strict=strict)
    anbieter = rule_set["channels"][request["channel"]]["anbieter"] if request["kind"] == "ORDER" else ""
    return [tested(day, leg, request) for leg in legs_of(request, anbieter)]


def _candidates(facts: list[Fact], documents: list[Document], as_of: str, rule_set: RuleSet) -> list[str]:
    days = {entry[end] for entry in [*facts, *documents] for end in ("valid_from", "valid_to") if entry[end]}
    for fact in facts:
        days.update(fact.get("active_since", ()))
    last = int(as_of[:4]) + rule_set["horizon_years"]
    for year in range(int(as_of[:4]), last + 1):
        days |= {f"{year:04d}-01-01", f"{year:04d}-{rule_set['accounts_due']}"}
    until = rule_set["valid_to"]
    return sorted(
        day
        for day in days
        if as_of < day <= f"{last:04d}-12-31" and rule_set["valid_from"] <= day and (until is None or day < until)
    )


def _deciding(legs: list[Tested], overall: int) -> list[dict[str, str]]:
    named = {(leg.name, rule, code) for leg in legs if leg.rank == overall for rule, code in leg.rules}
    ordered = sorted(named, key=lambda entry: (int(entry[0][1:] or "0"), int(entry[1][1:]), entry[2]))
    return [{"leg": leg, "rule": rule, "code": code} for leg, rule, code in ordered]


def _normalised(request: Request) -> dict[str, Any]:
    policy = {"indirect_joint": "STRICT", "accreditation": "IGNORE", **request.get("policy", {})}
    full = {"known_at": None, "overlay": [], "payment": True, "return_duty": False, **request, "policy": policy}
    if request["kind"] == "ORDER":
        full["bundlers"] = [{"payment": True, "return_duty": False, **bundler} for bundler in request.get("bundlers", [])]
    return full
