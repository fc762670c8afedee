"""The handbook's page for lawyers: every rule of the in-house pre-check with law, conditions, codes, sentences and cases."""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from deploy.generate.handbook_settings import NOTHING, table
from services.eligibility.engine.case import evaluate_case
from services.eligibility.engine.explanation import JOINT_LAW, LAW, explanation
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.remedies import possible
from services.eligibility.engine.rule_sets import RuleSet, rule_sets
from services.eligibility.sentences import words

TEXTS: Final = Path(__file__).with_name("handbook_precheck.toml")
CASES: Final = Path(__file__).parents[2] / "tests" / "contract" / "eligibility" / "cases"
_FROM_THE_PAGE: Final = "../../tests/contract/eligibility/cases"
_EVIDENCE: Final = ("EVIDENCE_MISSING", "EVIDENCE_EXPIRED", "EVIDENCE_NOT_YET_VALID")

Row = tuple[str, str, str]
"""Code, outcome, condition."""


@cache
def rule_texts() -> Mapping[str, Mapping[str, Any]]:
    """Return the German texts by rule, with the table of refusals and the conditions that several rules share."""
    return tomllib.loads(TEXTS.read_text("utf-8"))


def rows_of(rule: str) -> list[Row]:
    """Return all codes of a rule with outcome and condition, those of the tests that all rules share at the end."""
    texts, shared = rule_texts()[rule], rule_texts()["shared"]
    rows: list[Row] = [(code, outcome, condition) for code, outcome, condition in texts.get("codes", ())]
    if examined := texts.get("examined"):
        rows.append(("NOT_EXAMINED", "NO_EVIDENCE", f"{shared['examined']}: {examined}"))
    if texts.get("evidence"):
        rows += [(code, "NO_EVIDENCE", shared[code]) for code in _EVIDENCE]
    return rows


def rule_tables() -> str:
    """Return a section for each rule: law, where it is asked, and a table of its codes."""
    return "\n\n".join(_section(rule) for rule in LAW)


def _section(rule: str) -> str:
    texts, values = rule_texts()[rule], _values()
    laws = [("sonst" if rule in JOINT_LAW else "immer", LAW[rule])]
    if rule in JOINT_LAW:
        laws.insert(0, ("Weg JOINT", JOINT_LAW[rule]))
    asked = "\n".join(texts["asked"]).format_map(values)
    found = [f"### {rule} {texts['title']}", asked, table(("Weg", "Grundlage"), laws)]
    sentences, cases = words("de")["codes"], _cases()
    rows = [
        (
            condition.format_map(values),
            f"`{code}`",
            outcome.replace("|", ", "),
            f"„{sentences[code]}“",
            ", ".join(f"`{step}`" for step in possible(code, outcome.split("|"))) or NOTHING,
            ", ".join(cases[rule, code]) or NOTHING,
        )
        for code, outcome, condition in rows_of(rule)
    ]
    if rows:
        found.append(table(("Bedingung", "Code", "Ergebnis", "Satz", "Abhilfe", "Fälle"), rows))
    return "\n\n".join(found)


def remedy_table() -> str:
    """Return what every remedy means."""
    sentences = sorted(words("de")["remedies"].items())
    return table(("Abhilfe", "Satz"), [(f"`{code}`", f"„{sentence}“") for code, sentence in sentences])


def refusal_table() -> str:
    """Return the steps by which input is refused, in their order."""
    cases = _refused_cases()
    rows = [
        (step, ", ".join(f"`{code}`" for code in codes.split(", ")), condition, ", ".join(cases[codes]) or NOTHING)
        for step, codes, condition in rule_texts()["refused"]["codes"]
    ]
    return table(("Schritt", "Code", "Bedingung", "Fälle"), rows)


def rule_set_table() -> str:
    """Return what the rule sets hold, side by side."""
    sets = list(rule_sets().values())
    rows = [(name, *(value(rules) for rules in sets)) for name, value in _PARAMETERS]
    kinds = sorted({kind for rules in sets for kind in rules.accepted_evidence})
    for kind in kinds:
        accepted = (", ".join(sorted(rules.accepted_evidence.get(kind, ()))) or NOTHING for rules in sets)
        rows.append((f"Nachweise zu `{kind}`", *accepted))
    return table(("", *(f"`{rules.id}`" for rules in sets)), rows)


def _channels(rules: RuleSet) -> str:
    return "; ".join(
        f"{name}: {', '.join(sorted(channel.excluded_types)) or 'keine'}" for name, channel in rules.channels.items()
    )


_PARAMETERS: Final = (
    ("Stand", lambda rules: {"in_force": "in Kraft", "draft": "Entwurf: nie Grundlage einer Bestellung"}[rules.status]),
    ("gilt ab", lambda rules: rules.valid_from or NOTHING),
    ("gilt bis vor", lambda rules: rules.valid_to or NOTHING),
    ("übertragener Anteil: mehr als", lambda rules: per_cent(rules.activity_threshold)),
    ("offener Markt: weniger als", lambda rules: per_cent(rules.market_limit)),
    ("längste Kette von Beziehungen", lambda rules: str(rules.max_depth)),
    ("Bündler höchstens", lambda rules: str(rules.max_bundlers)),
    ("Abschlüsse des Vorjahres erwartet ab", lambda rules: _day(rules.accounts_due)),
    ("Vorausschau in Jahren", lambda rules: str(rules.horizon_years)),
    ("Halbschwester beim Auftrag an den Bereitsteller", lambda rules: rules.half_sister.on_first_leg),
    ("Halbschwester sonst", lambda rules: rules.half_sister.elsewhere),
    ("ausgeschlossene Arten von Stellen", _channels),
    ("SHA-256 der kanonischen Form", lambda rules: f"`{rules.sha256}`"),
)


def per_cent(fraction: tuple[int, int]) -> str:
    """Return a fraction as a share, exact: with the fraction itself where it is no whole number of per cent."""
    numerator, denominator = fraction
    whole, rest = divmod(100 * numerator, denominator)
    return f"{numerator}/{denominator}" if rest else f"{whole} %"


def _values() -> dict[str, str]:
    """Return what conditions name of the rule set in force; the others stand in the table of rule sets."""
    rules = next(rules for rules in rule_sets().values() if rules.status == "in_force")
    return {
        "threshold": per_cent(rules.activity_threshold),
        "market": per_cent(rules.market_limit),
        "depth": str(rules.max_depth),
        "due": _day(rules.accounts_due),
    }


def _day(month_and_day: str) -> str:
    return f"{month_and_day[3:]}.{month_and_day[:2]}."


def _files() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted(CASES.glob("*.json")):
        case = json.loads(file.read_text("utf-8"))
        yield f"[{case['id']}]({_FROM_THE_PAGE}/{file.name})", case


@cache
def _cases() -> Mapping[tuple[str, str], list[str]]:
    """Return links to the cases in which a rule has a code: where it decides in bold, in front."""
    deciding: dict[tuple[str, str], list[str]] = defaultdict(list)
    further: dict[tuple[str, str], list[str]] = defaultdict(list)
    for link, case in _files():
        if "verdict" not in case["expect"]:
            continue
        answer = evaluate_case(case)
        decides = {(rule["rule"], rule["code"]) for rule in answer.deciding}
        shown = {(result["rule"], result["code"]) for leg in explanation(answer) for result in leg["results"]}
        for key in decides:
            deciding[key].append(f"**{link}**")
        for key in shown - decides:
            further[key].append(link)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key in {*deciding, *further}:
        found[key] = [*deciding[key], *further[key]]
    return found


def _refused_cases() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for link, case in _files():
        try:
            evaluate_case(case)
        except RefusedError as refused:
            codes = next(codes for step, codes, _ in rule_texts()["refused"]["codes"] if step == str(refused.step))
            found[codes].append(link)
    return found
