"""Cases about what an event asks for: fields, organisation, and the rules that hold for HTTP too."""

from __future__ import annotations

import uuid
from typing import Any

from efa_partner.conformance.attacks import attack, data
from efa_partner.conformance.bench import INTEREST, WITHDRAWN, Bench
from efa_partner.conformance.case import Case, quarantined, refused

_STRICT = (
    "Unbekanntes zu übergehen hieße, etwas anderes zu tun als gemeint war.",
    "To pass over what is unknown would be to do something else than was meant.",
)
_SAME_RULES = (
    "Für Ereignisse gelten dieselben Regeln wie für die HTTP-Schnittstelle; es gibt keine Seitentür.",
    "The rules of the HTTP API hold for events too; there is no side door.",
)
_NOT_YOURS = (
    "Was der eigenen Organisation nicht gehört, gibt es für sie nicht; auch die Antwort verrät nichts.",
    "What is not the organisation's own does not exist for it; the answer gives nothing away either.",
)
_TOO_EARLY: dict[str, dict[str, Any]] = {
    "point-added": {"label": "Gebührenordnung", "owner": "KUNDE"},
    "point-settled": {"point_id": str(uuid.UUID(int=1)), "value": "x"},
    "question-asked": {"text": "Welche Portfreigaben braucht der Testbetrieb?"},
    "question-answered": {"question_id": str(uuid.UUID(int=1)), "text": "443/tcp"},
    "order-placed": {"accepts_agb": True},
    "milestone-reached": {"code": "test_done"},
    "uses-reported": {"period": "2026-01", "count": 1},
}
"""Commands that a Vorgang refuses that has just begun."""


def _foreign_organisation(bench: Bench) -> bytes:
    return bench.jws(bench.event(data=bench.data(organisation=bench.target.foreign_organisation)))


def _foreign_order(bench: Bench) -> bytes:
    return bench.jws(bench.event(data=bench.data(order_id=bench.target.foreign_order or str(uuid.uuid4()))))


def _open_order(bench: Bench) -> bytes:
    return bench.jws(bench.event(INTEREST, bench.interest()))


def _unknown_offering(bench: Bench) -> bytes:
    return bench.jws(bench.event(INTEREST, bench.interest(offering_id=str(uuid.uuid4()))))


def _too_early() -> tuple[Case, ...]:
    return tuple(
        attack(
            f"too-early-{what}",
            (f"{what} vor der Abstimmung", f"{what} before the Abstimmung"),
            _SAME_RULES,
            data(f"partner.order.{what}.v1", **fields),
            refused("illegal_move"),
        )
        for what, fields in _TOO_EARLY.items()
    )


RULES: tuple[Case, ...] = (
    attack(
        "organisation-foreign",
        ("Organisation, für die der Partner nicht handelt", "Organisation that the partner does not act for"),
        (
            "Ein Partner handelt nur für die Organisationen seiner Registrierung.",
            "A partner acts for the organisations of its registration only.",
        ),
        _foreign_organisation,
        quarantined("organisation_foreign"),
    ),
    attack(
        "order-foreign",
        ("Vorgang eines anderen", "Order of somebody else"),
        _NOT_YOURS,
        _foreign_order,
        refused("order_not_found"),
    ),
    attack(
        "revision-old",
        ("if_revision stimmt nicht", "Wrong if_revision"),
        (
            "Wer auf einem alten Stand entscheidet, soll das merken und nichts überschreiben.",
            "Whoever decides on an old state shall notice, and overwrite nothing.",
        ),
        data(WITHDRAWN, if_revision=9_999),
        refused("precondition_failed"),
    ),
    attack(
        "second-interest",
        ("Zweites Interesse am selben Angebot", "Second interest in the same offer"),
        _SAME_RULES,
        _open_order,
        refused("open_order_exists"),
    ),
    attack(
        "offering-unknown",
        ("Angebot, das es nicht gibt", "Offer that does not exist"),
        _SAME_RULES,
        _unknown_offering,
        refused("offering_not_found"),
    ),
    *_too_early(),
    attack(
        "field-unknown",
        ("Unbekanntes Feld in data", "Unknown field in data"),
        _STRICT,
        data(WITHDRAWN, at_once=True),
        refused("data_invalid"),
    ),
    attack(
        "field-null",
        ("Pflichtfeld null", "Required field null"),
        _STRICT,
        data(WITHDRAWN, order_id=None),
        refused("data_invalid"),
    ),
    attack(
        "field-missing",
        ("Pflichtfeld fehlt", "Required field missing"),
        _STRICT,
        data("partner.order.order-placed.v1"),
        refused("data_invalid"),
    ),
    attack(
        "field-of-another-type",
        ("Zahl statt Text", "Number instead of text"),
        _STRICT,
        data(WITHDRAWN, reason=7),
        refused("data_invalid"),
    ),
    attack(
        "month-invalid",
        ("Monat, den es nicht gibt", "Month that does not exist"),
        _STRICT,
        data("partner.order.uses-reported.v1", period="2026-13", count=1),
        refused("data_invalid"),
    ),
    attack(
        "text-too-long",
        ("Text zu lang", "Text too long"),
        _STRICT,
        data(WITHDRAWN, reason="x" * 2_001),
        refused("data_invalid"),
    ),
)
