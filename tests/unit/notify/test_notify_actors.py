"""Notices name who did what, are wholly in the reader's language, and link only to where something listens."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.notify.app import load_routing, load_texts
from services.notify.domain.contact import Contact, Language
from services.notify.domain.notification import Notification
from services.notify.handlers import moments, notes, notification_plan
from services.notify.mail import Composer
from services.notify.settings import Settings
from services.notify.texts import Text
from shared.aggregate.change import Cause
from shared.bus.handling import Received
from shared.ids import derived_id
from shared.messages import catalog, catalog_versions, ordering
from shared.messages.base import Message
from shared.messages.ordering import OrderParty
from shared.messages.values import OrderState, Party
from tests.support.builders.events import AT, CUSTOMER, POINT, PROVIDER, REASON, STEP, SUBMISSION, head, offering

DATA = Path(__file__).parents[3] / "data"
ANBIETER = Party(id="dataport", name="Dataport AöR")
texts = load_texts(DATA, Settings())


def noted(message: Message) -> Notification:
    event = Received(message, "key-1", Cause(derived_id("test", "event"), message.TYPE, "key-1", 3), AT)
    plan = notification_plan(event, load_routing())
    change = notes(plan, moments([plan], AT, AT))[0]
    notification, _ = change.decide(None)
    return notification


def text_of(message: Message, language: Language) -> Text:
    return texts.of(noted(message), language)


ACTS = [
    catalog.OfferingReturned(submission=SUBMISSION, remarks=REASON, returned_at=AT, by=ANBIETER),
    catalog.OfferingAccepted(submission=SUBMISSION, accepted_at=AT, by=ANBIETER),
    catalog.OfferingSuspended(offering=offering(), reason=REASON, by=ANBIETER),
    catalog.OfferingResumed(offering=offering(), by=ANBIETER),
    catalog.OfferingWithdrawn(offering=offering(), reason=REASON, by=ANBIETER),
    catalog_versions.VersionReturned(submission=SUBMISSION, channel="govdigital", remarks=REASON, returned_at=AT, by=ANBIETER),
]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("message", ACTS, ids=lambda message: message.TYPE)
def test_what_an_organisation_did_with_an_offer_names_it(message: Message, language: Language) -> None:
    text = text_of(message, language)
    assert ANBIETER.name in text.body
    assert "\n\n\n" not in text.body
    older = type(message).model_validate(message.model_dump(exclude={"by"}))
    assert older.model_dump().keys() == message.model_dump().keys() - {"by"}, "versions before read it as they wrote it"
    without = text_of(older, language)
    assert without.body
    assert ANBIETER.name not in without.body


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("message", "actor"),
    [
        (ordering.PointAdded(**POINT, owner=OrderParty.KUNDE, by=OrderParty.BEREITSTELLER), PROVIDER),
        (ordering.PointSettled(**POINT, owner=OrderParty.KUNDE, open_points=1), CUSTOMER),
        (ordering.MilestoneReached(**STEP, open_milestones=1, by=OrderParty.BEREITSTELLER), PROVIDER),
        (
            ordering.OrderTerminated(
                order=head(OrderState.GEKUENDIGT), at=AT, ends_on=datetime(2026, 12, 31, tzinfo=UTC).date(), by=OrderParty.KUNDE
            ),
            CUSTOMER,
        ),
    ],
    ids=lambda it: it.TYPE if isinstance(it, Message) else "",
)
def test_what_a_side_of_a_vorgang_did_names_its_organisation(message: Message, actor: Party, language: Language) -> None:
    assert actor.name in text_of(message, language).body
    assert noted(message).parameters.actor == actor.name


@pytest.mark.parametrize(
    ("message", "german", "english"),
    [
        (
            ordering.ClarificationStarted(
                order=head(), at=AT, points=("Zertifikat", "Eigener Punkt"), points_en=("Certificate", "Eigener Punkt")
            ),
            "Zertifikat",
            "Certificate",
        ),
        (
            ordering.PointSettled(**{**POINT, "label": "Gebührenordnung"}, label_en="Fee schedule", owner="KUNDE", open_points=1),
            "Gebührenordnung",
            "Fee schedule",
        ),
        (
            ordering.OnboardingStarted(order=head(), at=AT, milestones=("Testbetrieb",), milestones_en=("Test run",)),
            "Testbetrieb",
            "Test run",
        ),
        (
            ordering.MilestoneReached(**{**STEP, "label": "Testbetrieb"}, label_en="Test run", open_milestones=0),
            "Testbetrieb",
            "Test run",
        ),
    ],
    ids=lambda it: it.TYPE if isinstance(it, Message) else "",
)
def test_names_of_the_standard_lists_stand_in_the_readers_language(message: Message, german: str, english: str) -> None:
    in_german, in_english = (text_of(message, language) for language in (Language.DE, Language.EN))
    assert german in in_german.body
    assert english not in in_german.subject + in_german.body
    assert english in in_english.body
    assert german not in in_english.subject + in_english.body


@pytest.mark.parametrize("language", Language)
def test_without_a_portal_nothing_is_linked(language: Language) -> None:
    notification = noted(ACTS[0])
    assert texts.link(notification) is None
    contact = Contact(person="erika", name="Erika", email="erika@kommune.example", language=language, changed_at=AT)
    mail = Composer(texts, "Marktplatz", "no-reply@marktplatz.example").compose(notification, contact, "Musterstadt", AT)
    content = mail.content.decode()
    assert "://" not in content
    assert "None" not in texts.mail(notification, contact, "Musterstadt").body
    assert "List-Unsubscribe" not in content
