"""Readers of the reference data: CSV rows as typed, frozen records, labels by language. Nothing is read before it is asked for.

The files are RFC 4180: UTF-8, comma, one header line. Keys are text (leading zeros count), an empty cell is ``None`` or an
empty tuple, lists inside a cell are separated by ``;``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from shared.channels import channel_labels
from shared.errors import InvalidError
from shared.messages.open_enum import OpenEnum
from shared.messages.values import Channel


def _split(cell: object) -> object:
    return tuple(part for part in (piece.strip() for piece in cell.split(";")) if part) if isinstance(cell, str) else cell


def _blank(cell: object) -> object:
    return None if cell == "" else cell


def _day(cell: object) -> object:
    """Return the first day of a month or year that a source names no day of."""
    if isinstance(cell, str) and len(cell) in (4, 7):
        return f"{cell}-01-01" if len(cell) == 4 else f"{cell}-01"  # noqa: PLR2004 - lengths of YYYY and YYYY-MM
    return _blank(cell)


Items = Annotated[tuple[str, ...], BeforeValidator(_split)]
OptionalText = Annotated[str | None, BeforeValidator(_blank)]
OptionalNumber = Annotated[Decimal | None, BeforeValidator(_blank)]
OptionalDay = Annotated[date | None, BeforeValidator(_day)]
YesNoUnknown = Annotated[Literal["yes", "no", "unknown"] | None, BeforeValidator(_blank)]


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
    valid_from: OptionalDay
    valid_to: OptionalDay
    as_of: OptionalText
    source: str
    note: OptionalText


@dataclass(frozen=True, slots=True)
class GovdigitalMember:
    """A row of govdigital_members.csv."""

    row: int
    provider_id: OptionalText
    name: str
    joined: OptionalDay
    source: str


@dataclass(frozen=True, slots=True)
class DistributionShare:
    """A row of distribution_keys.csv: percentage of one Land under one key and year."""

    key_id: str
    key_name: str
    year: int
    state_ars: str
    state_code: str
    percent: Decimal
    source: str


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

    ``origin`` is whether id and content are those of the published list or were worded for this project.
    """

    id: str
    area: Area
    level: Level
    text_de: str
    text_en: str
    origin: Literal["published", "own_wording"]


R = TypeVar("R")
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def read_rows(path: Path, needed: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file as dictionaries of text; a byte order mark is passed over.

    Raises InvalidError: ``reference_encoding``, ``reference_header`` that names the missing ones of the
    ``needed`` columns; FileNotFoundError if there is no such file.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            _check_header(path, reader.fieldnames or (), needed)
            yield from reader
    except UnicodeDecodeError as error:
        raise InvalidError(
            f"{path.name} is not UTF-8 (byte {error.start}: 0x{error.object[error.start]:02x}). "
            "Save it again as UTF-8, in a spreadsheet program as 'CSV UTF-8'.",
            code="reference_encoding",
            file=path.name,
        ) from error


def read_csv(path: Path, row_type: type[R]) -> Iterator[R]:
    """Yield the rows of a CSV file as records; columns that ``row_type`` does not name are passed over.

    Raises what ``read_rows`` raises, and InvalidError (``reference_row``) that names file, line and column.
    """
    adapter = TypeAdapter(row_type)
    needed = [field.name for field in fields(row_type)]  # type: ignore[arg-type] # every R is a dataclass
    for line, row in enumerate(read_rows(path, needed), start=2):
        try:
            yield adapter.validate_python(row)
        except ValidationError as error:
            first = error.errors()[0]
            column = ".".join(str(part) for part in first["loc"])
            raise InvalidError(
                f"{path.name}, line {line}, column {column}: {first['msg']}.",
                code="reference_row",
                file=path.name,
                line=line,
                column=column,
            ) from error


def _check_header(path: Path, found: Sequence[str], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in found]
    if not missing:
        return
    used = next((name for sign, name in _OTHER_DELIMITERS.items() if len(found) == 1 and sign in found[0]), None)
    hint = f" The columns seem to be separated by {used}; they must be separated by commas." if used else ""
    raise InvalidError(
        f"{path.name}: the header line lacks {', '.join(missing)}.{hint}",
        code="reference_header",
        file=path.name,
        missing=missing,
    )


@dataclass(frozen=True, slots=True)
class Labels:
    """Human words for the values of enumerations, in one language."""

    language: str
    words: dict[str, dict[str, str]]

    def of(self, value: StrEnum) -> str:
        """Return the label of an enumeration's value, of one that this version does not know the value itself.

        Raises KeyError if the data have none.
        """
        if isinstance(value, OpenEnum) and not value.known:
            return value.value
        return self.words[type(value).__name__][value.value]


def read_labels(data_dir: Path, language: Literal["de", "en"]) -> Labels:
    """Return the labels of one language: ``labels/<language>.json``, and those of the channels from their own files."""
    words = json.loads((data_dir / "labels" / f"{language}.json").read_text(encoding="utf-8"))
    return Labels(language, words | {Channel.__name__: channel_labels(language)})
