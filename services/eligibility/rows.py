"""Rows of eligibility's reference data: public bodies and who takes part in whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.csv_rows import Items, OptionalDay, OptionalNumber, OptionalText, PartialDay, YesNoUnknown


@dataclass(frozen=True, slots=True)
class State:
    """A row of states.csv: a Land, or the Bund (no ARS)."""

    id: str
    ars: OptionalText
    name: str
    level: Literal["land", "bund"]
    code: OptionalText
    population: int
    koenigstein_2019_pct: OptionalNumber
    lukifg_2025_pct: OptionalNumber
    source_population: str


@dataclass(frozen=True, slots=True)
class District:
    """A row of districts.csv: Landkreis or kreisfreie Stadt, 5-digit ARS."""

    ars: str
    ars12: OptionalText
    name: str
    type: str
    level: str
    state_ars: str
    state_code: str
    state: str
    population: int


@dataclass(frozen=True, slots=True)
class Association:
    """A row of municipal_associations.csv: Amt, Samtgemeinde, Verbandsgemeinde and the like, 9-digit ARS."""

    ars9: str
    name: str
    type: str
    district_ars: str
    state_ars: str
    state: str
    population: int


@dataclass(frozen=True, slots=True)
class Municipality:
    """A row of municipalities.csv or unincorporated_areas.csv, 12-digit ARS."""

    ars: str
    ags: str
    name: str
    type: str
    district_ars: OptionalText
    district: OptionalText
    state: str
    population: int
    state_ars: str
    state_code: str
    association_ars: OptionalText
    association: OptionalText
    association_type: OptionalText


@dataclass(frozen=True, slots=True)
class ItProvider:
    """A row of it_providers.csv. ``ars`` links a department that is part of a municipality or Kreis."""

    id: str
    name: str
    kind: str
    legal_form: OptionalText
    states: Items
    seat: OptionalText
    active: YesNoUnknown
    govdigital_member: YesNoUnknown
    govdigital_since: OptionalDay
    ars: OptionalText
    source: str


@dataclass(frozen=True, slots=True)
class ItProviderOwner:
    """A row of it_provider_owners.csv: one dated edge of ownership. No ``owner_ref`` where the source names a group only."""

    provider_id: str
    owner_ref_type: str
    owner_ref: OptionalText
    owner_name: str
    share_pct: OptionalNumber
    valid_from: PartialDay
    valid_to: PartialDay
    as_of: OptionalText
    source: str
    note: OptionalText


@dataclass(frozen=True, slots=True)
class GovdigitalMember:
    """A row of govdigital_members.csv."""

    row: int
    provider_id: OptionalText
    name: str
    joined: PartialDay
    source: str
