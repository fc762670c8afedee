"""Webhooks by pages, over a real notify that calls a receiver: entered, changed, their secrets, and what was sent."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.notify.webhooks.signing import signed_headers
from shared.http.app import create_app
from shared.key_file import ensure_key_file
from tests.component.notify.test_notify_api import CONCLUDED, LIVE
from tests.component.notify.workbench import Bench, open_store, received
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import HUSUM, ActingAs, World
from tests.support.builders.events import CUSTOMER
from tests.support.http import FakeAuthenticator, FixedHealth
from tests.support.receiver import Receiver

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@dataclass
class Desk:
    """Somebody who administers their organisation, notify behind the pages, and the system that is called."""

    person: Person
    bench: Bench
    receiver: Receiver

    async def happen(self, seq: int = 1) -> None:
        """Let something arrive in the inbox, and have what is due sent."""
        await self.bench.consume([replace(received(LIVE, seq), time=self.bench.clock())])
        await self.bench.repeat("send-webhooks")

    async def entered(self) -> str:
        """Enter a webhook about a service that goes live, and return its secret."""
        await self.person.open("/webhooks/new")
        await self.person.send(200, "", url=self.receiver.url, event_types__delivery=[LIVE.TYPE])
        return str(SECRET.findall(self.person.text)[0])


@pytest.fixture(name="desk")
async def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    ensure_key_file(tmp_path / "keys")
    store = await open_store()
    async with Receiver() as receiver:
        bench = Bench(
            store,
            webhook_keys=tmp_path / "keys",
            webhook_networks=("127.0.0.0/8",),
            webhook_timeout=timedelta(seconds=2),
        )
        world = World(tmp_path)
        for name, value in world.issuer.environment().items():
            monkeypatch.setenv(name, value)
        names = FakeAuthenticator({CUSTOMER.id: CUSTOMER.name})
        app = create_app("Notify", bench.service.router, authenticator=names, store=store, health=FixedHealth())
        world.further = {"notify": ActingAs(app, {HUSUM: f"hauke/{CUSTOMER.id}/KUNDE"})}
        await world.open()
        person = await somebody(world, HUSUM)
        yield Desk(person, bench, receiver)
        await person.visitor.aclose()
        await world.store.close()
    await store.close()


async def test_a_webhook_is_entered_and_its_secret_shown_once_and_nowhere_else(
    desk: Desk, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    person = await desk.person.open("/webhooks")
    assert "Ihre Organisation hat noch keinen Webhook" in person.text
    await person.follow("Webhook anlegen")
    await person.send(422, "", url="ftp://intern", event_types__delivery=[LIVE.TYPE])
    assert "https auf Port 443" in person.page.one("p", id="url-error").text
    await person.send(422, "", url=desk.receiver.url, event_types__delivery=[])
    assert all("open" in it.attributes for it in person.form().inside_all("details")), "what is wrong is in sight"
    secret = await desk.entered()
    assert person.path == "/webhooks/new", "the secret stands in no address"
    await person.follow("Weiter zum Webhook")
    assert desk.receiver.url in person.text
    assert "Eingeschaltet" in person.text
    assert secret not in person.text
    for path in (person.path, f"{person.path}/change", f"{person.path}/secret", "/webhooks"):
        await person.open(path)
        assert secret not in str(person.page.elements), path
    assert secret not in caplog.text
    written = capsys.readouterr()
    assert secret not in written.out + written.err
    await desk.happen()
    (call,) = desk.receiver.calls
    expected = signed_headers(call.headers["webhook-id"], desk.bench.clock(), call.body, [secret])
    assert {name: call.headers[name] for name in expected} == expected


async def test_all_kinds_of_a_matter_are_chosen_at_once_and_switched_off(desk: Desk) -> None:
    await desk.entered()
    person = await desk.person.follow("Weiter zum Webhook")
    await person.follow("Webhook ändern")
    chosen = {it.text for it in person.form().inside_all("summary") if "0 von" not in it.text}
    assert len(chosen) == 1
    await person.send(200, "", event_types__conclusions=["*"], active=[])
    assert "Der Webhook ist geändert" in person.text
    assert "Ausgeschaltet" in person.text
    assert "Vertrag geschlossen" in person.text
    await desk.bench.consume([replace(received(CONCLUDED, 1), time=desk.bench.clock())])
    await desk.happen()
    assert desk.receiver.calls == [], "what is switched off is not called"


async def test_a_secret_is_replaced_while_the_earlier_one_signs_along(desk: Desk) -> None:
    first = await desk.entered()
    person = await desk.person.follow("Weiter zum Webhook")
    page = person.path
    await person.follow("Neues Geheimnis")
    stale = person.page
    await person.open(page)
    await person.follow("Neues Geheimnis")
    sent = person.page
    await person.send()
    second = SECRET.findall(person.text)[0]
    assert second != first
    assert "Das frühere Geheimnis unterschreibt noch bis" in person.text
    await person.open(page)
    assert "unterschreibt noch bis" in person.text
    await desk.happen()
    (call,) = desk.receiver.calls
    signed = [signed_headers(call.headers["webhook-id"], desk.bench.clock(), call.body, [it]) for it in (second, first)]
    assert call.headers["webhook-signature"].split() == [it["webhook-signature"] for it in signed]
    person.page = sent
    await person.send()
    assert SECRET.findall(person.text)[0] == second, "a form that is sent twice acts once, and shows what it has made"
    person.page = stale
    await person.send(412)
    assert "Inzwischen hat jemand etwas geändert" in person.text
    assert SECRET.findall(person.text) == []


async def test_failed_calls_are_seen_with_their_attempts_and_sent_once_more(desk: Desk) -> None:
    await desk.entered()
    person = await desk.person.follow("Weiter zum Webhook")
    page = person.path
    desk.receiver.status = 503
    await desk.happen()
    await person.open(page)
    assert "Unterwegs" in person.text
    assert "Letzter Versuch:" in person.text
    assert "Antwort 503" in person.text
    assert "Ihr System hat den Aufruf nicht angenommen." in person.text
    assert "Scheitert" in person.text
    assert not [it for it in person.page.one("main").inside_all("button") if "Noch einmal senden" in it.text]
    desk.receiver.status = 204
    desk.bench.clock.turn(minutes=1)
    await desk.bench.repeat("send-webhooks")
    await person.open(page)
    assert "Alle 2 Versuche" in person.text
    assert "Angenommen" in person.text
    await person.follow("Nur gescheiterte anzeigen")
    assert "Hier ist noch nichts." in person.text
    await person.open(page)
    (button,) = [it.text for it in person.page.one("main").inside_all("button")]
    await person.choose(button)
    assert "Der Aufruf wird noch einmal gesendet" in person.text
    await desk.bench.repeat("send-webhooks")
    assert len(desk.receiver.calls) == 3
    assert len({it.headers["webhook-id"] for it in desk.receiver.calls}) == 1


async def test_a_webhook_is_removed_and_of_others_there_is_none(desk: Desk) -> None:
    await desk.entered()
    person = await desk.person.follow("Weiter zum Webhook")
    page = person.path
    await person.follow("Webhook löschen")
    await person.send()
    assert "Der Webhook ist gelöscht" in person.text
    await person.open(page, 404)
