"""Which documents a contract has, and what their templates read: its own JSON and the German days of its times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from services.contracts.documents.rendering import Sheet
from shared.calendar import day_of
from shared.canonical_json import canonical
from shared.errors import InvalidError
from shared.messages.contracts_changes import AgreedPart
from shared.messages.values import Condition, Line, Party, PriceItem, Time

Addresses = Mapping[str, Sequence[str]]
"""Lines of the postal address by key of the organisation."""

_CONTRACT: Final = {"BEREITSTELLUNG": "bereitstellungsvertrag-1"}
_OTHER_CONTRACT: Final = "nachnutzungsvertrag-1"
_WITHOUT_ORDER: Final = "nachnutzungsvertrag-2"
_CONDITIONS: Final = "konditionen-1"
_COSTS: Final = "kostenblatt-1"
_AMENDMENT: Final = "nachtrag-1"
_ANNEXES: Final = {
    "LEISTUNGSBESCHREIBUNG": "Leistungsbeschreibung",
    "ABSTIMMUNGSSCHREIBEN": "Abstimmungsschreiben",
    "RAHMENVEREINBARUNG": "Rahmenvereinbarung",
}
"""Titles of annexes by their kinds."""
_DEAD: Final = frozenset({"ABGELEHNT", "ZURUECKGEZOGEN", "VERFALLEN", "NICHTIG"})


class _Amended(BaseModel):
    """What the templates rely on in an amendment."""

    model_config = ConfigDict(extra="ignore")

    version: int
    agreed_at: Time
    parts: tuple[AgreedPart, ...]
    before: Mapping[str, Any]


class _Read(BaseModel):
    """What the templates rely on in a contract; all else that it holds is for them to show or not."""

    model_config = ConfigDict(extra="ignore")

    id: str
    title: Line
    state: str = "GESCHLOSSEN"
    number: Line | None = None
    leg: Literal["BEREITSTELLUNG", "NACHNUTZUNG", "SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG"]
    offering_title: Line
    offering_version: int
    order_number: Line | None = None
    anbieter: Party
    customer: Party | None = None
    provider: Party
    documents: tuple[Line, ...] = ()
    conditions: tuple[Condition, ...] = ()
    price_items: tuple[PriceItem, ...] = ()
    concluded_at: Time | None = None
    ordered_at: Time | None = None
    recorded_at: Time | None = None
    version: int | None = None
    amendments: tuple[_Amended, ...] = ()

    @property
    def amended_at(self) -> datetime | None:
        """When the amendment was agreed that made this version, None if none did."""
        newest = self.amendments[-1] if self.amendments else None
        return None if newest is None or newest.version != self.version else newest.agreed_at

    @property
    def at(self) -> datetime | None:
        return self.concluded_at or self.recorded_at or self.ordered_at


def contract_sheets(contract: Mapping[str, Any], addresses: Addresses | None = None) -> list[Sheet]:
    """Return the documents of a contract: itself, agreed conditions and prices if there are any, and what has changed in it.

    ``contract`` is JSON as the API or the archive shows it. Raises InvalidError (``no_contract_document``) for anything else,
    and for a contract that was refused or is void.
    """
    read = _read(contract)
    other = _WITHOUT_ORDER if read.order_number is None else _OTHER_CONTRACT
    found = [("vertrag", read.title, _CONTRACT.get(read.leg, other))]
    if read.conditions:
        found.append(("konditionen", "Vereinbarte Konditionen", _CONDITIONS))
    if read.price_items:
        found.append(("kostenblatt", "Kostenblatt", _COSTS))
    if read.amended_at is not None:
        found.append(("nachtrag", "Nachtrag", _AMENDMENT))
    at, source = read.at, canonical(contract)
    if at is None:
        raise _no_contract("it has no time: concluded_at, recorded_at or ordered_at")
    data = {
        "contract": _shown(contract, read),
        "days": _days(concluded_at=read.concluded_at, ordered_at=read.ordered_at, amended_at=read.amended_at),
        "agreed": [None if item.agreed_at is None else day_of(item.agreed_at).isoformat() for item in read.conditions],
        "addresses": {name: list(rows) for name, rows in (addresses or {}).items()},
    }
    return [Sheet(f"{name}.pdf", title, template, data, source, at) for name, title, template in found]


def download_name(number: str | None, name: str) -> str:
    """Return the name under which a document of a contract is saved: ``FITST-2026-0001-vertrag.pdf``."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in number or "entwurf")
    return f"{plain}-{name}"


def _read(contract: Mapping[str, Any]) -> _Read:
    try:
        read = _Read.model_validate(contract)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _no_contract(f"{where}: {first['msg']}") from error
    if read.state in _DEAD:
        raise _no_contract(f"it is {read.state}")
    if read.customer is None and read.leg != "BEREITSTELLUNG":
        raise _no_contract("customer: missing")
    return read


def _shown(contract: Mapping[str, Any], read: _Read) -> dict[str, Any]:
    """Return what a template shows of a contract: what it states, its sides by name, the annexes that were agreed by kind."""
    stated = {name: value for name, value in contract.items() if value is not None}
    for side, name in (("grantor", "grantor_party"), ("customer", "grantee_party")):
        if side in stated:
            stated.setdefault(name, stated[side])
    if not read.documents:
        stated["documents"] = [read.title, *(_ANNEXES.get(kind, kind) for kind in stated.get("annexes", ()))]
    return stated


def _no_contract(why: str) -> InvalidError:
    return InvalidError(f"There is no document of this contract: {why}", code="no_contract_document")


def _days(**moments: datetime | None) -> dict[str, str]:
    return {name: day_of(moment).isoformat() for name, moment in moments.items() if moment is not None}
