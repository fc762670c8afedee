"""The handbook's page for lawyers: every rule of the in-house pre-check with law, conditions, codes, sentences and cases."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from deploy.generate.handbook_settings import NOTHING, table
from services.eligibility.engine.case import evaluate_case
from services.eligibility.engine.explanation import explanation
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.rule_sets import RuleSet, rule_sets
from services.eligibility.rule_book import Rule, german_day, per_cent, rule_texts, rules_under
from services.eligibility.sentences import words

CASES: Final = Path(__file__).parents[2] / "tests" / "contract" / "eligibility" / "cases"
_FROM_THE_PAGE: Final = "../../tests/contract/eligibility/cases"


def rule_tables() -> str:
    """Return a section for each rule: law, where it is asked, and a table of its codes under the rule set in force."""
    in_force = next(rules for rules in rule_sets().values() if rules.status == "in_force")
    return "\n\n".join(map(_section, rules_under(in_force)))


def _section(rule: Rule) -> str:
    other = "sonst" if len(rule.laws) > 1 else "immer"
    laws = [(other if route is None else f"Weg {route}", law) for route, law in rule.laws]
    found = [f"### {rule.rule} {rule.title}", "\n".join(rule.asked), table(("Weg", "Grundlage"), laws)]
    cases = _cases()
    rows = [
        (
            code.condition,
            f"`{code.name}`",
            ", ".join(code.outcomes),
            f"„{code.sentences['de']}“",
            ", ".join(f"`{step}`" for step in code.remedies) or NOTHING,
            ", ".join(cases[rule.rule, code.name]) or NOTHING,
        )
        for code in rule.codes
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
    ("Abschlüsse des Vorjahres erwartet ab", lambda rules: german_day(rules.accounts_due)),
    ("Vorausschau in Jahren", lambda rules: str(rules.horizon_years)),
    ("Halbschwester beim Auftrag an den Bereitsteller", lambda rules: rules.half_sister.on_first_leg),
    ("Halbschwester sonst", lambda rules: rules.half_sister.elsewhere),
    ("ausgeschlossene Arten von Stellen", _channels),
    ("SHA-256 der kanonischen Form", lambda rules: f"`{rules.sha256}`"),
)


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
