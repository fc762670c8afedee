"""A standard form that is complete, for tests; every part can be replaced."""

from __future__ import annotations

from typing import Any

from services.catalog.domain.completeness import Catalogue
from services.catalog.domain.form import OfferingForm

MUSTS = ("R1", "R2", "O1")
CATALOGUE = Catalogue(
    topic_ids=frozenset({"mobilitaet_reisen", "bildung"}),
    ozg_ids=frozenset({"10113", "10169"}),
    leika_keys=frozenset({"99108001001000", "99050012104000"}),
    known_listings=frozenset({"E008"}),
    requirements=frozenset({*MUSTS, "DES-3"}),
    musts=MUSTS,
)


def form_body(musts: tuple[str, ...] = MUSTS, **parts: Any) -> dict[str, Any]:
    """Return the JSON body of a complete form; ``parts`` replace fields."""
    return {
        "title": "Digitaler Führerscheinantrag",
        "summary": "Antrag auf Erteilung einer Fahrerlaubnis.",
        "technical_concept": "Webanwendung in Containern.",
        "nachnutzung": "Gebühren sind Parameter.",
        "topic_id": "mobilitaet_reisen",
        "ozg_ids": ["10169"],
        "leika_keys": ["99108001001000"],
        "anbindungsarten": ["FIT_CONNECT", "OSCI_XTA"],
        "parameters": [{"name": "gebuehr", "label": "Gebühr"}],
        "price_items": [
            {
                "kind": "BETRIEB_ONLINEDIENST",
                "label": "Betrieb",
                "amount": {"cents": 240000},
                "period": "JAHR",
                "valid_from": "2027-01-01",
            }
        ],
        "channels": ["govdigital"],
        "reifegrad": 3,
        "requirements": [{"id": must, "fulfilment": "ERFUELLT"} for must in musts],
        **parts,
    }


def complete_form(**parts: Any) -> OfferingForm:
    """Return a complete form."""
    return OfferingForm.model_validate(form_body(**parts))
