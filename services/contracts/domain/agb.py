"""Which version of an Anbieter's general terms (AGB) was in force on which day."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from services.contracts.chain.contract import LEGS, Leg
from shared.messages.contracts import AgbVersion
from shared.messages.values import Channel, Line, Text

MOST_CHARACTERS: Final = 200_000
"""Of the wording of general terms."""


class AgbInForce(BaseModel):
    """One version, the legs that it is for, and the days on which contracts are concluded under it, both included.

    ``source`` says whence it is known. ``text`` is the wording, ``url`` where the Anbieter publishes it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    version: Line
    valid_from: date
    valid_to: date | None = None
    legs: tuple[Leg, ...] = LEGS[1:]
    source: Text
    note: Text | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$", max_length=500)] | None = None
    text: Annotated[str, StringConstraints(min_length=1, max_length=MOST_CHARACTERS)] | None = None


class AgbSet(BaseModel):
    """All versions of one channel, oldest first. Refuses overlapping days: at most one version is in force for a leg."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: Channel
    versions: tuple[AgbInForce, ...]

    @model_validator(mode="after")
    def _in_sequence(self) -> Self:
        for leg in LEGS:
            versions = self.of_leg(leg)
            for earlier, later in pairwise(versions):
                if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
                    raise ValueError(f"AGB {later.version} of {self.channel} begins before {earlier.version} ends")
        for entry in self.versions:
            if entry.valid_to is not None and entry.valid_to < entry.valid_from:
                raise ValueError(f"AGB {entry.version} of {self.channel} ends before it begins")
        return self

    def of_leg(self, leg: Leg) -> tuple[AgbInForce, ...]:
        """Return the versions for contracts of a leg."""
        return tuple(entry for entry in self.versions if leg in entry.legs)

    def version_on(self, day: date, leg: Leg = "NACHNUTZUNG") -> AgbInForce | None:
        """Return the version in force for contracts of a leg on a day as it is filed, or None."""
        entries = self.of_leg(leg)
        return next((it for it in entries if it.valid_from <= day and (it.valid_to is None or day <= it.valid_to)), None)

    def named(self, version: str, leg: Leg) -> AgbInForce | None:
        """Return a version for contracts of a leg by its name, in force or not, or None."""
        return next((entry for entry in self.of_leg(leg) if entry.version == version), None)

    def on(self, day: date, leg: Leg = "NACHNUTZUNG") -> AgbVersion | None:
        """Return the version in force for contracts of a leg on a day, or None."""
        found = self.version_on(day, leg)
        return None if found is None else AgbVersion(name=found.name, version=found.version)
