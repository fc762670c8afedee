"""Texts: complete in both languages, nothing left open, nothing smuggled into a mail header."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.app import load_routing, load_texts
from services.notify.domain.contact import Contact, Language
from services.notify.domain.facts import facts_of
from services.notify.domain.notification import Notification, Occasion, Recipient
from services.notify.domain.parameters import Parameters
from services.notify.mail import IDEMPOTENCY_HEADER, Composer, Mail
from services.notify.settings import Settings
from services.notify.texts import FOLDER, SUBJECT_LENGTH, Texts, one_line, quoted
from services.notify.webhooks.handlers import SWITCHED_OFF_TEXT
from shared.ids import derived_id
from shared.labels import read_labels
from shared.messages import catalog, eligibility
from shared.messages.base import Message
from shared.messages.values import AccreditationState, Channel, OfferingState, Role
from tests.support.builders.events import AT, EXAMPLES, NUMBER, ORDER_ID, accreditation, organisation

DATA = Path(__file__).parents[3] / "data"
settings = Settings(portal_url="https://marktplatz.example/")
routing = load_routing()
texts = load_texts(DATA, settings)
composer = Composer(texts, settings.sender_name, "no-reply@marktplatz.example")
ERIKA = Contact(person="erika", name="Erika Müller", email="erika@kommune.example", changed_at=AT)


def notification(message: Message, template: str, person: str | None = "erika") -> Notification:
    facts = facts_of(message)
    event_id = derived_id("test", message.TYPE)
    occasion = Occasion(event_id, message.TYPE, AT, template, facts.parameters, facts.subject)
    noted, _ = Notification.note(occasion, Recipient("010600063063", person), AT)
    return noted


def parsed(message: Mail) -> EmailMessage:
    return email.message_from_bytes(bytes(message), _class=EmailMessage, policy=email.policy.default)


CASES = [
    pytest.param(message, template, language, id=f"{type(message).__name__}-{position}-{template}-{language}")
    for position, message in enumerate(EXAMPLES)
    for template in sorted(set(routing.recipients(message.TYPE, facts_of(message).parties).values()))
    for language in Language
]


@pytest.mark.parametrize(("message", "template", "language"), CASES)
def test_every_event_renders_in_every_language_with_nothing_left_open(
    message: Message, template: str, language: Language
) -> None:
    text = texts.of(notification(message, template), language)
    for part in (text.subject, text.body):
        assert part
        assert not re.search(r"[{}]|None|undefined|[A-Z]{4,}_[A-Z]{3,}|OrderParty|Channel\.", part), part
    assert "\n" not in text.subject
    assert "\n\n\n" not in text.body
    assert ("Nächster Schritt:" if language is Language.DE else "Next step:") in text.body


@pytest.mark.parametrize(
    ("message", "template", "language"), [case for case in CASES if "ordering." in getattr(case.values[0], "TYPE", "")]
)
def test_every_text_of_a_vorgang_names_its_number(message: Message, template: str, language: Language) -> None:
    text = texts.of(notification(message, template), language)
    assert NUMBER in text.subject
    assert NUMBER in text.body


@pytest.mark.parametrize("language", Language)
def test_only_a_granted_accreditation_is_said_to_hold_until_a_day(language: Language) -> None:
    until = date(2028, 1, 1)
    for state in (AccreditationState.ERTEILT, AccreditationState.ENTZOGEN, AccreditationState.ABGELAUFEN):
        decided = eligibility.AccreditationDecided(organisation=organisation(), accreditation=accreditation(state, until))
        body = texts.of(notification(decided, "accreditation-decided"), language).body
        assert ("2028" in body) is (state is AccreditationState.ERTEILT), state
        assert ("Vorprüfung" in body or "pre-check" in body) is (state is AccreditationState.ERTEILT), state
        assert not re.search(r"Angebote bei|submit offers", body), "the Kunde submits none"
    provider = decided.model_copy(
        update={"accreditation": accreditation(AccreditationState.ERTEILT).model_copy(update={"role": Role.BEREITSTELLER})}
    )
    assert re.search(r"Angebote bei|submit offers", texts.of(notification(provider, "accreditation-decided"), language).body)


def test_every_routed_template_exists_and_none_is_unused() -> None:
    assert routing.templates | {SWITCHED_OFF_TEXT} == texts.keys


def test_a_date_is_written_in_the_language_of_the_text_and_a_time_in_the_zone_of_the_settings() -> None:
    (offer,) = [message for message in EXAMPLES if message.TYPE == "ordering.order.offer-made.v1"]
    assert "30. April 2026" in texts.of(notification(offer, "offer-made"), Language.DE).subject
    assert "30 April 2026" in texts.of(notification(offer, "offer-made"), Language.EN).subject
    (live,) = [message for message in EXAMPLES if message.TYPE == "ordering.order.went-live.v1"]
    assert "2. März 2026 um 10:15 Uhr" in texts.of(notification(live, "went-live"), Language.DE).body
    assert "2 March 2026, 10:15 CET" in texts.of(notification(live, "went-live"), Language.EN).body


def test_a_bereitsteller_reads_which_channel_is_closed_and_what_opens_it() -> None:
    opened, closed, *_ = [message for message in EXAMPLES if message.TYPE == "catalog.offering.changed.v1"]
    assert "govdigital" not in texts.of(notification(opened, "offering-changed"), Language.DE).body
    text = texts.of(notification(closed, "offering-changed"), Language.DE).body
    assert "- govdigital" in text
    assert "Beantragen Sie die Akkreditierung dort erneut." in text
    assert "Apply for the accreditation there again." in texts.of(notification(closed, "offering-changed"), Language.EN).body


def test_a_new_version_is_told_to_the_anbieter_of_each_channel_and_a_further_channel_is_no_new_version() -> None:
    channels, _, version, examined = [message for message in EXAMPLES if message.TYPE == "catalog.offering.changed.v1"]
    routing = load_routing()
    assert "govdigital" not in routing.recipients(channels.TYPE, facts_of(channels).parties)
    assert routing.recipients(version.TYPE, facts_of(version).parties)["govdigital"] == "offering-changed-anbieter"
    assert "in Fassung 3" in texts.of(notification(version, "offering-changed-anbieter"), Language.DE).body
    assert "in Fassung 3" in texts.of(notification(version, "offering-changed"), Language.DE).body
    assert "Der Inhalt ist derselbe." in texts.of(notification(channels, "offering-changed"), Language.DE).body
    assert "Its content is the same." in texts.of(notification(channels, "offering-changed"), Language.EN).body
    assert "Sie müssen nichts tun." in texts.of(notification(examined, "offering-changed-anbieter"), Language.DE).body
    assert "examined and accepted it" in texts.of(notification(examined, "offering-changed"), Language.EN).body


def test_an_examination_is_told_to_who_has_to_act_and_its_last_acceptance_by_what_is_in_force() -> None:
    by_type = {message.TYPE.split(".")[2]: message for message in EXAMPLES if ".submission.version-" in message.TYPE}
    told = {name: routing.recipients(message.TYPE, facts_of(message).parties) for name, message in by_type.items()}
    assert told == {
        "version-submitted": {"govdigital": "version-submitted", "fitko": "version-submitted"},
        "version-accepted": {"komm-one": "version-accepted"},
        "version-returned": {"komm-one": "version-returned"},
        "version-discarded": {"govdigital": "version-discarded", "fitko": "version-discarded"},
    }
    accepted = by_type["version-accepted"]
    assert "- FITKO" in texts.of(notification(accepted, "version-accepted"), Language.DE).body
    last = accepted.model_copy(update={"waiting_for": ()})
    assert routing.recipients(last.TYPE, facts_of(last).parties) == {}
    assert "Für das Jahr 2026" in texts.of(notification(by_type["version-returned"], "version-returned"), Language.EN).body


def test_a_reminder_is_told_to_who_is_waited_for_and_says_with_what() -> None:
    by_type = {
        message.TYPE.split(".", 1)[1]: message for message in EXAMPLES if re.search(r"(reminded|escalated)\.v1$", message.TYPE)
    }
    told = {name: routing.recipients(message.TYPE, facts_of(message).parties) for name, message in by_type.items()}
    examine, decide, answer = "examination-reminder", "accreditation-reminder", "question-reminder"
    assert set(told["submission.reminded.v1"].values()) == set(told["submission.escalated.v1"].values()) == {examine}
    assert told["organisation.accreditation-reminded.v1"] == {"govdigital": decide}
    assert list(told["organisation.accreditation-escalated.v1"].values()) == [answer]
    form, version = by_type["submission.reminded.v1"], by_type["submission.escalated.v1"]
    assert "neue Fassung" not in texts.of(notification(form, examine), Language.DE).body
    assert "Die neue Fassung des Angebots" in texts.of(notification(version, examine), Language.DE).body
    assert "new version of" in texts.of(notification(version, examine), Language.EN).subject


def test_the_end_of_an_accreditation_is_told_to_both_sides_with_its_day() -> None:
    ends = next(it for it in EXAMPLES if it.TYPE == "eligibility.organisation.accreditation-reminded.v1")
    told = routing.recipients(ends.TYPE, facts_of(ends).parties)
    assert sorted(told.values()) == ["accreditation-reminder", "question-reminder"]
    for template in told.values():
        german, english = (texts.of(notification(ends, template), language) for language in (Language.DE, Language.EN))
        assert "endet bald" in german.subject
        assert "31. Dezember 2027" in german.body
        assert "ends soon" in english.subject
        assert "31 December 2027" in english.body
        assert "wartet" not in german.body


def test_a_channel_that_is_withdrawn_is_not_said_to_be_closed_for_lack_of_accreditation() -> None:
    channel, ended, whole = [message for message in EXAMPLES if message.TYPE == "catalog.offering.withdrawn.v1"][::-1]
    assert isinstance(channel, catalog.OfferingWithdrawn)
    assert "über den Kanal govdigital" in texts.of(notification(channel, "offering-withdrawn"), Language.DE).body
    assert "über den Kanal" not in texts.of(notification(whole, "offering-withdrawn"), Language.DE).body
    over = texts.of(notification(ended, "offering-withdrawn"), Language.DE).body
    assert "sind mit Ablauf des 31. Dezember 2027 beendet" in over
    assert "zurückgezogen hat" not in over
    withdrawal = catalog.ChannelWithdrawal(channel=Channel.GOVDIGITAL, by="govdigital", reason="Auslauf", at=AT)
    changed = catalog.OfferingChanged(
        offering=channel.offering.model_copy(update={"channel_withdrawals": (withdrawal,), "orderable_channels": ()})
    )
    assert facts_of(changed).parameters.closed_channels is None


def test_who_reads_of_a_suspended_channel_reads_which_and_that_others_go_on() -> None:
    for kind, template in (("suspended", "offering-suspended"), ("resumed", "offering-resumed")):
        channel, whole = [it for it in EXAMPLES if it.TYPE.endswith(f".offering.{kind}.v1")]
        assert "über den Kanal govdigital" in texts.of(notification(channel, template), Language.DE).body
        assert "über den Kanal" not in texts.of(notification(whole, template), Language.DE).body
        assert "through the channel govdigital" in texts.of(notification(channel, template), Language.EN).body


def test_who_reads_that_one_of_two_suspensions_is_lifted_reads_that_the_other_goes_on() -> None:
    channel, whole = [it for it in EXAMPLES if it.TYPE == "catalog.offering.resumed.v1"]
    other = catalog.Suspension(by="komm_one", reason="Umstellung der Schnittstelle.", at=AT)
    for message in (channel, whole):
        assert isinstance(message, catalog.OfferingResumed)
        still = message.offering.model_copy(update={"suspension": other, "state": OfferingState.AUSGESETZT})
        read = notification(message.model_copy(update={"offering": still}), "offering-resumed")
        german, english = texts.of(read, Language.DE), texts.of(read, Language.EN)
        assert "bleibt ausgesetzt" in german.subject
        assert "nimmt seit" not in german.body
        assert "still suspended" in english.subject
        assert other.reason in german.body
        assert other.reason in english.body
        assert "bleibt ausgesetzt" not in texts.of(notification(message, "offering-resumed"), Language.DE).subject


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "templates"))


def load(folder: Path) -> Texts:
    labels = {language: read_labels(DATA, language.value) for language in Language}
    return Texts(labels, "https://marktplatz.example", "Europe/Berlin", folder)


def test_a_template_that_one_language_lacks_is_refused_at_the_start(folder: Path) -> None:
    (folder / "de" / "more.toml").write_text('[nur-deutsch]\nsubject = "x"\nbody = "y"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="one language only: nur-deutsch"):
        load(folder)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ('[x]\nsubject = "{{ iban }}"\nbody = "y"\n', "uses iban, which no event has"),
        ('[x]\nsubject = "x"\n', "with subject and body"),
        ('[went-live]\nsubject = "x"\nbody = "y"\n', "must be there once"),
    ],
)
def test_a_template_that_could_not_be_filled_in_is_refused_at_the_start(folder: Path, template: str, reason: str) -> None:
    (folder / "de" / "x.toml").write_text(template, encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        load(folder)


def test_a_mail_says_who_it_is_for_why_it_comes_and_that_a_machine_sent_it() -> None:
    (live,) = [message for message in EXAMPLES if message.TYPE == "ordering.order.went-live.v1"]
    noted = notification(live, "went-live")
    mail = parsed(composer.compose(noted, ERIKA, "Gemeinde Musterhausen", AT))
    assert mail["To"] == "Erika Müller <erika@kommune.example>"
    assert mail["From"] == "EfA-Marktplatz <no-reply@marktplatz.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{noted.id}@marktplatz.example>"
    assert mail[IDEMPOTENCY_HEADER] == noted.id
    assert mail["Content-Language"] == "de"
    assert mail["List-Unsubscribe"] == "<https://marktplatz.example/contacts/me>"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content_charset() == "utf-8"
    body = mail.get_content()
    assert body.startswith("Guten Tag Erika Müller,")
    assert f"https://marktplatz.example/orders/{ORDER_ID}" in body
    assert "Kontaktperson von Gemeinde Musterhausen" in body


def test_a_repeat_of_a_mail_has_the_same_message_id() -> None:
    (live,) = [message for message in EXAMPLES if message.TYPE == "ordering.order.went-live.v1"]
    first, second = (
        parsed(composer.compose(notification(live, "went-live"), ERIKA, "Musterhausen", AT + timedelta(hours=hours)))
        for hours in (0, 5)
    )
    assert first["Message-ID"] == second["Message-ID"]


HEADERS = {
    "from", "to", "subject", "date", "message-id", "references", "x-idempotency-key", "auto-submitted",
    "x-auto-response-suppress", "list-id", "list-unsubscribe", "content-language", "content-type",
    "content-transfer-encoding", "mime-version",
}  # fmt: skip
NASTY = st.text(st.sampled_from('ab\r\n\t\x00\x0b\x0c\x1c\x85\u2028\u2029\u202e:<>@,;"\\=?ü {}%'), min_size=1, max_size=60)


@given(title=NASTY, name=NASTY)
def test_no_title_and_no_name_can_make_a_mail_header(title: str, name: str) -> None:
    """Past the checks of the messages, as if a producer had sent anything at all."""
    evil = "x\r\nBcc: all@evil.example\r\n\r\n<html>" + title
    parameters = Parameters.model_construct(offering_title=evil, order_number="1" + evil, customer=evil, provider=evil)
    (live,) = [message for message in EXAMPLES if message.TYPE == "ordering.order.went-live.v1"]
    noted = notification(live, "went-live").model_copy(update={"parameters": parameters})
    contact = ERIKA.model_copy(update={"name": "Erika\r\nBcc: all@evil.example\r\n" + name})
    mail = parsed(composer.compose(noted, contact, evil, AT))
    assert {key.lower() for key in mail.keys()} == HEADERS  # noqa: SIM118 - a message's keys may repeat
    assert len(mail.keys()) == len(HEADERS)
    assert [address.addr_spec for address in mail["To"].addresses] == ["erika@kommune.example"]
    assert mail["Bcc"] is None


@given(st.text())
def test_one_line_is_one_line_and_fits(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert len(line) <= SUBJECT_LENGTH
    assert one_line(line) == line


def test_what_others_wrote_is_marked_on_every_line() -> None:
    assert quoted("a\n\nb\r\nc") == "> a\n>\n> b\n> c"


def test_a_time_in_winter_and_one_in_summer_are_told_apart() -> None:
    (live,) = [message for message in EXAMPLES if message.TYPE == "ordering.order.went-live.v1"]
    parameters = facts_of(live).parameters
    summer = texts.render("went-live", Language.DE, parameters, datetime(2026, 7, 1, 9, 15, tzinfo=UTC))
    assert "11:15 Uhr" in summer.body
