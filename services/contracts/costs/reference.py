"""What the reference data say of bodies, distribution keys and joint financing, as cost statements need it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from services.contracts.pricing.checks import BUND
from services.contracts.pricing.given import OrganisationType
from shared.csv_rows import Items, OptionalText, read_csv
from shared.messages.values import Channel

NEWEST_KOENIGSTEIN: Final = "KS2019"
"""The newest Königsteiner Schlüssel that the reference data hold."""
_PERCENT: Final = 100_000
_VERBAND_ARS: Final = 9
_ASSOCIATIONS: Final = frozenset({"municipal_association", "municipal_higher_association"})
_ANBIETER: Final = frozenset(channel.value for channel in Channel)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """A public body as keys look at it. ``name`` None: the reference data do not know it."""

    id: str
    name: str | None
    type: OrganisationType
    ars: str | None
    population: int | None


@dataclass(frozen=True, slots=True)
class _State:
    id: str
    ars: OptionalText
    name: str
    population: int


@dataclass(frozen=True, slots=True)
class _District:
    ars: str
    name: str
    level: str
    population: int


@dataclass(frozen=True, slots=True)
class _Association:
    ars9: str
    name: str
    type: str
    population: int


@dataclass(frozen=True, slots=True)
class _Municipality:
    ars: str
    name: str
    population: int


@dataclass(frozen=True, slots=True)
class _Provider:
    id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Share:
    key_id: str
    state_ars: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class _Pool:
    rule_id: str
    valid_from: OptionalText
    valid_to: OptionalText
    pool_id: str
    share_bp: int
    members: str
    member_types: Items
    payer: OptionalText
    key_type: OptionalText
    key_table: OptionalText
    settled: str


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """Bodies by their keys, weights of the Länder by table, funding rules by id, as a cost statement takes them."""

    bodies: Mapping[str, Body]
    tables: Mapping[str, Mapping[str, int]]
    funding_rules: Mapping[str, Json]

    def body(self, key: str) -> Body:
        """Return a body, one of the kind SONSTIGE without figures if it is not known."""
        return self.bodies.get(key) or Body(key, None, "SONSTIGE", None, None)

    @classmethod
    def read(cls, folder: Path) -> ReferenceData:
        """Return what the files of a folder state. Raises InvalidError for a malformed row, FileNotFoundError."""
        shares: dict[str, dict[str, int]] = {}
        for row in read_csv(folder / "distribution_keys.csv", _Share):
            shares.setdefault(row.key_id, {})[row.state_ars] = int(row.percent * _PERCENT)
        pools = groupby(read_csv(folder / "funding_rules.csv", _Pool), key=attrgetter("rule_id"))
        return cls({body.id: body for body in _bodies(folder)}, shares, {id_: _rule(id_, list(rows)) for id_, rows in pools})


@lru_cache(maxsize=1)
def reference_data(folder: Path) -> ReferenceData:
    """Return the reference data of a folder, read when they are first needed. Raises as ``ReferenceData.read``."""
    return ReferenceData.read(folder)


def _bodies(folder: Path) -> Iterable[Body]:
    for state in read_csv(folder / "states.csv", _State):
        bund = state.ars is None
        yield Body(state.id, state.name, "BUND" if bund else "LAND", BUND if bund else state.ars, state.population)
    for district in read_csv(folder / "districts.csv", _District):
        if district.level == "Landkreis":
            yield Body(district.ars, district.name, "KREIS", district.ars, district.population)
    for association in read_csv(folder / "municipal_associations.csv", _Association):
        # Registered by twelve digits, as a municipality is.
        name = f"{association.name} ({association.type})"
        yield Body(f"{association.ars9}000", name, "VERBAND", association.ars9[:_VERBAND_ARS], association.population)
    for municipality in read_csv(folder / "municipalities.csv", _Municipality):
        yield Body(municipality.ars, municipality.name, "KOMMUNE", municipality.ars, municipality.population)
    for provider in read_csv(folder / "it_providers.csv", _Provider):
        yield Body(provider.id, provider.name, _type_of(provider), None, None)


def _type_of(provider: _Provider) -> OrganisationType:
    if provider.id in _ANBIETER or not provider.kind:
        return "SONSTIGE"
    return "VERBAND" if provider.kind in _ASSOCIATIONS else "IT_PROVIDER"


def _rule(id_: str, rows: list[_Pool]) -> Json:
    first = rows[0]
    return {"id": id_, "valid_from": first.valid_from, "valid_to": first.valid_to, "pools": [_pool(row) for row in rows]}


def _pool(row: _Pool) -> Json:
    return {"id": row.pool_id, "share_bp": row.share_bp, "members": _members(row), "key": _key(row), "settled": row.settled}


def _members(row: _Pool) -> Json:
    match row.members:
        case "PARTICIPANTS":
            return {"type": row.members, "types": list(row.member_types) or None}
        case "PAYER":
            return {"type": row.members, "id": row.payer}
        case _:
            return {"type": row.members}


def _key(row: _Pool) -> Json | str | None:
    match row.key_type:
        case None | "ITEM":
            return row.key_type
        case "KOENIGSTEIN":
            return {"type": row.key_type, "table": row.key_table}
        case _:
            return {"type": row.key_type}
