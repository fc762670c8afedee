"""Rows of the catalog's reference data: OZG, LeiKa, known EfA services, the EfA-Mindestanforderungen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from shared.csv_rows import Items, OptionalText


@dataclass(frozen=True, slots=True)
class OzgTopic:
    """A row of ozg_topics.csv: Themenfeld."""

    topic_id: str
    name: str
    lead_states: Items
    situations: Items


@dataclass(frozen=True, slots=True)
class OzgService:
    """A row of ozg_services.csv. ``situation`` is the Lebens- or Unternehmenslage."""

    ozg_id: str
    name: str
    topic_id: str
    topic: str
    situation: str
    leika_types: OptionalText
    leika_keys: Items


@dataclass(frozen=True, slots=True)
class LeikaService:
    """A row of leika_services.csv. ``leika_key`` is empty for entries that have no Leistungsschlüssel."""

    row_id: str
    leika_key: OptionalText
    name: str
    leika_type: OptionalText
    ozg_id: OptionalText
    topic_id: OptionalText


@dataclass(frozen=True, slots=True)
class KnownOffering:
    """A row of efa_offerings.csv: an EfA service known from public sources, not offered on this marketplace yet."""

    id: str
    name: str
    provider_states: Items
    provider_state_names: Items
    provider_organisation: OptionalText
    it_provider: Items
    channels: OptionalText
    status: Literal["in_reuse", "offered", "project"]
    topic_id: OptionalText
    ozg_ids: Items
    ozg_match: OptionalText
    source: str
    as_of: OptionalText
    note: OptionalText


class Kind(StrEnum):
    """OFFERING: offered on the marketplace. KNOWN: an EfA service known from public sources, which cannot be ordered here."""

    OFFERING = "offering"
    KNOWN = "known"


class Orderable(StrEnum):
    """Whether interest can be declared now."""

    YES = "true"
    NO = "false"


class Reifegrad(StrEnum):
    """Stages of the Reifegradmodell of the OZG: 0 nothing online, 1 information, 2 form, 3 whole application, 4 once only."""

    OFFLINE = "0"
    INFORMATION = "1"
    FORM = "2"
    APPLICATION = "3"
    ONCE_ONLY = "4"


class LandId(StrEnum):
    """The Länder, by ISO 3166-2."""

    BW = "DE-BW"
    BY = "DE-BY"
    BE = "DE-BE"
    BB = "DE-BB"
    HB = "DE-HB"
    HH = "DE-HH"
    HE = "DE-HE"
    MV = "DE-MV"
    NI = "DE-NI"
    NW = "DE-NW"
    RP = "DE-RP"
    SL = "DE-SL"
    SN = "DE-SN"
    ST = "DE-ST"
    SH = "DE-SH"
    TH = "DE-TH"


class Level(StrEnum):
    """How binding an EfA-Mindestanforderung is."""

    MUSS = "MUSS"
    SOLL = "SOLL"
    KANN = "KANN"


class Area(StrEnum):
    """Areas of the EfA-Mindestanforderungen."""

    DESIGN = "design"
    FACHLOGIK = "fachlogik"
    NUTZERKONTO = "nutzerkonto"
    PAYMENT = "payment"
    DATENAUSTAUSCH = "datenaustausch"
    ROUTING_TRANSPORT = "routing_transport"
    RECHTLICHE_NACHNUTZUNG = "rechtliche_nachnutzung"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A row of requirements.csv: one point of the EfA-Mindestanforderungen checklist.

    ``origin`` is whether id and content are those of the published list or were worded for this project. ``condition_de`` and
    ``condition_en`` state where the point binds, if it does not everywhere: there NICHT_ZUTREFFEND is an answer to a MUSS.
    """

    id: str
    area: Area
    level: Level
    text_de: str
    text_en: str
    origin: Literal["published", "own_wording"]
    condition_de: OptionalText = None
    condition_en: OptionalText = None
