"""What the operator looks after, by pages: services and dead letters, portals, the quarantine of partners, what-if."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from marktplatz.people import OPERATOR
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import HUSUM, World

AT = "2026-11-28T17:00:00Z"
PORTAL = {
    "id": "portal-nord",
    "state": "behind",
    "received_at": AT,
    "standings": [{"topic": "catalog.offering.v1", "state": "behind", "since": AT, "behind": 7}],
}
RECORD = {
    "reference": "a" * 32,
    "partner": "sued",
    "topic": "partner.sued.orders.v1",
    "partition": 0,
    "offset": 41,
    "size": 5,
    "sha256": "0" * 64,
    "shortened": False,
    "code": "signature_invalid",
    "wording": {"de": "Die Signatur stimmt nicht.", "en": "The signature does not hold."},
    "remedy": {"de": "Mit dem privaten Teil des Schlüssels signieren.", "en": "Sign with the private part of the key."},
    "state": "OPEN",
    "reason": None,
    "quarantined_at": AT,
    "purge_at": "2027-02-26T17:00:00Z",
}
PARTNER: dict[str, Any] = {
    "id": "sued",
    "name": "Fachverfahren Süd",
    "run_by": {"id": "komm_one", "name": "Komm.ONE"},
    "state": "ACTIVE",
    "organisations": [
        {"id": "084160041041", "name": "Tübingen, Universitätsstadt", "roles": ["KUNDE"]},
        {"id": "08416", "name": "Tübingen, Landkreis", "roles": ["KUNDE", "BUENDELNDE_ORGANISATION"]},
    ],
    "keys": [
        {
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
            "algorithm": "EdDSA",
            "valid_from": AT,
            "valid_until": None,
        },
        {
            "kid": "sued-2025",
            "jwk": {"kty": "EC", "crv": "P-256", "x": "a", "y": "b"},
            "algorithm": "ES256",
            "valid_from": "2025-01-01T00:00:00Z",
            "valid_until": "2026-11-01T00:00:00Z",
        },
    ],
    "quota": {"records_per_second": 20, "bytes_per_second": 262144, "burst_seconds": 10},
    "contact": {"mailbox": "schnittstellen@komm-one.example"},
    "topics": {"orders": "partner.sued.orders.v1", "receipts": "partner.sued.receipts.v1"},
    "registered_at": AT,
    "changed_at": AT,
}
HISTORY = [
    {"at": AT, "person": "betrieb.marktplatz", "organisation": "betrieb", "command": "register", "detail": None},
    {"at": AT, "person": "betrieb.marktplatz", "organisation": "betrieb", "command": "add_key", "detail": "sued-2025"},
]
JOB = {
    "id": "91078be3-7731-5094-bb8a-13bdc94e1a42",
    "end_fact": "published:dataport:govdigital:MEMBER",
    "day": "2027-01-01",
    "state": "DONE",
    "orders_touched": 3,
    "code": None,
    "detail": None,
}
GROUP = "ordering.verdicts"
SERVICE = {
    "service": "ordering",
    "version": "0.2.0",
    "started_at": AT,
    "ready": False,
    "checks": [{"name": "store_ordering", "holds": True}, {"name": "rights", "holds": False}],
    "groups": [
        {
            "group": GROUP,
            "state": "Stable",
            "members": [
                {"process": "ordering-worker", "version": "0.2.0", "started_at": AT},
                {"process": "ordering-worker", "version": None, "started_at": None},
            ],
            "lag": 7,
            "open_letters": 1,
        }
    ],
}
BRIEF = {
    "id": "0:17",
    "group": GROUP,
    "topic": "eligibility.verdict.v1",
    "partition": 2,
    "offset": 4711,
    "died_at": AT,
    "code": "handler_error",
    "reason": "KeyError in services.ordering.handlers.reach",
    "attempts": 2,
    "key": "o-1",
    "type": "eligibility.verdict.reached.v1",
    "settled": False,
    "replayable": True,
}
LETTER = {
    **BRIEF,
    "headers": [
        {"name": "ce_type", "size": 30, "content": "eligibility.verdict.reached.v1"},
        {"name": "x-user", "size": 5, "content": None},
    ],
    "value": {
        "size": 42,
        "sha256": "0" * 64,
        "fields": [{"pointer": "", "kind": "object", "size": 1}, {"pointer": "/note", "kind": "string", "size": 23}],
        "cut": False,
    },
    "decisions": [],
}
CONCERNED = {"order_id": "o-1", "customer": "010540056056", "channel": "govdigital", "before": "EXEMPT", "after": "NOT_EXEMPT"}


def partners(path: str) -> httpx.Response:
    """Answer as the registry of partner systems does when it is read."""
    if path.endswith("/history"):
        return httpx.Response(200, json={"items": HISTORY, "omitted": 0})
    if path == "/v1/partners":
        brief = {**PARTNER, "organisations": len(PARTNER["organisations"])}
        return httpx.Response(200, json={"items": [brief], "next": None})
    return httpx.Response(200, json=PARTNER, headers={"ETag": '"1"'})


@dataclass
class Services:
    """The services as an operator finds them; ``away`` names those that do not answer."""

    allowed: bool = True
    away: set[str] = field(default_factory=set)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=lambda: RECORD)
    receipt: dict[str, Any] = field(default_factory=lambda: {"status": "ACCEPTED", "code": None, "wording": None, "remedy": None})
    letter: dict[str, Any] = field(default_factory=lambda: LETTER)

    def catalog(self, _: httpx.Request) -> httpx.Response:
        if not self.allowed:
            return httpx.Response(403, json={"code": "role_missing", "detail": "Operators only."})
        return httpx.Response(200, json={"items": [PORTAL], "next": None})

    def operations(self, request: httpx.Request) -> httpx.Response:
        """Answer as the routes of operators do."""
        path = request.url.path
        if request.method == "POST":
            body = json.loads(request.content)
            self.asked.append((path, body))
            if self.letter["settled"]:
                return httpx.Response(409, json={"code": "dead_letter_settled", "detail": "It was replayed already."})
            if not body.get("reason"):
                errors = [{"pointer": "#/reason", "code": "missing"}]
                return httpx.Response(422, json={"code": "invalid", "detail": "", "errors": errors})
            decision = {"action": path.rpartition("/")[2], "by": "betrieb.marktplatz", "at": AT, "reason": body["reason"]}
            self.letter = {**LETTER, "settled": True, "decisions": [decision]}
            return httpx.Response(200, json=self.letter)
        if path.endswith("/dead-letters"):
            items = [BRIEF] if not self.letter["settled"] else []
            return httpx.Response(200, json={"items": items, "next": None})
        return httpx.Response(200, json=self.letter if "/dead-letters/" in path else SERVICE)

    def ordering(self, request: httpx.Request) -> httpx.Response:
        if "ordering" in self.away:
            return httpx.Response(503)
        if request.url.path.startswith("/v1/operations/"):
            return self.operations(request)
        if request.url.path.startswith("/v1/partners"):
            return partners(request.url.path)
        return self.quarantine(request)

    def quarantine(self, request: httpx.Request) -> httpx.Response:
        """Answer as the routes of the quarantine do."""
        if request.method == "POST":
            body = json.loads(request.content) if request.content else None
            self.asked.append((request.url.path, body))
            step = request.url.path.rpartition("/")[2]
            if step == "discard":
                self.record = {**RECORD, "state": "DISCARDED", "reason": body["reason"] if body else None}
                return httpx.Response(200, json=self.record)
            taken = self.receipt["status"] == "ACCEPTED"
            self.record = {**RECORD, "state": {"replay": "REPLAYED", "resubmit": "RESUBMITTED"}[step] if taken else "OPEN"}
            return httpx.Response(200, json={"record": self.record, "receipt": self.receipt})
        if request.url.path.endswith("/value"):
            return httpx.Response(200, content=b"event")
        whole = request.url.path.endswith("partner-quarantine")
        return httpx.Response(200, json={"items": [self.record], "next": None} if whole else self.record)

    def eligibility(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "POST":
            body = json.loads(request.content)
            self.asked.append((path, body))
            if "end_fact" not in body:
                errors = [{"pointer": "#/end_fact", "code": "missing"}]
                return httpx.Response(422, json={"code": "invalid", "detail": "", "errors": errors})
            return httpx.Response(201, json=JOB)
        if path.endswith("/orders"):
            return httpx.Response(200, json={"items": [CONCERNED], "next": None})
        return httpx.Response(200, json={"items": [JOB], "next": None} if path.endswith("precheck-jobs") else JOB)


@pytest.fixture(name="services")
def _services() -> Services:
    return Services()


@pytest.fixture(name="world")
async def _world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, services: Services) -> AsyncIterator[World]:
    world = World(tmp_path)
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    world.ordering = httpx.MockTransport(services.ordering)
    world.further = {"catalog": httpx.MockTransport(services.catalog), "eligibility": httpx.MockTransport(services.eligibility)}
    await world.open()
    yield world
    await world.store.close()


@pytest.fixture(name="operator")
async def _operator(world: World) -> AsyncIterator[Person]:
    person = await somebody(world, OPERATOR.subject)
    yield person
    await person.visitor.aclose()


async def test_the_operator_sees_portals_quarantine_and_computations_and_what_is_away(
    operator: Person, services: Services
) -> None:
    await operator.open("/operations")
    for expected in (
        "portal-nord",
        "Hinkt nach",
        "7 Datensätze zurück",
        "Die Signatur stimmt nicht. signature_invalid",
        "3 Vorgänge betroffen",
    ):
        assert expected in operator.text
    services.away = {"ordering"}
    await operator.open("/en/operations")
    assert "7 records behind" in operator.text
    assert "signature_invalid" not in operator.text
    services.allowed = False
    await operator.open("/operations", 403)


async def test_the_operator_sees_which_version_of_a_service_runs_and_where_its_groups_stand(operator: Person) -> None:
    await operator.open("/operations")
    for expected in (
        "Nicht bereit",
        "Version 0.2.0, läuft seit 28. November 2026",
        "Es fehlt: rights",
        "ordering.verdicts : verarbeitet, 2 Prozesse (Version 0.2.0, seit 28. November 2026",
        "7 Datensätze zurück",
        "1 unzustellbares Ereignis",
        "notify Antwortet nicht",
    ):
        assert expected in operator.text, expected


async def test_a_dead_letter_is_looked_at_and_sent_back_with_a_reason(operator: Person, services: Services) -> None:
    await operator.open("/operations")
    await operator.follow("1 unzustellbares Ereignis")
    assert "2 Mal gescheitert" in operator.text
    await operator.follow("0:17, 28. November 2026, 18:00 Uhr")
    for expected in ("eligibility.verdict.v1, 2, 4711", "handler_error", "/note: Text (23)", "x-user: nicht zu sehen"):
        assert expected in operator.text, expected
    await operator.follow("Ereignis zurücksenden")
    await operator.send(422)
    assert operator.page.one("p", id="reason-error").text
    await operator.send(reason="In 0.2.1 behoben.")
    assert "Das Ereignis ist zurückgesandt" in operator.text
    assert "betrieb.marktplatz: In 0.2.1 behoben." in operator.text
    assert not [it for it in operator.page.one("main").inside_all("a") if "verwerfen" in it.text]
    path = f"/v1/operations/ordering/groups/{GROUP}/dead-letters/0:17/replay"
    assert services.asked[-1] == (path, {"reason": "In 0.2.1 behoben."})


async def test_what_somebody_else_has_settled_meanwhile_is_not_discarded(operator: Person, services: Services) -> None:
    await operator.open(f"/en/operations/groups/{GROUP}/0:17/discard")
    services.letter = {**LETTER, "settled": True}
    await operator.send(409, reason="Nothing comes of it.")
    assert "This event has been sent back or discarded already." in operator.text
    await operator.open(f"/operations/groups/{GROUP}")
    assert "Hier wartet nichts." in operator.text


async def test_a_letter_without_its_bytes_offers_no_way_back(operator: Person, services: Services) -> None:
    services.letter = {**LETTER, "replayable": False, "value": None, "key": None}
    await operator.open(f"/operations/groups/{GROUP}/0:17")
    steps = [it.text for it in operator.page.one("main").inside_all("a") if "Ereignis" in it.text]
    assert steps == ["Ereignis verwerfen"]
    await operator.open("/operations/groups/nobody.knows", 404)
    await operator.open(f"/operations/groups/{GROUP}/0:17/delete", 404)


async def test_an_event_is_discarded_with_a_reason(operator: Person, services: Services) -> None:
    await operator.open("/operations")
    await operator.follow("sued, 28. November 2026, 18:00 Uhr")
    assert "partner.sued.orders.v1, 0, 41" in operator.text
    await operator.follow("Ereignis verwerfen")
    await operator.send(reason="Der Partner sendet neu.")
    assert "Das Ereignis ist verworfen" in operator.text
    assert not [it for it in operator.page.one("main").inside_all("a") if "verwerfen" in it.text]
    assert services.asked == [(f"/v1/partner-quarantine/{RECORD['reference']}/discard", {"reason": "Der Partner sendet neu."})]


async def test_an_event_is_processed_once_more_and_stays_if_it_is_refused_again(operator: Person, services: Services) -> None:
    services.receipt = {
        "status": "QUARANTINED",
        "code": "signature_invalid",
        "wording": RECORD["wording"],
        "remedy": RECORD["remedy"],
    }
    await operator.open(f"/quarantine/{RECORD['reference']}")
    await operator.follow("Noch einmal verarbeiten")
    await operator.send(409)
    assert (
        "Das Ereignis wurde wieder nicht angenommen signature_invalid Die Signatur stimmt nicht. Mit dem privaten Teil"
        in operator.text
    )
    services.receipt = {"status": "ACCEPTED", "code": None, "wording": None, "remedy": None}
    await operator.send()
    assert "Das Ereignis ist noch einmal verarbeitet" in operator.text
    await operator.open(f"/quarantine/{RECORD['reference']}/resubmit", 404)


async def test_who_runs_a_partner_saves_its_event_and_sends_another(world: World, services: Services) -> None:
    person = await somebody(world, HUSUM)
    await person.open("/partners/sued")
    await person.follow("sued, 28. November 2026, 18:00 Uhr")
    saved = await person.visitor.get(f"/quarantine/{RECORD['reference']}/value")
    assert saved.content == b"event"
    assert saved.headers["Content-Disposition"].startswith("attachment")
    await person.follow("Berichtigtes Ereignis senden")
    await person.send(event=" eyJhbGciOiJFZERTQSJ9.e30.c2ln\r\n")
    assert "Das berichtigte Ereignis ist angenommen" in person.text
    path = f"/v1/partner-quarantine/{RECORD['reference']}/resubmit"
    assert services.asked == [(path, {"event": "eyJhbGciOiJFZERTQSJ9.e30.c2ln"})]
    await person.open(f"/quarantine/{RECORD['reference']}/discard", 404)
    await person.visitor.aclose()


async def test_what_would_change_is_computed_and_read(operator: Person, services: Services) -> None:
    await operator.open("/operations/what-if")
    await operator.send(422, day__day="1", day__month="1", day__year="2027")
    assert operator.page.one("p", id="end_fact-error").text
    await operator.send(end_fact=str(JOB["end_fact"]))
    asked = {"kind": "WHAT_IF", "end_fact": JOB["end_fact"], "day": "2027-01-01"}
    assert services.asked[-1] == ("/v1/precheck-jobs", asked)
    await operator.follow(str(JOB["end_fact"]))
    assert "Vergabefrei" in operator.text or "EXEMPT" in operator.text
    # From the page of a fact its id comes along.
    await operator.open("/operations/what-if?fact=published:dataport:govdigital:MEMBER")
    assert operator.value("end_fact") == "published:dataport:govdigital:MEMBER"
