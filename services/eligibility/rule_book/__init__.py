"""The rules of the pre-check as readers need them: law, where a rule is asked, its codes with condition and sentence.

The conditions are German data beside this module, the sentences those of explanations.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from services.eligibility.engine.explanation import JOINT_LAW, LAW
from services.eligibility.engine.remedies import possible
from services.eligibility.engine.rule_sets import RuleSet
from services.eligibility.sentences import Language, words

LANGUAGES: Final[tuple[Language, ...]] = ("de", "en")
_EVIDENCE: Final = ("EVIDENCE_MISSING", "EVIDENCE_EXPIRED", "EVIDENCE_NOT_YET_VALID")

Row = tuple[str, str, str]
"""Code, outcome, condition."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a rule may find: with which verdicts, when, how a reader is told in each language, and what may help."""

    name: str
    outcomes: tuple[str, ...]
    condition: str
    sentences: Mapping[Language, str]
    remedies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``laws``: by the route to which the law applies, None for every other."""

    rule: str
    title: str
    asked: tuple[str, ...]
    laws: tuple[tuple[str | None, str], ...]
    codes: tuple[Code, ...]


@cache
def rule_texts() -> Mapping[str, Mapping[str, Any]]:
    """Return the German texts by rule, with the table of refusals and the conditions that several rules share."""
    return tomllib.loads(files(__name__).joinpath("rules.toml").read_text("utf-8"))


def rows_of(rule: str) -> list[Row]:
    """Return all codes of a rule with outcome and condition, those of the tests that all rules share at the end."""
    texts, shared = rule_texts()[rule], rule_texts()["shared"]
    rows: list[Row] = [(code, outcome, condition) for code, outcome, condition in texts.get("codes", ())]
    if examined := texts.get("examined"):
        rows.append(("NOT_EXAMINED", "NO_EVIDENCE", f"{shared['examined']}: {examined}"))
    if texts.get("evidence"):
        rows += [(code, "NO_EVIDENCE", shared[code]) for code in _EVIDENCE]
    return rows


def rules_under(rules: RuleSet) -> list[Rule]:
    """Return all rules, the values of a rule set in their conditions."""
    values = _values(rules)
    return [_rule(rule, values) for rule in LAW]


def _rule(rule: str, values: Mapping[str, str]) -> Rule:
    texts = rule_texts()[rule]
    laws: list[tuple[str | None, str]] = [(None, LAW[rule])]
    if rule in JOINT_LAW:
        laws.insert(0, ("JOINT", JOINT_LAW[rule]))
    codes = tuple(
        Code(
            name,
            tuple(outcome.split("|")),
            condition.format_map(values),
            {language: words(language)["codes"][name] for language in LANGUAGES},
            possible(name, outcome.split("|")),
        )
        for name, outcome, condition in rows_of(rule)
    )
    asked = tuple(sentence.format_map(values) for sentence in texts["asked"])
    return Rule(rule, texts["title"], asked, tuple(laws), codes)


def _values(rules: RuleSet) -> dict[str, str]:
    """Return what conditions name of a rule set."""
    return {
        "threshold": per_cent(rules.activity_threshold),
        "market": per_cent(rules.market_limit),
        "depth": str(rules.max_depth),
        "due": german_day(rules.accounts_due),
    }


def per_cent(fraction: tuple[int, int]) -> str:
    """Return a fraction as a share, exact: with the fraction itself where it is no whole number of per cent."""
    numerator, denominator = fraction
    whole, rest = divmod(100 * numerator, denominator)
    return f"{numerator}/{denominator}" if rest else f"{whole} %"


def german_day(month_and_day: str) -> str:
    """Return a day of each year as one writes it in German."""
    return f"{month_and_day[3:]}.{month_and_day[:2]}."
