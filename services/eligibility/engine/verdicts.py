"""The verdicts, best to worst, and the result of one rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Verdict(IntEnum):
    """Best to worst: this total order decides between paths, routes and legs."""

    EXEMPT = 0
    RISK = 1
    NO_EVIDENCE = 2
    OUT_OF_SCOPE = 3
    NOT_EXEMPT = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one test found: a verdict with its stable code, the facts used, and what a sentence or a remedy needs to name."""

    verdict: Verdict
    code: str
    facts: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)
    numbers: Mapping[str, Any] | None = field(default=None, compare=False, hash=False)

    @property
    def order(self) -> tuple[Verdict, str]:
        """Place among others: verdict, then code."""
        return self.verdict, self.code


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome under the rule that it belongs to, R1 to R12."""

    rule: str
    outcome: Outcome

    @property
    def verdict(self) -> Verdict:
        """The verdict of the outcome."""
        return self.outcome.verdict

    @property
    def code(self) -> str:
        """The code of the outcome."""
        return self.outcome.code


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of the verdicts. Raises ValueError if there is none."""
    return max(verdicts)


def first_worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the first of the worst outcomes. Raises ValueError if there is none."""
    return max(outcomes, key=lambda outcome: outcome.verdict)
