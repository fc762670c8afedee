"""Inbox and own contact by pages, over a real notify."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.portal.pages.notices import matter_of
from shared.http.app import create_app
from shared.ids import derived_id
from shared.messages import ordering
from tests.component.notify.workbench import Bench, open_store, received
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import HUSUM, ActingAs, World
from tests.support.builders.events import AT, CUSTOMER, NUMBER, OFFERING_ID, head
from tests.support.html import Element
from tests.support.http import FakeAuthenticator, FixedHealth


@dataclass
class Desk:
    """A person, and notify behind the pages."""

    person: Person
    bench: Bench


@pytest.fixture(name="desk")
async def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    store = await open_store()
    bench, world = Bench(store), World(tmp_path)
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    names = FakeAuthenticator({CUSTOMER.id: CUSTOMER.name})
    app = create_app("Notify", bench.service.router, authenticator=names, store=store, health=FixedHealth())
    world.further = {"notify": ActingAs(app, {HUSUM: f"hauke/{CUSTOMER.id}/KUNDE"})}
    await world.open()
    person = await somebody(world, HUSUM)
    yield Desk(person, bench)
    await person.visitor.aclose()
    await world.store.close()
    await store.close()


async def test_a_person_states_where_mail_goes_changes_it_and_erases_it(desk: Desk) -> None:
    person = await desk.person.open("/contacts/me")
    assert (person.value("name"), person.value("rhythm")) == ("Hauke Husum", "IMMEDIATE")
    await person.send(422, email="keine Adresse")
    assert person.page.one("p", id="email-error").text
    await person.send(email="hauke@husum.example", rhythm="DAILY")
    assert "Ihre Angaben sind gespeichert" in person.text
    await desk.bench.enter(CUSTOMER.id, "hauke", muted=(ordering.WentLive.TYPE,))
    await person.open("/en/contacts/me")
    assert "Notifications by e-mail" in person.title
    await person.send(email="digital@husum.example", email_enabled=[])
    book = await desk.bench.contacts.book(CUSTOMER.id)
    assert book is not None
    (contact,) = book.people
    assert (contact.email, contact.email_enabled) == ("digital@husum.example", False)
    assert contact.muted == (ordering.WentLive.TYPE,), "what the page does not ask for stays"
    await person.open("/contacts/me")
    await person.send(200, "Meine Angaben löschen")
    assert "Ihre Angaben sind gelöscht" in person.text
    await person.open("/contacts/me")
    assert person.value("email") == ""


async def test_all_that_was_seen_is_marked_as_read_at_once(desk: Desk) -> None:
    for seq in (1, 2):
        desk.bench.clock.turn(minutes=1)
        await desk.bench.consume([received(ordering.WentLive(order=head(), at=AT), seq)])
    person = await desk.person.open("/inbox")
    assert "2 ungelesen" in person.text
    seen = person.page
    desk.bench.clock.turn(minutes=1)
    await desk.bench.consume([received(ordering.WentLive(order=head(), at=AT), 3)])
    person.page = seen
    await person.choose("Alle als gelesen kennzeichnen")
    assert "1 ungelesen" in person.text, "what came later was not seen"


async def test_the_inbox_is_narrowed_by_kind_vorgang_and_offer_and_marked_as_read_so(desk: Desk) -> None:
    other = head(id=derived_id("other", "order"), number="V-2026-2")
    begun = ordering.ClarificationStarted(order=head(), at=AT, points=())
    for seq, event in enumerate((ordering.WentLive(order=head(), at=AT), begun, ordering.WentLive(order=other, at=AT)), 1):
        desk.bench.clock.turn(minutes=1)
        await desk.bench.consume([received(event, seq)])
    person = await desk.person.open("/inbox?unread=true")
    assert len(person.page.all("li", class_="card")) == 3
    await person.follow(f"Alles zu diesem Vorgang : {subjects(person)[1]}")
    assert len(subjects(person)) == 2
    await person.follow("Dienst produktiv")
    chips = [it.text.removesuffix(" ✕") for it in person.page.all("a", class_="chip")]
    assert chips == ["Dienst produktiv", "Ein bestimmter Vorgang"]
    (only,) = subjects(person)
    assert NUMBER in only
    await person.choose("Alle als gelesen kennzeichnen")
    assert "2 ungelesen" in person.text, "what the filters leave out stays unread"
    assert subjects(person) == [only]
    await person.open(f"/en/inbox?offering_id={OFFERING_ID}&event_type={ordering.WentLive.TYPE}")
    assert len(subjects(person)) == 2
    await person.follow("Remove all filters")
    assert len(subjects(person)) == 3


async def test_a_person_chooses_for_single_kinds_how_often_mail_comes_or_never(desk: Desk) -> None:
    person = await desk.person.open("/contacts/me/kinds")
    assert person.title == "Benachrichtigungen per E-Mail", "first it is stated where mail goes"
    await desk.bench.enter(CUSTOMER.id, "hauke", muted=("catalog.submission.submitted.v1",))
    await person.open("/contacts/me")
    await person.follow("Für einzelne Arten anders einstellen")
    fields = {it.attributes["name"]: it for it in person.form().inside_all("select")}
    live, urgent = f"kind.{ordering.WentLive.TYPE}", f"kind.{ordering.OrderEscalated.TYPE}"
    assert "kind.catalog.submission.accepted.v1" not in fields, "no Kunde is told of it"
    assert "kind.catalog.submission.submitted.v1" in fields, "what somebody has chosen shows"
    assert choices(fields[live]) == ["", "IMMEDIATE", "DAILY", "WEEKLY", "NEVER"]
    assert choices(fields[urgent]) == ["", "IMMEDIATE", "NEVER"], "what is escalated waits for no digest"
    offer = f"kind__{ordering.OfferMade.TYPE.replace('.', '__')}"
    await person.send(200, "", **{live.replace(".", "__"): "NEVER", offer: "WEEKLY"})
    assert "Ihre Angaben sind gespeichert" in person.text
    book = await desk.bench.contacts.book(CUSTOMER.id)
    assert book is not None
    (contact,) = book.people
    assert contact.muted == ("catalog.submission.submitted.v1", ordering.WentLive.TYPE)
    assert [(it.event_type, it.rhythm.value) for it in contact.rhythms] == [(ordering.OfferMade.TYPE, "WEEKLY")]
    await person.open("/en/contacts/me/kinds")
    assert folded(person)["Offer and order"] == "1 differs"
    await person.send(200, "", **{live.replace(".", "__"): "", offer: ""})
    book = await desk.bench.contacts.book(CUSTOMER.id)
    assert book is not None
    assert (book.people[0].muted, book.people[0].rhythms) == (("catalog.submission.submitted.v1",), ())


async def test_a_person_chooses_once_for_all_kinds_of_a_matter(desk: Desk) -> None:
    """Closed at first, each matter says how many of its kinds differ; what a kind does not have stays as it is there."""
    await desk.bench.enter(CUSTOMER.id, "hauke", muted=(ordering.OrderEscalated.TYPE, ordering.WentLive.TYPE))
    person = await desk.person.open("/contacts/me/kinds")
    matters = folded(person)
    assert (matters["Erinnerungen"], matters["Anbindung und Betrieb"], matters["Klienten"]) == ("1 anders", "1 anders", "7 Arten")
    assert all("open" not in it.attributes for it in person.form().inside_all("details"))
    await person.send(200, "", matter__reminders="WEEKLY", matter__delivery="AS_ELSE", matter__placing="NEVER")
    book = await desk.bench.contacts.book(CUSTOMER.id)
    assert book is not None
    (contact,) = book.people
    rhythms = {it.event_type: it.rhythm.value for it in contact.rhythms}
    assert rhythms.pop(ordering.OrderReminded.TYPE) == "WEEKLY"
    assert {matter_of(it) for it in rhythms} <= {"reminders"}
    assert ordering.WentLive.TYPE not in contact.muted, "it is as all others again"
    assert ordering.OrderEscalated.TYPE in contact.muted, "what is escalated waits for no digest"
    assert ordering.OfferMade.TYPE in contact.muted


def folded(person: Person) -> dict[str, str]:
    """Return what stands beside the headings of groups that can be opened."""
    found = [it.inside_all("span") for it in person.form().inside_all("summary")]
    return {heading.text: beside.text for heading, beside in found}


def choices(element: Element) -> list[str]:
    """Return what can be chosen in a field."""
    return [it.attributes["value"] for it in element.inside_all("option")]


def subjects(person: Person) -> list[str]:
    """Return what the notifications of the page are called."""
    return [it.text for it in person.page.all("h2")]
