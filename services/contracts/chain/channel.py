"""The rules of a channel that contracts of the chain are measured by: data of each Anbieter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Strict

from services.contracts.chain.contract import Act, DayText, Given, Id, Leg, Line, Lines, Side, unique

OrganisationType = Literal["BUND", "LAND", "KREIS", "VERBAND", "KOMMUNE", "IT_PROVIDER", "ANBIETER", "SONSTIGE"]
Types = Annotated[tuple[OrganisationType, ...], Strict(strict=False), AfterValidator(unique)]


class Agb(Given):
    """One version of the general terms and the days on which contracts are concluded under it."""

    version: Line
    valid_from: DayText
    valid_to: DayText | None


Versions = Annotated[tuple[Agb, ...], Strict(strict=False)]


class FirstSigner(Given):
    """Which side signs first, leg by leg."""

    BEREITSTELLUNG: Side
    NACHNUTZUNG: Side
    SUB_NACHNUTZUNG: Side
    SUB_SUB_NACHNUTZUNG: Side


class Channel(Given):
    """One Anbieter: who may order, who orders for others, what those must do then, what is charged, signed and attached.

    ``agb``: versions of each leg, oldest first; of overlapping ones the first listed is in force.
    """

    id: Id
    anbieter: Id
    name: Line = ""
    number_format: Line = ""
    leg_names: Mapping[Leg, Line] = {}
    direct_types: Types
    order_for_others: Types
    default_act: Act
    charge_rule: Literal["ALLOWED", "FREE_OR_COMMON_BODY"]
    first_signer: FirstSigner
    required_annexes: Mapping[Leg, Lines]
    agb: Mapping[Leg, Versions]

    def signs_first(self, leg: Leg) -> Side:
        """Return the side that signs a contract of the leg first."""
        side: Side = getattr(self.first_signer, leg)
        return side

    def agb_on(self, leg: Leg, day: str) -> str | None:
        """Return the version in force for a leg on a day, None if there is none."""
        for agb in self.agb.get(leg, ()):
            if agb.valid_from <= day and (agb.valid_to is None or day <= agb.valid_to):
                return agb.version
        return None

    def agb_place(self, leg: Leg, version: str | None) -> int:
        """Return the place of a version in the list of a leg, -1 for one that is not in it."""
        versions = [agb.version for agb in self.agb.get(leg, ())]
        return versions.index(version) if version in versions else -1
