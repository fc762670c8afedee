"""Inputs that must be refused: one way or more for each code of the table."""

from __future__ import annotations

import copy
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.eligibility_cases.world import Entry

Spoiler = tuple[str, "Callable[[Entry, Random], None]"]


def spoiled(case: Entry, seed: int) -> Entry:
    """Return a copy of the case with one or two faults."""
    random = Random(seed)  # noqa: S311 -- reproducible test data
    case = copy.deepcopy(case)
    for _ in range(random.choice((1, 1, 2))):
        random.choice(REFUSALS)[1](case, random)
    return case


def _some(case: Entry, random: Random, *kinds: str) -> Entry:
    fitting = [fact for fact in case["facts"] if not kinds or fact["kind"] in kinds]
    chosen: Entry = random.choice(fitting or case["facts"])
    return chosen


def _set(field: str, *values: Any, kinds: tuple[str, ...] = ()) -> Callable[[Entry, Random], None]:
    def spoil(case: Entry, random: Random) -> None:
        _some(case, random, *kinds)[field] = random.choice(values)

    return spoil


def _ask(field: str, *values: Any) -> Callable[[Entry, Random], None]:
    def spoil(case: Entry, random: Random) -> None:
        case["request"][field] = random.choice(values)

    return spoil


def _copied(**changes: object) -> Callable[[Entry, Random], None]:
    def spoil(case: Entry, random: Random) -> None:
        kinds = ("authority_status", "relation", "activity", "accreditation", "private_participation")
        case["facts"].append({**_some(case, random, *kinds), **changes})

    return spoil


def _document(field: str, *values: Any) -> Callable[[Entry, Random], None]:
    def spoil(case: Entry, random: Random) -> None:
        if case["evidence"]:
            random.choice(case["evidence"])[field] = random.choice(values)

    return spoil


def _overlay(*operations: dict[str, Any]) -> Callable[[Entry, Random], None]:
    def spoil(case: Entry, random: Random) -> None:
        case["request"]["overlay"] = [*(case["request"].get("overlay") or ()), copy.deepcopy(random.choice(operations))]

    return spoil


def _add_stored(case: Entry, random: Random) -> None:
    case["request"]["overlay"] = [{"op": "ADD", "fact": {**_some(case, random), "rev": random.choice((1, 2, 7))}}]


def _relations(case: Entry, *pairs: tuple[str, str], type_: str = "CONTROL") -> None:
    for number, (start, end) in enumerate(pairs):
        fact: Entry = {"id": f"spoil-{type_}-{number}", "kind": "relation", "type": type_, "from": start, "to": end}
        fact |= {"valid_from": None, "valid_to": "2031-01-01"}
        if type_ != "PART_OF":
            fact |= {"strategic": True, "significant": True, "all_fields": True}
        case["facts"] = [entry for entry in case["facts"] if entry["id"] != fact["id"]]
        case["facts"].append(fact)


def _three(case: Entry, random: Random) -> list[str]:
    organisations = sorted({fact["id"] for fact in case["facts"] if fact["kind"] == "organisation"})
    return random.sample(organisations, 3)


def _part_cycle(case: Entry, random: Random) -> None:
    one, two, three = _three(case, random)
    _relations(case, (one, two), (two, three), (three, one), type_="PART_OF")


def _two_owners(case: Entry, random: Random) -> None:
    one, two, three = _three(case, random)
    _relations(case, (one, three), (two, three))


def _control_cycle(case: Entry, random: Random) -> None:
    one, two, three = _three(case, random)
    _relations(case, (one, two), (two, three), (three, one))


def _self(case: Entry, random: Random) -> None:
    relation = _some(case, random, "relation")
    if relation["kind"] == "relation":
        relation["to"] = relation["from"]


def _whole(case: Entry, random: Random) -> None:
    figure = _some(case, random, "activity")
    if figure["kind"] == "activity":
        figure |= random.choice(({"total": 0, "entrusted": 0, "market": None}, {"entrusted": figure["total"], "market": 1}))


def _repeat_in_chain(case: Entry, random: Random) -> None:
    request = case["request"]
    if request["kind"] == "LEG":
        request["contractor"] = request["awarder"]
        return
    bundler = {"org": random.choice((request.get("customer", "fitko"), request.get("channel", "FITKO").lower()))}
    request["bundlers"] = random.choice(([bundler], [*(request.get("bundlers") or ()), bundler]))


def _provider_is_anbieter(case: Entry, _: Random) -> None:
    if case["request"]["kind"] == "ORDER":
        case["request"]["provider"] = case["request"].get("channel", "FITKO").lower()


def _no_anbieter(case: Entry, random: Random) -> None:
    gone = random.choice(("fitko", "govdigital"))
    case["facts"] = [fact for fact in case["facts"] if gone not in str(fact)]


IMPOSSIBLE = ("2026-02-30", "2025-02-29", "2026-13-01", "2026-00-10", "2026-04-31")
REFUSALS: tuple[Spoiler, ...] = (
    ("INVALID_FIELD", _set("colour", "red")),
    ("INVALID_FIELD", _set("type", "UNHEARD", kinds=("relation", "organisation"))),
    ("INVALID_FIELD", _set("total", 100.0, 1e3, "100", True, 2**53, None, kinds=("activity",))),
    ("INVALID_FIELD", _set("valid_from", "2026-1-1", "2026-01-01\n", 2026, "", "٢٠٢٦-01-01")),
    ("INVALID_FIELD", _set("rev", 0, 1.0, True, None, "1")),
    ("INVALID_FIELD", _set("withdrawn", None, 1, "false")),
    ("INVALID_FIELD", _set("evidence", ["a", "a"], [1], None, "ev", [""])),
    ("INVALID_FIELD", _set("id", "", " a", "-a", "a" * 101, "ä", 1)),
    ("INVALID_FIELD", _set("kind", "unheard", None)),
    ("INVALID_FIELD", _set("all_fields", "true", 1, 0, kinds=("relation",))),
    ("INVALID_FIELD", _set("share", "1000", "50,5", "50.", "1.1234567", 50, kinds=("relation",))),
    ("INVALID_FIELD", _set("parties", ["fitko"], [], ["fitko", "fitko"], kinds=("cooperation",))),
    ("INVALID_FIELD", _ask("as_of", None, "2026-3-2", 2026)),
    ("INVALID_FIELD", _ask("known_at", "2026-01-01", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00.0Z")),
    ("INVALID_FIELD", _ask("policy", {"indirect_joint": "MAYBE"}, {"unheard": 1}, None, {"accreditation": None})),
    ("INVALID_FIELD", _ask("payment", None, 1, "yes")),
    ("INVALID_FIELD", _ask("overlay", None, {}, [{"op": "END", "fact": "x"}], [{"op": "MOVE", "fact": "x", "on": "2026-01-01"}])),
    ("INVALID_FIELD", _ask("bundlers", [{"payment": True}], [{"org": "fitko", "role": "x"}], None)),
    ("INVALID_FIELD", _ask("channel", "OZG", "fitko", None)),
    ("INVALID_FIELD", _ask("kind", "OTHER", None)),
    ("INVALID_FIELD", _document("type", "UNHEARD", None)),
    ("INVALID_FIELD", _document("document_sha256", "abc", "A" * 64)),
    ("INVALID_DATE", _set("valid_from", *IMPOSSIBLE)),
    ("INVALID_DATE", _set("recorded_at", "2026-02-30T00:00:00Z", "2026-02-01T24:00:00Z", "2026-02-01T23:59:60Z")),
    ("INVALID_DATE", _set("active_since", ["2026-02-30"], kinds=("organisation",))),
    ("INVALID_DATE", _document("valid_to", *IMPOSSIBLE)),
    ("INVALID_DATE", _ask("as_of", *IMPOSSIBLE)),
    ("INVALID_DATE", _ask("known_at", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z")),
    ("INVALID_DATE", _overlay({"op": "END", "fact": "fitko", "on": "2026-02-30"})),
    ("DUPLICATE_ID", _copied()),
    ("DUPLICATE_ID", _add_stored),
    ("INVALID_INTERVAL", _set("valid_to", "1999-01-01")),
    ("INVALID_INTERVAL", lambda case, random: _some(case, random).update(valid_from="2026-01-01", valid_to="2026-01-01")),
    (
        "INVALID_INTERVAL",
        lambda case, random: (
            case["evidence"] and random.choice(case["evidence"]).update(valid_from="2026-01-02", valid_to="2026-01-01")
        ),
    ),
    ("UNKNOWN_ORGANISATION", _set("org", "nobody", kinds=("authority_status", "activity", "accreditation", "declaration"))),
    ("UNKNOWN_ORGANISATION", _set("from", "nobody", kinds=("relation",))),
    ("UNKNOWN_ORGANISATION", _set("contributors", ["nobody"], kinds=("cooperation",))),
    ("UNKNOWN_ORGANISATION", _no_anbieter),
    (
        "UNKNOWN_ORGANISATION",
        _overlay(
            {
                "op": "ADD",
                "fact": {
                    "id": "new",
                    "kind": "legal_opinion",
                    "valid_from": None,
                    "valid_to": None,
                    "org": "nobody",
                    "topic": "INDIRECT_JOINT",
                    "supports": True,
                },
            }
        ),
    ),
    ("UNKNOWN_EVIDENCE", _set("evidence", ["nothing"])),
    ("SELF_RELATION", _self),
    ("NEGATIVE_AMOUNT", _set("total", -1, kinds=("activity",))),
    ("NEGATIVE_AMOUNT", _set("covered_market", -1, kinds=("cooperation",))),
    ("ZERO_TOTAL", _whole),
    ("ZERO_TOTAL", _set("covered_total", 0, kinds=("cooperation",))),
    ("PART_EXCEEDS_TOTAL", _set("entrusted", 2**53 - 1, kinds=("activity",))),
    ("PART_EXCEEDS_TOTAL", _set("covered_market", 2**50, kinds=("cooperation",))),
    ("INVALID_SHARE", _set("share", "0", "0.0", "100.000001", "101", "000", kinds=("relation",))),
    (
        "UNKNOWN_FACT",
        _overlay({"op": "END", "fact": "nothing", "on": "2026-01-01"}, {"op": "END", "fact": "nothing", "on": "2026-02-30"}),
    ),
    ("CONTRADICTING_FACTS", _copied(id="spoil-copy")),
    ("CYCLIC_PART_OF", _part_cycle),
    ("SOLE_CONTROL_NOT_UNIQUE", _two_owners),
    ("CYCLIC_CONTROL", _control_cycle),
    ("UNKNOWN_RULE_SET", _ask("rule_set", "gwb108-1999", "")),
    ("RULE_SET_NOT_IN_FORCE", _ask("as_of", "2016-04-17", "1999-01-01")),
    ("RULE_SET_NOT_IN_FORCE", lambda case, _: case["request"].update(rule_set="gwb108-2027-draft", as_of="2026-12-31")),
    ("UNKNOWN_ORGANISATION", _ask("customer", "nobody")),
    ("CHAIN_INVALID", _repeat_in_chain),
    ("CHAIN_INVALID", _provider_is_anbieter),
)
