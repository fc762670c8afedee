"""Contacts, settings and the language of the reader."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.notify.domain.contact import PEOPLE_LIMIT, AddressBook, Contact
from services.notify.domain.digest import Rhythm
from services.notify.settings import Settings
from shared.aggregate.condition import Condition
from shared.errors import ConflictError, NotFoundError, PreconditionFailedError, PreconditionRequiredError
from shared.messages.catalog_reminders import SubmissionEscalated
from shared.messages.contracts_reminders import AccessionEndEscalated, ContractEndEscalated
from shared.messages.eligibility_reminders import AccreditationEscalated
from shared.messages.ordering import OrderEscalated, OrderReminded

AT = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


def contact(person: str = "erika", **changes: Any) -> Contact:
    return Contact(**{"person": person, "name": "Erika Muster", "email": "erika@kommune.example", "changed_at": AT} | changes)


def book(*people: Contact) -> AddressBook:
    return AddressBook(id="dataport", name="Dataport AöR", people=people)


def test_a_contact_is_entered_replaced_and_counted_by_revisions() -> None:
    entries = book()
    assert entries.put(contact()).rev == 1
    assert entries.put(contact(name="Erika Neu")).rev == 2
    assert [entry.name for entry in entries.people] == ["Erika Neu"]


def test_an_equal_contact_stays_as_it_is() -> None:
    entries = book()
    first = entries.put(contact())
    assert entries.put(contact(changed_at=datetime(2027, 1, 1, tzinfo=UTC))) == first


def test_a_stale_change_is_refused() -> None:
    entries = book(contact())
    with pytest.raises(PreconditionFailedError):
        entries.state(contact(name="Erika Neu"), Condition(7))
    with pytest.raises(PreconditionFailedError):
        entries.state(contact("max"), Condition(1))


@pytest.mark.parametrize("condition", [None, Condition(present=True), Condition(not_revision=7)])
def test_a_contact_is_replaced_by_who_has_read_it_only(condition: Condition | None) -> None:
    entries = book(contact())
    with pytest.raises(PreconditionRequiredError):
        entries.state(contact(name="Erika Neu"), condition)
    assert entries.state(contact(name="Erika Neu"), Condition(1)).rev == 2
    assert entries.state(contact("max"), None).rev == 1


def test_a_full_book_takes_changes_but_nobody_new() -> None:
    entries = book(*(contact(f"p{number}") for number in range(PEOPLE_LIMIT)))
    assert entries.put(contact("p7", name="Neu")).rev == 2
    with pytest.raises(ConflictError, match="contacts already"):
        entries.put(contact("one-more"))


def test_an_erased_person_is_gone_and_the_others_stay() -> None:
    entries = book(contact(), contact("max"))
    assert entries.erase("erika") is True
    assert entries.erase("erika") is False
    assert [entry.person for entry in entries.people] == ["max"]
    with pytest.raises(NotFoundError):
        entries.get("erika")


def test_e_mail_goes_to_whoever_has_it_on_and_has_not_muted_the_event() -> None:
    entries = book(contact("a"), contact("b", email_enabled=False), contact("c", muted=("x.y.z.v1",)))
    assert [entry.person for entry in entries.subscribers("x.y.z.v1", AT)] == ["a"]
    assert [entry.person for entry in entries.subscribers("other", AT)] == ["a", "c"]


@pytest.mark.parametrize(
    "address",
    [
        "erika",
        "erika@kommune",
        "erika@@kommune.example",
        "erika @kommune.example",
        "erika@kommune.example\r\nBcc: all@evil.example",
        "erika@kommune.example, max@evil.example",
        "<erika@kommune.example>",
        "erika@kommune..example",
        ".erika@kommune.example",
        '"a b"@kommune.example',
        "jürgen@kommune.example",
        "erika@-kommune.example",
        "x" * 250 + "@kommune.example",
    ],
)
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        contact(email=address)


@pytest.mark.parametrize("address", ["erika.m+amt@post.kommune.example", "o'neil@xn--mnchen-3ya.de"])
def test_ordinary_addresses_are_taken(address: str) -> None:
    assert contact(email=address).email == address


def test_a_local_mail_server_needs_no_encryption_any_other_has_it_by_default() -> None:
    local = Settings(smtp_host="127.0.0.1", smtp_port=2525)
    remote = Settings(smtp_host="mail.example", sender_address="no-reply@marktplatz.example")
    assert (local.security, local.port) == ("none", 2525)
    assert (remote.security, remote.port) == ("starttls", 587)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"smtp_host": "mail.example"}, "NOTIFY_SENDER_ADDRESS"),
        ({"smtp_username": "x"}, "go together"),
        ({"smtp_username_file": Path("u")}, "go together"),
        ({"smtp_password_file": Path("p")}, "go together"),
        ({"smtp_username": "x", "smtp_username_file": Path("u"), "smtp_password_file": Path("p")}, "not both"),
        (
            {
                "smtp_host": "mail.example",
                "sender_address": "a@b.example",
                "smtp_security": "none",
                "smtp_username_file": Path("u"),
                "smtp_password_file": Path("p"),
            },
            "in clear",
        ),
        (
            {
                "smtp_host": "mail.example",
                "sender_address": "a@b.example",
                "smtp_security": "none",
                "smtp_username": "x",
                "smtp_password_file": Path("p"),
            },
            "in clear",
        ),
        ({"lease": "PT10S"}, "NOTIFY_LEASE"),
        ({"time_zone": "Europe/Atlantis"}, "no time zone"),
        ({"portal_url": "javascript:alert(1)"}, "portal_url"),
        ({"sender_name": "x\r\nBcc: y"}, "sender_name"),
    ],
)
def test_unsafe_settings_are_refused_with_what_to_change(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Settings(**values)


def test_the_error_of_a_contact_does_not_repeat_what_was_entered() -> None:
    with pytest.raises(ValidationError) as error:
        Contact(person="erika", name="Erika Müller\x00", email="erika at home", changed_at=AT)
    with pytest.raises(ValidationError) as of_book:
        AddressBook.model_validate({"id": "x", "name": "x", "people": [{"person": "erika", "name": "Erika Müller"}]})
    for text in (str(error.value), str(of_book.value)):
        assert "Müller" not in text
        assert "at home" not in text


def test_a_deputy_gets_mail_only_about_what_is_escalated_and_at_once() -> None:
    deputy = contact(deputy=True, rhythm=Rhythm.WEEKLY)
    assert not deputy.wants(OrderReminded.TYPE)
    for escalated in (OrderEscalated, SubmissionEscalated, AccreditationEscalated, ContractEndEscalated, AccessionEndEscalated):
        assert deputy.wants(escalated.TYPE)
        assert deputy.rhythm_of(escalated.TYPE) is Rhythm.IMMEDIATE
    assert not contact(deputy=True, muted=(OrderEscalated.TYPE,)).wants(OrderEscalated.TYPE)


def test_what_is_escalated_waits_for_nobodys_digest() -> None:
    everybody = contact(rhythm=Rhythm.WEEKLY)
    assert everybody.rhythm_of(OrderReminded.TYPE) is Rhythm.WEEKLY
    assert everybody.rhythm_of(OrderEscalated.TYPE) is Rhythm.IMMEDIATE


def test_who_is_a_deputy_no_more_gets_no_mail_about_the_past() -> None:
    entries = book()
    entries.put(contact(deputy=True))
    later = datetime(2026, 4, 1, tzinfo=UTC)
    entries.put(contact(changed_at=later))
    assert entries.subscribers(OrderReminded.TYPE, AT) == []
    assert [it.person for it in entries.subscribers(OrderReminded.TYPE, later)] == ["erika"]
