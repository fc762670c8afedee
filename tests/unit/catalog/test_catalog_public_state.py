"""What the API shows everybody of an offer or a known service, a portal reads on the topic: nothing less, and nothing personal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.catalog.access import Seen
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.known import Description
from services.catalog.domain.offering import Offering
from services.catalog.domain.statement import EDITION, Statement
from services.catalog.domain.transitions import Actor
from services.catalog.schemas.difference import differences
from services.catalog.schemas.listing import KnownReply
from services.catalog.schemas.offering import OfferingReply
from shared.messages import catalog as messages
from shared.messages.values import Channel, OfferingState, Party
from tests.support.builders.offerings import AT, CATALOGUE, PROVIDER, accept, complete_form, offering_in

LATER = AT + timedelta(hours=1)
NOT_ON_THE_TOPIC = {
    "kind": "the topic is of offers only",
    "orderable": "an offer is orderable if orderable_channels names one",
    "workflow": "only those in charge see it",
    "latest_version": "the topic holds the latest version only",
    "in_use": "contracts change it, without the offer",
}
NOT_ON_THE_TOPIC_OF_KNOWN = {
    "kind": "the topic is of known services only",
    "orderable": "a known service never is",
    "offered_here": "each offer names its known_listing",
}
ONLY_ON_THE_TOPIC = {
    "withdrawn_at": "the API shows it as the time of the last change",
}


def full_form() -> OfferingForm:
    return complete_form(
        channels=["govdigital", "fitko"],
        known_listing="E008",
        contact_mailbox="efa-nachnutzung@example.org",
        documents=[{"title": "AVV", "media_type": "application/pdf", "url": "https://example.org/avv.pdf"}],
        licence_free_for_states=["DE-BW"],
        funding="EfA-finanziert",
        support=[{"level": "FIRST_LEVEL", "telephone": "+49 431 1234-0"}],
        availability={"basis_points": 9950, "period": "MONAT"},
        fault_times=[{"fault": "LEICHT", "reaction_minutes": 240}],
        go_lives=[{"on": "2026-03-02", "land": "DE-BW"}],
        screenshots=[{"title": "Start", "media_type": "image/png", "url": "https://example.org/a.png", "sha256": "0" * 64}],
    )


def test_what_a_form_does_not_state_of_the_operation_is_not_in_the_state_for_readers_of_before() -> None:
    held = offering_in(OfferingState.VEROEFFENTLICHT).public().model_dump()
    assert {"support", "availability", "fault_times", "go_lives", "screenshots"} & held.keys() == set()


def published() -> Offering:
    offering = offering_in(OfferingState.VEROEFFENTLICHT)
    offering.edit([Actor.BEREITSTELLER], LATER, full_form(), CATALOGUE)
    accept(offering, Actor.ANBIETER, LATER, Channel.GOVDIGITAL)
    return offering


def test_every_field_that_the_api_shows_is_in_the_state() -> None:
    shown = OfferingReply.model_fields.keys()
    held = messages.Offering.model_fields.keys()
    assert shown - held == NOT_ON_THE_TOPIC.keys()
    assert held - shown == ONLY_ON_THE_TOPIC.keys()


def test_every_field_that_the_api_shows_of_a_known_service_is_in_its_state() -> None:
    shown = KnownReply.model_fields.keys()
    held = messages.KnownService.model_fields.keys()
    assert shown - held == NOT_ON_THE_TOPIC_OF_KNOWN.keys()
    assert held == {*Description.model_fields, "id", "listed_at", "changed_at"}


def test_every_field_of_the_form_is_in_the_state() -> None:
    assert OfferingForm.model_fields.keys() <= messages.Offering.model_fields.keys()


@pytest.mark.parametrize("state", [OfferingState.VEROEFFENTLICHT, OfferingState.AUSGESETZT, OfferingState.ZURUECKGEZOGEN])
def test_the_state_says_of_each_field_what_the_api_says(state: OfferingState) -> None:
    offering = published()
    if state is OfferingState.AUSGESETZT:
        offering.suspend([Actor.BEREITSTELLER], LATER, "Wartung", PROVIDER)
    if state is OfferingState.ZURUECKGEZOGEN:
        offering.withdraw([Actor.BEREITSTELLER], LATER, "Eingestellt")
    shown = OfferingReply.of(offering, Seen()).model_dump(mode="json")
    held = offering.public().model_dump(mode="json")
    assert {name: shown[name] for name in shown.keys() & held.keys()} == {name: held[name] for name in shown.keys() & held.keys()}
    assert shown["orderable"] is bool(held["orderable_channels"])
    full = ("known_listing", "contact_mailbox", "funding", "support", "availability", "fault_times", "go_lives", "screenshots")
    assert all(held[name] for name in full)


def test_versions_that_differ_in_their_operation_say_in_what() -> None:
    found = {it.field: it for it in differences(complete_form(), full_form())}
    assert {"support", "availability", "fault_times", "go_lives", "screenshots"} <= found.keys()
    assert found["availability"].after == {"basis_points": 9950, "period": "MONAT"}
    assert len(found["support"].added or ()) == 1


def test_only_an_offer_in_the_schaufenster_has_orderable_channels() -> None:
    offering = published()
    assert offering.public().orderable_channels == (Channel.GOVDIGITAL,)
    offering.suspend([Actor.BEREITSTELLER], LATER, "Wartung", PROVIDER)
    assert offering.public().orderable_channels == ()
    offering.resume([Actor.BEREITSTELLER], LATER, PROVIDER)
    offering.withdraw([Actor.BEREITSTELLER], LATER, "Ende")
    assert offering.public().orderable_channels == ()


def test_the_state_names_who_suspended_and_why_also_after_an_edit_meanwhile() -> None:
    offering = published()
    fitko = Party(id="fitko", name="FITKO")
    offering.suspend([Actor.ANBIETER], LATER, "Prüfung", fitko)
    form = offering.form.model_copy(update={"title": "Neu"})
    (event,) = offering.edit([Actor.BEREITSTELLER], LATER + timedelta(hours=1), form, CATALOGUE)
    assert isinstance(event, messages.OfferingChanged)
    assert event.offering.suspension == messages.Suspension(by="fitko", reason="Prüfung", at=LATER)
    (event,) = offering.resume([Actor.ANBIETER], LATER + timedelta(hours=2), fitko)
    assert isinstance(event, messages.OfferingResumed)
    assert event.offering.suspension is None


def test_the_state_of_a_withdrawn_offer_has_reason_and_time_also_when_it_is_restated() -> None:
    offering = published()
    offering.withdraw([Actor.BEREITSTELLER], LATER, "Eingestellt")
    (event,) = offering.restate()
    assert isinstance(event, messages.OfferingRestated)
    assert (event.offering.withdrawal_reason, event.offering.withdrawn_at) == ("Eingestellt", LATER)


def test_only_a_withdrawn_offer_that_was_public_is_removed_and_once() -> None:
    for state in OfferingState:
        offering = offering_in(state)
        removed = offering.remove(LATER)
        assert bool(removed) is (state is OfferingState.ZURUECKGEZOGEN)
        assert offering.remove(LATER + timedelta(days=1)) == []
    discarded, _ = Offering.draft(offering.id, PROVIDER, complete_form(), AT)
    discarded.withdraw([Actor.BEREITSTELLER], LATER, "Doch nicht")
    assert discarded.remove(LATER) == []
    assert discarded.removed_at is None


def test_a_removed_offer_is_restated_by_its_tombstone() -> None:
    offering = offering_in(OfferingState.ZURUECKGEZOGEN)
    offering.remove(LATER)
    assert [type(event) for event in offering.restate()] == [messages.OfferingRemoved]
    assert offering.state_fully(LATER) == []


def earlier(**fields: Any) -> Offering:
    """An offer as version 0.1.0 stored it: without the fields that came later."""
    document = {**offering_in(OfferingState.VEROEFFENTLICHT).model_dump(), **fields}
    for name in ("stated", "withdrawn_at", "removal_counts_from", "removed_at", "supersedes", "removal_waits_since"):
        document.pop(name)
    return Offering.model_validate(document, extra="ignore")


def test_an_offer_of_an_earlier_version_is_restated_once() -> None:
    offering = earlier()
    assert [type(event) for event in offering.state_fully(LATER)] == [messages.OfferingRestated]
    assert offering.state_fully(LATER) == []


def test_what_an_earlier_version_changes_since_is_restated_again() -> None:
    offering = earlier(changed_at=LATER)
    offering.stated = Statement(edition=EDITION, changed_at=AT)
    assert offering.state_fully(LATER)


def test_what_a_later_version_has_stated_is_left_alone() -> None:
    offering = earlier(changed_at=LATER)
    offering.stated = Statement(edition=EDITION + 1, changed_at=LATER)
    assert offering.state_fully(LATER) == []


def test_an_offer_that_an_earlier_version_withdrew_is_dated_by_its_last_change() -> None:
    offering = earlier(state=OfferingState.ZURUECKGEZOGEN, changed_at=LATER)
    assert offering.withdrawn_at == LATER
    assert offering.model_dump()["removal_waits_since"] is None
    seen = LATER + timedelta(days=100)
    (event,) = offering.state_fully(seen)
    assert isinstance(event, messages.OfferingRestated)
    assert event.offering.withdrawn_at == LATER
    assert offering.model_dump()["removal_waits_since"] == seen, "readers of the earlier version know no removal yet"


@pytest.mark.parametrize("address", ["efa@example.org", "it.nachnutzung@stadt.example.org"])
def test_a_mailbox_is_an_address(address: str) -> None:
    assert complete_form(contact_mailbox=address).contact_mailbox == address


@pytest.mark.parametrize(
    "address", ["efa", "EfA-Team <efa@example.org>", "efa@example.org\r\nBcc: x@example.org", "a b@example.org"]
)
def test_what_is_no_bare_address_is_no_mailbox(address: str) -> None:
    with pytest.raises(ValueError, match="contact_mailbox"):
        complete_form(contact_mailbox=address)
