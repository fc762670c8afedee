"""A portal with offers, a Vorgang and an inbox, which tests only read, and Chromium in front of it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, async_playwright

from marktplatz.demo.browser import program
from marktplatz.infrastructure.idp import EmbeddedProvider
from marktplatz.people import OPERATOR, PEOPLE
from services.notify.app import load_routing
from services.notify.schemas import KindsReply
from services.portal.sealing import ensure_session_keys
from services.portal.sessions import PENDING, SESSIONS
from shared.clock import now
from shared.http.issuer import EmbeddedIssuer
from shared.messages.values import Role
from shared.process.serving import listen
from shared.store.sqlite.store import SqliteStore
from tests.browser import known_facts
from tests.browser.serving import address_of, served
from tests.component.ordering.ordering_world import BEREITSTELLER, KUNDE
from tests.component.ordering.ordering_world import World as OrderingWorld
from tests.component.portal.login import Acting, Beside, Notified
from tests.component.portal.test_portal_contracts import AGB
from tests.component.portal.test_portal_login import notification
from tests.component.portal.test_portal_operations import JOB, RECORD, Services
from tests.component.portal.test_portal_order_verdict import Judge
from tests.support.builders.orders import CUSTOMER
from tests.support.probes import PROBES
from tests.support.showcase import Showcase, few_services, rules_api

BUENDLER = "bea/DE-SH/BUENDELNDE_ORGANISATION"
AGB_VERSIONS = {
    "items": [
        {
            "name": AGB["name"],
            "version": version,
            "valid_from": first,
            "valid_to": last,
            "legs": ["NACHNUTZUNG", "SUB_NACHNUTZUNG"],
            "url": None,
            "filed": filed,
        }
        for version, first, last, filed in (
            (AGB["version"], "2022-12-01", None, True),
            ("FIT-Store 2021", "2021-02-01", "2022-11-30", False),
        )
    ]
}
CONTACT = {
    "name": "Hauke Husum",
    "email": "hauke@husum.example",
    "language": "de",
    "email_enabled": True,
    "muted": ["ordering.order.milestone-reached.v1"],
    "rhythm": "DAILY",
    "rhythms": {"ordering.order.offer-made.v1": "IMMEDIATE", "ordering.order.point-added.v1": "WEEKLY"},
    "deputy": False,
}
WEBHOOK: dict[str, Any] = {
    "id": "7f8f0a52-5f2c-5a8e-8d5f-2d6d9d2b8c33",
    "url": "https://fachverfahren.husum.example/schnittstellen/efa-marktplatz/mitteilungen?mandant=husum",
    "event_types": ["ordering.order.offer-made.v1", "ordering.order.placed.v1", "contracts.contract.concluded.v1"],
    "active": True,
    "switched_off_code": None,
    "failing_since": "2026-11-28T17:00:00Z",
    "old_secrets_until": "2026-11-30T17:00:00Z",
    "created_at": "2026-11-01T09:00:00Z",
    "changed_at": "2026-11-28T09:00:00Z",
}
SWITCHED_OFF = WEBHOOK | {
    "id": "0b0f2f9c-6f0e-5d2b-9f6c-3e1e6f2a9d10",
    "url": "https://alt.husum.example/",
    "active": False,
    "switched_off_code": "webhook_failing",
    "failing_since": None,
}
_TRIED: dict[str, Any] = {"at": "2026-11-28T17:00:00Z", "status": 503, "code": "webhook_refused", "latency_ms": 82}
_LOST = {"at": "2026-11-28T17:05:00Z", "status": None, "code": "webhook_unreachable", "latency_ms": 5003}
_CALL: dict[str, Any] = {
    "event_id": "0b0f2f9c-6f0e-5d2b-9f6c-3e1e6f2a9d10",
    "event_type": "ordering.order.offer-made.v1",
    "created_at": "2026-11-28T17:00:00Z",
    "next_attempt_at": None,
    "ended_at": None,
}
DELIVERIES = [
    _CALL | {"id": "4a0c8d0e-9f0c-5a53-8f0b-0d6c1f5b7f11", "state": "FAILED", "attempts": [_TRIED, _LOST]},
    _CALL
    | {
        "id": "4a0c8d0e-9f0c-5a53-8f0b-0d6c1f5b7f12",
        "state": "PENDING",
        "attempts": [_TRIED],
        "next_attempt_at": "2026-11-28T17:05:00Z",
    },
    _CALL
    | {
        "id": "4a0c8d0e-9f0c-5a53-8f0b-0d6c1f5b7f13",
        "state": "DELIVERED",
        "attempts": [_TRIED | {"status": 204, "code": None}],
    },
]
MARKUP = '<script>document.title="broken"</script><img src=x onerror=alert(1)>'


@dataclass(frozen=True, slots=True)
class Site:
    """A running portal: where it is, and what can be looked at in it."""

    url: str
    offering: str
    suspended: str
    markup: str
    order: str
    participation: str
    record: str
    job: str


@pytest.fixture(scope="session", name="chromium")
async def _chromium() -> AsyncIterator[Browser]:
    found = program()
    assert found, "The browser tests need Chromium: apt-get install --no-install-recommends chromium-headless-shell"
    async with async_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=found, args=["--hide-scrollbars", *sandbox])
        yield browser
        await browser.close()


@pytest.fixture(scope="session", name="site")
async def _site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("portal")
    socket = listen("127.0.0.1", 0)
    issuer = EmbeddedIssuer(folder / "issuer")
    showcase = await Showcase.open(few_services(folder / "data"))
    document = {"title": "Leistungsbeschreibung", "media_type": "application/pdf", "url": "https://www.example.org/lb.pdf"}
    offering = await showcase.publish("Digitale Baugenehmigung", documents=[document], contact_mailbox="efa@example.org")
    probes = "\n\n".join(PROBES)
    markup = await showcase.publish(MARKUP, summary=probes, nachnutzung=probes, technical_concept=probes)
    suspended = await showcase.publish("Wohngeld online", topic_id="bildung")
    await showcase.suspend(suspended, "Umstellung bis Ende März.")
    orders = OrderingWorld()
    await orders.start()
    order = await orders.declare(message="Wir möchten zum 1. Januar starten.")
    await orders.judge(order)
    await orders.step(order["id"], "clarification", BEREITSTELLER)
    bundled = await orders.declare(BUENDLER, bundled=True)
    await orders.step(bundled["id"], "klienten", BUENDLER, {"klient": CUSTOMER.id, "name": CUSTOMER.name})
    told = notification(subject="Angebot liegt vor", body="Bitte prüfen.")
    kinds = KindsReply.of(load_routing(), {Role.KUNDE}).model_dump(mode="json")["items"]
    notified = Notified(items=[told], contact=CONTACT, kinds=kinds, webhooks=[WEBHOOK, SWITCHED_OFF], deliveries=DELIVERIES)
    operated = Services()
    ensure_session_keys(folder / "session-keys")
    store = SqliteStore(None)
    await store.prepare([SESSIONS, PENDING])
    eligibility: httpx.AsyncBaseTransport = httpx.ASGITransport(app=rules_api())
    beside: dict[str, Callable[[httpx.Request], httpx.Response]] = {
        "/v1/precheck-jobs": operated.eligibility,
        "/v1/verdicts": Judge(),
        **dict.fromkeys(("/v1/facts", "/v1/evidence", "/v1/bodies"), known_facts.answer),
    }
    for begins, answers in beside.items():
        eligibility = Beside(eligibility, begins, answers)
    transports: dict[str, httpx.AsyncBaseTransport] = {
        "catalog": Beside(httpx.ASGITransport(app=showcase.app), "/v1/portals", operated.catalog),
        "eligibility": eligibility,
        "ordering": Beside(
            Beside(Acting(orders.app, KUNDE), "/v1/partner", operated.ordering), "/v1/operations", operated.operations
        ),
        "contracts": httpx.MockTransport(
            lambda it: httpx.Response(200, json=AGB_VERSIONS if it.url.path.endswith("/versions") else AGB)
        ),
        "notify": httpx.MockTransport(notified),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in issuer.environment().items():
            patch.setenv(name, value)
        async with EmbeddedProvider(issuer, (*PEOPLE, OPERATOR), address_of(socket)) as provider:
            entrance = {"oidc_issuer": provider.url, "session_keys": folder / "session-keys", "run": "browser"}
            async with served(socket, store, transports, now, **entrance) as url:
                yield Site(url, offering, suspended, markup, order["id"], bundled["id"], str(RECORD["reference"]), str(JOB["id"]))
    for opened in (store, showcase.store, orders.store):
        await opened.close()
