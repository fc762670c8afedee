"""The refusals of section 4, one function a step, in the order of the table."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from tests.support.eligibility_oracle.day import Day
from tests.support.eligibility_oracle.shapes import JOINT, SOLE, Document, Fact, Request, RuleSet, named_organisations
from tests.support.eligibility_oracle.visible import added, ends, visible, with_overlay

SCHEMA = json.loads(Path(__file__).with_name("case.schema.json").read_text(encoding="utf-8"))
NO_EVIDENCE_ASKED = ("organisation", "accreditation")


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer
    """A refused input; its text is the code."""


class Stored:
    """What all steps look at: the case as given."""

    def __init__(self, facts: list[Fact], documents: list[Document], request: Request, rule_sets: Mapping[str, RuleSet]) -> None:
        """Keep the parts of the case."""
        self.facts = facts
        self.documents = documents
        self.request = request
        self.rule_sets = rule_sets

    def every_fact(self) -> list[Fact]:
        """Return all stored revisions and what the overlay adds."""
        return [*self.facts, *added(self.request)]

    def visible_facts(self) -> list[Fact]:
        """Return what is visible, without the overlay."""
        return visible(self.facts, self.request.get("known_at"))

    def seen_facts(self) -> list[Fact]:
        """Return what is visible, with the overlay."""
        return with_overlay(self.visible_facts(), self.request)

    @cached_property
    def days(self) -> list[Day]:
        """Each day on which the validity of a seen fact may change, and the first day of all."""
        seen = self.seen_facts()
        days = {date.min.isoformat()} | {fact[end] for fact in seen for end in ("valid_from", "valid_to") if fact[end]}
        return [Day(seen, [], day, {}, strict=True) for day in sorted(days)]


def refuse(stored: Stored) -> None:
    """Raise Refusal with the code of the first step that fails."""
    for code, fails in STEPS:
        if fails(stored):
            raise Refusal(code)


def _pattern(_: object, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


VALIDATOR = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def _has_float(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_float(entry) for entry in value.values())
    if isinstance(value, list):
        return any(_has_float(entry) for entry in value)
    return isinstance(value, float)


def _inlined(schema: Any) -> Any:
    """Return a schema with each reference replaced by what it names: following them takes most of the time."""
    if isinstance(schema, list):
        return [_inlined(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(
            SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")] | {k: v for k, v in schema.items() if k != "$ref"}
        )
    return {key: _inlined(entry) for key, entry in schema.items()}


@cache
def _validators(definition: str) -> tuple[Any, dict[str, Any]]:
    """Return what looks at a value but not into its properties, and what looks at each property."""
    schema = _inlined(SCHEMA["$defs"][definition])
    properties = schema.get("properties", {})
    around = VALIDATOR(schema | {"properties": dict.fromkeys(properties, True)})
    return around, {name: VALIDATOR(entry) for name, entry in properties.items()}


@lru_cache(maxsize=16384)
def _valid_property(text: str, definition: str, name: str) -> bool:
    return bool(_validators(definition)[1][name].is_valid(json.loads(text)))


@lru_cache(maxsize=4096)
def _valid_text(text: str, definition: str) -> bool:
    value = json.loads(text)
    around, properties = _validators(definition)
    if not around.is_valid(value):
        return False
    looked_into = value.items() if isinstance(value, dict) else ()
    return all(_valid_property(json.dumps(entry), definition, name) for name, entry in looked_into if name in properties)


def _valid(value: object, definition: str) -> bool:
    """Return whether a value fits a definition of the schema; the same value or property of one is looked at once."""
    return _valid_text(json.dumps(value), definition)


def _valid_fact(fact: Any) -> bool:
    """Return whether a fact fits the one definition of its kind and type; asking all eleven takes ten times as long."""
    if not isinstance(fact, dict):
        return False
    kind = fact.get("kind")
    if kind == "relation":
        type_ = fact.get("type")
        kind = "soleRelation" if type_ in SOLE else "jointRelation" if type_ in JOINT else "partOf"
        return _valid(fact, kind)
    definitions = {
        "organisation": "organisation",
        "authority_status": "authorityStatus",
        "activity": "activity",
        "private_participation": "privateParticipation",
        "declaration": "declaration",
        "accreditation": "accreditation",
        "cooperation": "cooperation",
        "legal_opinion": "legalOpinion",
    }
    return isinstance(kind, str) and kind in definitions and _valid(fact, definitions[kind])


def _invalid_field(stored: Stored) -> bool:
    facts, documents = stored.facts, stored.documents
    if _has_float([facts, documents, stored.request]):
        return True
    entries_fit = all(_valid_fact(fact) for fact in facts) and all(_valid(document, "evidence") for document in documents)
    return not (facts and entries_fit and _valid(stored.request, "request"))


def _impossible(value: str | None) -> bool:
    if value is None:
        return False
    try:
        if "T" in value:
            datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007 -- only whether it exists
        else:
            date.fromisoformat(value)
    except ValueError:
        return True
    return False


def _invalid_date(stored: Stored) -> bool:
    for entry in [*stored.every_fact(), *stored.documents]:
        values = [entry["valid_from"], entry["valid_to"], entry.get("recorded_at"), *entry.get("active_since", ())]
        if any(_impossible(value) for value in values):
            return True
    return False


def _duplicate_id(stored: Stored) -> bool:
    for entries in (stored.every_fact(), stored.documents):
        keys = [(entry["id"], entry.get("rev", 1)) for entry in entries]
        if len(set(keys)) < len(keys):
            return True
    return False


def _invalid_interval(stored: Stored) -> bool:
    return any(
        entry["valid_from"] is not None and entry["valid_to"] is not None and entry["valid_to"] <= entry["valid_from"]
        for entry in [*stored.every_fact(), *stored.documents]
    )


def _described(stored: Stored) -> set[str]:
    return {fact["id"] for fact in stored.every_fact() if fact["kind"] == "organisation"}


def _unknown_organisation(stored: Stored) -> bool:
    described = _described(stored)
    return any(org not in described for fact in stored.every_fact() for org in named_organisations(fact))


def _unknown_evidence(stored: Stored) -> bool:
    listed = {document["id"] for document in stored.documents}
    return any(
        cited not in listed
        for fact in stored.every_fact()
        if fact["kind"] not in NO_EVIDENCE_ASKED and fact.get("type") != "PART_OF"
        for cited in fact.get("evidence", ())
    )


def _self_relation(stored: Stored) -> bool:
    return any(fact["kind"] == "relation" and fact["from"] == fact["to"] for fact in stored.every_fact())


def _amounts(fact: Fact) -> dict[str, int]:
    fields = ("total", "entrusted", "market", "covered_total", "covered_market")
    return {field: fact[field] for field in fields if fact.get(field) is not None}


def _negative_amount(stored: Stored) -> bool:
    return any(amount < 0 for fact in stored.every_fact() for amount in _amounts(fact).values())


def _zero_total(stored: Stored) -> bool:
    return any(_amounts(fact).get(field) == 0 for fact in stored.every_fact() for field in ("total", "covered_total"))


def _part_exceeds_total(stored: Stored) -> bool:
    for fact in stored.every_fact():
        if fact["kind"] == "activity" and fact["entrusted"] + (fact.get("market") or 0) > fact["total"]:
            return True
        if fact["kind"] == "cooperation" and fact["covered_market"] > fact["covered_total"]:
            return True
    return False


def _invalid_share(stored: Stored) -> bool:
    for fact in stored.every_fact():
        share = fact.get("share")
        if share is not None:
            whole, _, decimals = share.partition(".")
            millionths = int(whole) * 10**6 + int(decimals.ljust(6, "0") or "0")
            if not 0 < millionths <= 100 * 10**6:
                return True
    return False


def _added_twice(stored: Stored) -> bool:
    identifiers = [fact["id"] for fact in added(stored.request)]
    return len(set(identifiers)) < len(identifiers) or any(fact["id"] in identifiers for fact in stored.facts)


def _impossible_end(stored: Stored) -> bool:
    return any(_impossible(day) for _, day in ends(stored.request))


def _unknown_fact(stored: Stored) -> bool:
    there = {fact["id"] for fact in [*stored.visible_facts(), *added(stored.request)]}
    return any(identifier not in there for identifier, _ in ends(stored.request))


def _key(fact: Fact) -> tuple[Any, ...] | None:
    kind = fact["kind"]
    if kind == "relation" and fact["type"] == "PART_OF":
        return (kind, "PART_OF", fact["from"])
    fields = {
        "authority_status": ("org",),
        "relation": ("type", "from", "to"),
        "activity": ("org", "year", "basis", "scope", "status"),
        "accreditation": ("org", "anbieter", "role"),
        "private_participation": ("org", "holder"),
    }.get(kind)
    return None if fields is None else (kind, *(fact[field] for field in fields))


def _overlap(one: Fact, other: Fact) -> bool:
    first = max(one["valid_from"] or date.min.isoformat(), other["valid_from"] or date.min.isoformat())
    last = min(one["valid_to"] or "9999-99-99", other["valid_to"] or "9999-99-99")
    return first < last


def _contradicting_facts(stored: Stored) -> bool:
    keyed = [(key, fact) for fact in stored.seen_facts() if (key := _key(fact)) is not None]
    return any(
        key == other_key and _overlap(fact, other)
        for place, (key, fact) in enumerate(keyed)
        for other_key, other in keyed[place + 1 :]
    )


def _cycle(arcs: list[tuple[str, str]]) -> bool:
    def reached(node: str, via: frozenset[str]) -> bool:
        return any(end in via or reached(end, via | {end}) for start, end in arcs if start == node)

    return any(reached(start, frozenset({start})) for start, _ in arcs)


def _cyclic_part_of(stored: Stored) -> bool:
    return any(
        _cycle([(fact["from"], fact["to"]) for fact in day.of_kind("relation") if fact["type"] == "PART_OF"])
        for day in stored.days
    )


def _sole(day: Day) -> list[tuple[str, str]]:
    return [(start, end) for start, end, fact in day.edges if fact["type"] in SOLE]


def _sole_control_not_unique(stored: Stored) -> bool:
    for day in stored.days:
        sole = _sole(day)
        if any(end == target and start != owner for start, end in sole for owner, target in sole):
            return True
    return False


def _cyclic_control(stored: Stored) -> bool:
    return any(_cycle(_sole(day)) for day in stored.days)


def _impossible_request(stored: Stored) -> bool:
    return _impossible(stored.request["as_of"]) or _impossible(stored.request.get("known_at"))


def _unknown_rule_set(stored: Stored) -> bool:
    return stored.request["rule_set"] not in stored.rule_sets


def _not_in_force(stored: Stored) -> bool:
    rule_set = stored.rule_sets[stored.request["rule_set"]]
    start, end = rule_set["valid_from"], rule_set["valid_to"]
    day = stored.request["as_of"]
    return day < start or (end is not None and day >= end)


def _order_chain(stored: Stored) -> list[str]:
    request = stored.request
    channel = stored.rule_sets[request["rule_set"]]["channels"][request["channel"]]
    return [channel["anbieter"], *(bundler["org"] for bundler in request.get("bundlers", ())), request["customer"]]


def _unknown_in_request(stored: Stored) -> bool:
    request = stored.request
    if request["kind"] == "LEG":
        named = [request["awarder"], request["contractor"]]
    else:
        named = [*_order_chain(stored), request["provider"]]
    return any(org not in _described(stored) for org in named)


def _chain_invalid(stored: Stored) -> bool:
    request = stored.request
    if request["kind"] == "LEG":
        return bool(request["awarder"] == request["contractor"])
    chain = _order_chain(stored)
    too_many = len(request.get("bundlers", ())) > stored.rule_sets[request["rule_set"]]["max_bundlers"]
    return len(set(chain)) < len(chain) or request["provider"] == chain[0] or too_many


STEPS: tuple[tuple[str, Callable[[Stored], bool]], ...] = (
    ("INVALID_FIELD", _invalid_field),
    ("INVALID_DATE", _invalid_date),
    ("DUPLICATE_ID", _duplicate_id),
    ("INVALID_INTERVAL", _invalid_interval),
    ("UNKNOWN_ORGANISATION", _unknown_organisation),
    ("UNKNOWN_EVIDENCE", _unknown_evidence),
    ("SELF_RELATION", _self_relation),
    ("NEGATIVE_AMOUNT", _negative_amount),
    ("ZERO_TOTAL", _zero_total),
    ("PART_EXCEEDS_TOTAL", _part_exceeds_total),
    ("INVALID_SHARE", _invalid_share),
    ("DUPLICATE_ID", _added_twice),
    ("INVALID_DATE", _impossible_end),
    ("UNKNOWN_FACT", _unknown_fact),
    ("CONTRADICTING_FACTS", _contradicting_facts),
    ("CYCLIC_PART_OF", _cyclic_part_of),
    ("SOLE_CONTROL_NOT_UNIQUE", _sole_control_not_unique),
    ("CYCLIC_CONTROL", _cyclic_control),
    ("INVALID_DATE", _impossible_request),
    ("UNKNOWN_RULE_SET", _unknown_rule_set),
    ("RULE_SET_NOT_IN_FORCE", _not_in_force),
    ("UNKNOWN_ORGANISATION", _unknown_in_request),
    ("CHAIN_INVALID", _chain_invalid),
)
