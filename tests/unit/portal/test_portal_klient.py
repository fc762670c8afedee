"""A Klient reads how its part in a Vorgang goes on."""

from __future__ import annotations

from typing import Any

import pytest

from services.portal.apis.ordering import Participation
from services.portal.pages.participations import outlook_of

PARTY = {"id": "DE-SH", "name": "Schleswig-Holstein"}
CHECK = {"pending": False, "verdict": "EXEMPT", "reason": None, "remedy": None, "free": True}
LATER = {"verdict": "NOT_EXEMPT", "at": "2026-11-24T09:00:00Z", "open": True, "anbieter_decides": False}
PART: dict[str, Any] = {
    "order_id": "1",
    "number": "V-2026-1",
    "state": "ANGEBOT_ERSTELLT",
    "channel": "govdigital",
    "offering": {"id": "2", "title": "Digitale Baugenehmigung", "version": 1},
    "bundler": PARTY,
    "provider": PARTY,
    "named_at": "2026-11-24T09:00:00Z",
    "answer": "BESTAETIGT",
    "reason": None,
    "waiting": False,
    "payment": True,
    "return_duty": False,
    "check": CHECK,
    "allowed": ("decline",),
}


@pytest.mark.parametrize(
    ("changes", "check", "expected"),
    [
        ({"answer": "ANGEFRAGT", "waiting": True}, {"verdict": None, "free": False}, ""),
        ({}, {"pending": True, "verdict": None, "free": False}, "pending"),
        ({}, {}, "free"),
        ({}, {"verdict": "NOT_EXEMPT", "free": False}, "lacking"),
        ({}, {"verdict": "RISK", "free": False}, "risk"),
        ({}, {"verdict": "RISK", "free": False, "later": LATER}, "lacking"),
        ({}, {"free": False, "later": LATER | {"anbieter_decides": True}}, "risk"),
        ({"allowed": (), "state": "BESTELLT"}, {}, "ordered"),
        ({"answer": "ABGELEHNT", "allowed": ("confirm",)}, {"verdict": None, "free": False}, "declined"),
        ({"answer": "ABGELEHNT", "allowed": (), "state": "BESTELLT"}, {"verdict": None, "free": False}, "without"),
        ({"allowed": (), "state": "VERFALLEN"}, {}, "ended"),
    ],
)
def test_the_outlook_follows_from_the_answer_the_check_and_the_vorgang(
    changes: dict[str, Any], check: dict[str, Any], expected: str
) -> None:
    part = Participation.model_validate({**PART, **changes, "check": CHECK | check})
    assert outlook_of(part) == expected
