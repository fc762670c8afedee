"""The words all parts of the oracle use: facts as read from JSON, results as (rank, code)."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Fact = Mapping[str, Any]
Document = Mapping[str, Any]
Request = Mapping[str, Any]
RuleSet = Mapping[str, Any]

VERDICTS = ("EXEMPT", "RISK", "NO_EVIDENCE", "OUT_OF_SCOPE", "NOT_EXEMPT")
EXEMPT, RISK, NO_EVIDENCE, OUT_OF_SCOPE, NOT_EXEMPT = range(5)

SOLE = ("CONTROL", "STATUTORY_SUBSIDIARY")
JOINT = ("MEMBER", "TRAEGER", "SHAREHOLDER", "ORGAN")


class Outcome(NamedTuple):
    """One check: how bad it is (place in VERDICTS) and the code that says why."""

    rank: int
    code: str


class Result(NamedTuple):
    """One rule applied in a leg."""

    rule: str
    rank: int
    code: str


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst outcome; among equals the one that comes first."""
    return max(outcomes, key=lambda outcome: outcome.rank)


def in_interval(fact: Fact, day: str) -> bool:
    """Return whether the half-open interval of a fact or document holds `day`; ISO dates compare as strings."""
    start, end = fact["valid_from"], fact["valid_to"]
    return (start is None or start <= day) and (end is None or day < end)


def named_organisations(fact: Fact) -> list[str]:
    """Return every organisation a fact names, in the fields the rules list."""
    names = [fact[field] for field in ("from", "to", "org", "holder") if field in fact]
    for field in ("parties", "contributors"):
        names.extend(fact.get(field, ()))
    return names
