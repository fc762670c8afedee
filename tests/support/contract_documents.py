"""Contracts and statements as JSON from which the tests make documents."""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from services.contracts.documents.yearly import yearly_statement
from services.contracts.pricing.statement import statement
from shared.canonical_json import canonical

CASES = Path(__file__).parents[1] / "contract" / "contracts" / "pricing_cases"
ADDRESSES = {
    "fitko": ["Zum Gottschalkhof 3", "60594 Frankfurt am Main"],
    "DE-SN": ["Sächsische Staatskanzlei", "Archivstraße 1", "01097 Dresden"],
}
BILLING: dict[str, Any] = {
    "seller": {
        "name": "FITKO (Föderale IT-Kooperation)",
        "place": {"street": "Zum Gottschalkhof 3", "postcode": "60594", "city": "Frankfurt am Main"},
        "contact": {"name": "Rechnungswesen", "phone": "+49 69 1234567", "email": "rechnung@example.org"},
        "endpoint": {"scheme": "EM", "id": "rechnung@example.org"},
        "vat_id": "DE123456789",
    },
    "buyer": {"name": "Freistaat Sachsen", "place": {"street": "Archivstraße 1", "postcode": "01097", "city": "Dresden"}},
    "payment": {"iban": "DE02120300000000202051", "holder": "FITKO", "due_on": "2027-03-17", "terms": "Ohne Abzug."},
}
TAXED = {"category": "S", "rate_bp": 1900}
_KINDS = ("BETRIEB_INFRASTRUKTUR", "WEITERENTWICKLUNG", "BETRIEB_ONLINEDIENST", "NUTZUNGSABHAENGIG", "ANBINDUNG_EINMALIG")
_CONDITION = "0c1e67f5-ae99-5d40-894a-bf7799b866e3"


def price(place: int, **changes: Any) -> dict[str, Any]:
    return {
        "kind": _KINDS[place % len(_KINDS)],
        "label": f"Position {place}: Rechenzentrumsbetrieb einschließlich Verfügbarkeitszusagen",
        "amount": {"cents": 1_234_567 * (place + 1), "currency": "EUR"},
        "period": ("JAHR", "MONAT", "JE_NUTZUNG", "EINMALIG")[place % 4],
        "key": ("FEST", "EINWOHNER", "KOENIGSTEIN")[place % 3],
        "funding": "OZG-Rahmenarchitektur" if place % 7 == 0 else None,
        "valid_from": "2026-01-01",
        "valid_to": None,
    } | changes


def condition(text: str, agreed_at: str | None = "2026-11-24T23:30:00Z") -> dict[str, Any]:
    return {"id": _CONDITION, "text": text, "agreed_at": agreed_at}


def contract(*, prices: int = 1, conditions: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a contract as it is stored."""
    return {
        "id": "0e0f5f0c-8f0e-5d0a-9d63-6f9a3f0f7a11",
        "state": "GESCHLOSSEN",
        "leg": "NACHNUTZUNG",
        "title": "SaaS-Nachnutzungsvertrag",
        "channel": "fitko",
        "number": "FITST/2026/0001",
        "order_id": "7c1f3a52-51c6-4a57-8a53-0b3a6b1f9b10",
        "order_number": "V-2026-000017",
        "offering_id": "2f0d9c8e-9a64-4c6f-8f5e-64a4a5a7c0de",
        "offering_title": "Digitaler Einbürgerungsantrag",
        "offering_version": 3,
        "anbieter": {"id": "fitko", "name": "FITKO"},
        "customer": {"id": "DE-SN", "name": "Freistaat Sachsen"},
        "provider": {"id": "DE-NW", "name": "Land Nordrhein-Westfalen"},
        "concluded_at": "2026-11-24T10:15:30Z",
        "ordered_at": "2026-11-24T10:15:29Z",
        "recorded_at": "2026-11-24T10:15:31Z",
        "refusal": None,
        "agb": {"name": "SaaS-Nachnutzungs-AGB", "version": "EfA-Marktplatz 2022"},
        "documents": ["SaaS-Nachnutzungsvertrag", "Vereinbarte Konditionen", "Leistungsbeschreibung", "SaaS-Nachnutzungs-AGB"],
        "conditions": [condition(f"Kondition {place}: Die Gebührensatzung wird geliefert.") for place in range(conditions)],
        "price_items": [price(place) for place in range(prices)],
        "totals": [{"period": "JAHR", "cents": 1_234_567 * prices, "currency": "EUR"}] if prices else [],
        "leitweg_id": "14-1234567890-12",
        "order_reference": "Az. 42-1",
        "check": {"verdict": "EXEMPT", "rule_set": "par108-2026-1", "as_of": "2026-11-24", "decisive": []},
        "language": "de",
    } | changes


def amended_contract() -> dict[str, Any]:
    """Return a contract in its second version, with the amendment that made it."""
    before: dict[str, Any] = {
        "valid_to": None,
        "services": ["2f0d9c8e-9a64-4c6f-8f5e-64a4a5a7c0de"],
        "parametrisation": [],
        "territory": ["14"],
        "passing_on": {"allowed": True, "act": "BEITRITT"},
        "charge": "ENTGELTLICH",
        "notice": {"months": 6, "to": "YEAR_END"},
        "price_notice": {"months": 3, "from": "YEAR_START"},
        "agb": {"name": "SaaS-Nachnutzungs-AGB", "version": "EfA-Marktplatz 2022"},
        "annexes": ["LEISTUNGSBESCHREIBUNG"],
    }
    after = {
        "valid_to": "2030-12-31",
        "territory": ["14", "130750000000"],
        "passing_on": {"allowed": False, "act": "BEITRITT"},
        "charge": "ENTGELTFREI",
        "notice": None,
        "price_notice": {"months": 1, "from": "ANY"},
        "agb": {"name": "SaaS-Nachnutzungs-AGB", "version": "2027"},
        "annexes": [],
        "services": [],
        "parametrisation": ["mit-gebuehr"],
    }
    amendment = {
        "id": "4c8d7d0e-6a2b-5c61-9f0e-2b7f0c9d5a33",
        "version": 2,
        "agreed_at": "2027-01-31T23:30:00Z",
        "reason": "Reform der Kreise",
        "parts": [name.upper() for name in after],
        "before": before,
        "signatures": [{"side": "grantor", "on": "2027-02-01"}, {"side": "grantee", "on": "2027-01-30"}],
    }
    return contract(prices=0, **before) | after | {"version": 2, "amendments": [amendment]}


def root_contract(**changes: Any) -> dict[str, Any]:
    """Return a Bereitstellungsvertrag with all that a chain knows of a contract."""
    signatures = [
        {"side": "grantor", "by": "p-0815", "released_by": None, "on": "2026-11-20"},
        {"side": "grantee", "by": "p-4711", "released_by": "p-4712", "on": "2026-11-24"},
    ]
    agreed: dict[str, Any] = {
        "leg": "BEREITSTELLUNG",
        "title": "SaaS-Bereitstellungsvertrag",
        "documents": ["SaaS-Bereitstellungsvertrag", "Leistungsbeschreibung"],
        "version": 2,
        "valid_from": "2027-01-01",
        "valid_to": "2030-12-31",
        "notice": {"months": 6, "to": "YEAR_END"},
        "price_notice": {"months": 1, "from": "QUARTER_START"},
        "passing_on": {"allowed": True, "act": "BEITRITT"},
        "services": ["99108012261000"],
        "parametrisation": ["standard"],
        "territory": ["DE"],
        "signatures": signatures,
    }
    return contract() | agreed | changes


def yearly(case: str = "p06-joiners-by-population", payer: str = "010010000000", **options: Any) -> dict[str, Any]:
    """Return the yearly statement of a payer of a golden case."""
    data = json.loads((CASES / f"{case}.json").read_text("utf-8"))["input"]
    items = {
        (version["version"], item["id"]): {"label": f"Betrieb und Pflege ({item['id']})", "kind": item["kind"]}
        for version in data["cost_information"]
        for item in version["items"]
    }
    agreement = contract(customer={"id": payer, "name": "Freistaat Sachsen"})
    chosen: dict[str, Any] = {"tax": TAXED, "items": items} | options
    return yearly_statement(statement(data), agreement, number="FITST/2026/0001-A-2025", issued_on="2026-02-15", **chosen)


def reader(content: bytes) -> PdfReader:
    return PdfReader(BytesIO(content))


def text_of(content: bytes) -> str:
    """Return the text of a PDF as ``plain`` makes it."""
    return plain("".join(page.extract_text() for page in reader(content).pages))


def plain(text: str) -> str:
    """Return a text without blanks, hyphens and places to break at: where lines end is not what tests are about."""
    return re.sub("[\\s\u00ad\u200b-]", "", text)


def as_json(value: dict[str, Any]) -> bytes:
    return canonical(value)
