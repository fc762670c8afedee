"""Bodies and facts about them, as eligibility answers who reads them, for pages that are looked at."""

from __future__ import annotations

from typing import Any

import httpx

AT = "2026-03-02T09:00:00Z"
NAMES = {
    "dataport": "Dataport Anstalt öffentlichen Rechts",
    "010540056056": "Husum, Stadt",
    "DE-SH": "Land Schleswig-Holstein",
    "govdigital": "govdigital eG",
    "nord_invest": "Nord Invest GmbH",
}
RELATION = "published:DE-SH:dataport:TRAEGER"
ACTIVITY = "zahlen-2025"
_ALWAYS = {"valid_from": None, "valid_to": None}
_DOCUMENT = {
    "id": "traegerliste",
    "title": "Staatsvertrag über die Errichtung von Dataport",
    "reference": "https://www.example.org/staatsvertrag.pdf",
    "media_type": None,
    "size": None,
    "document": {"id": "traegerliste", "type": "STAATSVERTRAG"},
}


def _fact(origin: str, content: dict[str, Any]) -> dict[str, Any]:
    first = {
        "rev": 1,
        "recorded_at": AT,
        "withdrawn": False,
        "origin": origin,
        "organisation": None if origin == "REFERENCE" else "dataport",
        "by": None,
        "reason": "Testat des Wirtschaftsprüfers.",
        "source": "data/it_provider_owners.csv" if origin == "REFERENCE" else None,
        "content": content,
    }
    later = {
        **first,
        "rev": 2,
        "origin": "PERSON",
        "organisation": "govdigital",
        "reason": "Anhand der Satzung geprüft.",
        "source": None,
        "content": {**content, "valid_to": "2028-01-01"},
    }
    return {"id": content["id"], "rev": 2, "withdrawn": False, "fact": later["content"], "history": [first, later]}


FACTS = [
    _fact("REFERENCE", {"id": "nr2", "kind": "authority_status", "org": "dataport", "class": "NR2", **_ALWAYS}),
    _fact(
        "REFERENCE",
        {
            "id": RELATION,
            "kind": "relation",
            "type": "TRAEGER",
            "from": "DE-SH",
            "to": "dataport",
            "share": "29.5",
            "organ_seat": "OWN",
            "joint_influence": True,
            "contrary_interests": False,
            "all_fields": None,
            "evidence": ["traegerliste"],
            **_ALWAYS,
        },
    ),
    _fact(
        "PERSON",
        {
            "id": ACTIVITY,
            "kind": "activity",
            "org": "dataport",
            "year": 2025,
            "basis": "TURNOVER",
            "scope": "SOLO",
            "status": "ACTUAL",
            "total": 120_000_000_00,
            "entrusted": 110_500_000_50,
            "evidence": ["traegerliste"],
            **_ALWAYS,
        },
    ),
    _fact(
        "PERSON",
        {
            "id": "beteiligung",
            "kind": "private_participation",
            "org": "dataport",
            "holder": "nord_invest",
            "statutory": None,
            "controlling": False,
            "blocking": False,
            "decisive_influence": None,
            **_ALWAYS,
        },
    ),
]


def answer(request: httpx.Request) -> httpx.Response:
    """Answer as the routes of bodies, facts and documents do."""
    path = request.url.path
    if path.startswith("/v1/evidence/"):
        return httpx.Response(200, json=_DOCUMENT)
    if path == "/v1/facts":
        kind = request.url.params.get("kind")
        return httpx.Response(200, json={"items": [it for it in FACTS if kind in (None, it["fact"]["kind"])], "next": None})
    key = path.rpartition("/")[2]
    if path.startswith("/v1/facts/"):
        return httpx.Response(200, json=next(it for it in FACTS if it["id"] == key), headers={"ETag": '"2"'})
    known = [{"id": it, "name": name, "type": "IT_PROVIDER", "state_code": None} for it, name in NAMES.items()]
    if path == "/v1/bodies":
        return httpx.Response(200, json={"items": known[:3], "next": None})
    found = [it for it in known if it["id"] == key]
    return (
        httpx.Response(200, json=found[0]) if found else httpx.Response(404, json={"code": "body_not_found", "detail": "None."})
    )
