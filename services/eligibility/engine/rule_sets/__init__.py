"""Rule sets: versioned data in this folder. A published one is never changed; a new law is a new file.

A channel that a rule set does not name takes part by its own file: that is how one more Anbieter joins without a new law.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError

from services.eligibility.engine.facts import ALWAYS, NEVER, DayText
from shared.canonical_json import digest
from shared.channels import ChannelFile, channel_file, channel_ids
from shared.errors import InvalidError

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
    return {data["id"]: _rule_set(data) for data in sorted(found, key=lambda data: str(data["id"]))}


@cache
def channel_names() -> frozenset[str]:
    """Return the names of the channels of which every rule set knows the rules."""
    return frozenset.intersection(*(frozenset(rules.channels) for rules in rule_sets().values()))


def rules_of_file(file: ChannelFile) -> dict[str, Any]:
    """Return the rules of a channel that no rule set names, from its file. Raises InvalidError (``channel_file_invalid``)."""
    rules = {"anbieter": file.channel, **file.eligibility}
    try:
        ChannelRules.model_validate(rules)
    except ValidationError as error:
        raise InvalidError(
            f"{file.channel}.json, 'eligibility': {error}", code="channel_file_invalid", channel=file.channel
        ) from error
    return rules


def _rule_set(data: Mapping[str, Any]) -> RuleSet:
    named = {rules["anbieter"] for rules in data["channels"].values()}
    further = {id_: rules_of_file(channel_file(id_)) for id_ in channel_ids() if id_ not in named}
    whole = {**data, "channels": {**data["channels"], **further}}
    return RuleSet(**whole, sha256=digest(whole))
