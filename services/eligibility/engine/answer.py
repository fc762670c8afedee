"""The answer: its core with the hash, and the explanation beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from services.eligibility.engine.day import Day
from services.eligibility.engine.leg import LegFound
from services.eligibility.engine.rule_sets import RuleSet
from services.eligibility.engine.verdicts import Verdict
from shared.canonical_json import digest

SPEC: Final = "eligibility/1"


def deciding_of(legs: Iterable[LegFound], verdict: Verdict) -> list[dict[str, str]]:
    """Return the rules that decide, of all legs that have the overall verdict."""
    found = {
        (leg.asked.number, int(result.rule[1:]), result.code): {
            "leg": leg.asked.name,
            "rule": result.rule,
            "code": result.code,
        }
        for leg in legs
        if leg.verdict is verdict
        for result in leg.deciding
    }
    return [found[key] for key in sorted(found)]


@dataclass(frozen=True)
class Answer:
    """What was found for a request. ``change`` is the next day on which the verdict is another, with that verdict."""

    request: Mapping[str, Any]
    rules: RuleSet
    day: Day
    legs: tuple[LegFound, ...]
    verdict: Verdict
    change: tuple[str, Verdict] | None

    @property
    def deciding(self) -> list[dict[str, str]]:
        """The rules that decide, of all legs that have the overall verdict."""
        return deciding_of(self.legs, self.verdict)

    @cached_property
    def core(self) -> dict[str, Any]:
        """What is the same for ever, and what the hash is made of."""
        return {
            "spec": SPEC,
            "rule_set": self.rules.id,
            "request": self.request,
            "verdict": self.verdict.name,
            "legs": [{"leg": leg.asked.name, "verdict": leg.verdict.name} for leg in self.legs],
            "rules": self.deciding,
            "changes_on": None if self.change is None else self.change[0],
            "changes_to": None if self.change is None else self.change[1].name,
        }

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical core."""
        return digest(self.core)

    @property
    def recheck(self) -> bool:
        """Whether the verdict rests on a forecast."""
        return any(result.code == "FORECAST_SHARE" for leg in self.legs for result in leg.results)
