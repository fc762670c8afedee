"""Rule sets: versioned data in this folder. A published one is never changed; a new law is a new file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from services.eligibility.engine.facts import ALWAYS, NEVER, DayText
from shared.canonical_json import digest

VerdictName = Literal["EXEMPT", "RISK", "NO_EVIDENCE", "OUT_OF_SCOPE", "NOT_EXEMPT"]
Fraction = Annotated[tuple[int, int], Strict(strict=False)]
Names = Annotated[frozenset[str], Strict(strict=False)]


class ChannelRules(BaseModel):
    """The Anbieter of a channel, and the types of bodies that neither order nor offer there directly."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    anbieter: str
    excluded_types: Names


class HalfSister(BaseModel):
    """Verdict on a half-sister, on the leg of the Bereitsteller and elsewhere."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    on_first_leg: Annotated[VerdictName, Field(alias="L1")]
    elsewhere: Annotated[VerdictName, Field(alias="OTHER")]


class RuleSet(BaseModel):
    """Thresholds are [numerator, denominator]; ``accounts_due`` is month and day; ``sha256`` is of the canonical file."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str
    status: Literal["in_force", "draft"]
    valid_from: DayText | None
    valid_to: DayText | None
    activity_threshold: Fraction
    market_limit: Fraction
    max_depth: int
    max_bundlers: int
    accounts_due: str
    horizon_years: int
    half_sister: HalfSister
    channels: Mapping[str, ChannelRules]
    accepted_evidence: Mapping[str, Names]
    sha256: Annotated[str, Field(exclude=True)] = ""

    def in_force(self, day: str) -> bool:
        """Return whether the day is inside the rule set's interval."""
        return (self.valid_from or ALWAYS) <= day < (self.valid_to or NEVER)


@cache
def rule_sets() -> Mapping[str, RuleSet]:
    """Return all rule sets by id."""
    folder = files(__name__)
    found = [json.loads(file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".json")]
    return {data["id"]: RuleSet(**data, sha256=digest(data)) for data in sorted(found, key=lambda data: str(data["id"]))}
