"""The book of contact persons: replacing keeps who stays, and erasing leaves only that somebody was named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.contracts.contacts.book import ERASED_LIMIT, FORMER_LIMIT, ContactBook, ContactKind, ContactPerson, Naming
from services.contracts.contacts.schemas import ContactsForm
from shared.errors import ConflictError, NotFoundError
from shared.messages.values import Channel, Party

AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
LAND, ANBIETER = Party(id="DE-SN", name="Sachsen"), Party(id="fitko", name="FITKO")


def naming(name: str, kind: ContactKind = ContactKind.FACHLICH, **more: Any) -> Naming:
    return Naming(kind=kind, person=ContactPerson(name=name, email="a@sachsen.example", **more))


def named(*steps: tuple[Party, list[Naming]]) -> ContactBook:
    book = ContactBook(id="c", channel=Channel.FITKO)
    for day, (party, namings) in enumerate(steps):
        book.name(party, namings, f"by{day}", AT + timedelta(days=day), day)
    return book


def test_who_stays_keeps_the_entry_and_who_goes_leaves_a_former_one() -> None:
    book = named((LAND, [naming("A"), naming("B")]), (ANBIETER, [naming("Z")]), (LAND, [naming("B"), naming("C"), naming("C")]))
    assert [(it.person and it.person.name, it.named_by) for it in book.current()] == [("B", "by0"), ("Z", "by1"), ("C", "by2")]
    (former,) = [it for it in book.entries if it.until is not None]
    assert (former.person, former.until, former.replaced_by) == (naming("A").person, AT + timedelta(days=2), "by2")
    assert len({it.id for it in book.entries}) == len(book.entries)
    book.name(LAND, [], "by3", AT + timedelta(days=3), 3)
    assert [it.party for it in book.current()] == [ANBIETER]


def test_a_name_of_before_that_says_nothing_is_read_but_not_taken_again() -> None:
    book = named((LAND, [naming("-"), naming("B")]))
    read = ContactBook.model_validate(book.model_dump())
    assert [it.person and it.person.name for it in read.current()] == ["-", "B"]
    form = {"contacts": [it.model_dump(include={"kind", "person"}) for it in read.current()]}
    with pytest.raises(ValidationError) as refused:
        ContactsForm.model_validate(form)
    assert [it["loc"] for it in refused.value.errors()] == [("contacts", 0, "person", "name")]
    (kept,) = ContactsForm.model_validate({"contacts": form["contacts"][1:]}).namings()
    read.name(LAND, [kept], "by1", AT + timedelta(days=1), 1)
    assert [(it.person and it.person.name, it.named_by) for it in read.current()] == [("B", "by0")]


def test_naming_the_same_again_changes_nothing() -> None:
    before = named((LAND, [naming("A"), naming("B", phone="+49 351 564-0")]))
    again = before.model_copy()
    again.name(LAND, [naming("B", phone="+49 351 564-0"), naming("A")], "other", AT + timedelta(days=9), 1)
    assert again == before


def test_what_is_erased_names_nobody_and_keeps_its_time() -> None:
    book = named((LAND, [naming("A")]), (LAND, [naming("B")]))
    former, present = book.entries
    with pytest.raises(NotFoundError):
        book.erase(former.id, "fitko", AT)
    with pytest.raises(ConflictError) as refused:
        book.erase(present.id, "DE-SN", AT)
    assert refused.value.code == "contact_person_current"
    book.erase(former.id, "DE-SN", AT + timedelta(days=5))
    book.erase(former.id, "DE-SN", AT + timedelta(days=6))
    gone = book.entries[0]
    assert (gone.person, gone.named_by, gone.replaced_by, gone.erased_at) == (None, None, None, AT + timedelta(days=5))
    assert (gone.kind, gone.named_at, gone.until) == (former.kind, former.named_at, former.until)


def test_age_erases_former_ones_and_the_end_of_the_contract_all() -> None:
    book = named((LAND, [naming("A")]), (LAND, [naming("B")]))
    book.expire(AT + timedelta(days=1), AT + timedelta(days=9))
    assert [it.erased_at for it in book.entries] == [None, None]
    book.expire(AT + timedelta(days=2), AT + timedelta(days=9))
    assert [it.person is None for it in book.entries] == [True, False]
    book.close(AT + timedelta(days=10))
    assert book.current() == []
    assert [it.erased_at for it in book.entries] == [AT + timedelta(days=9), AT + timedelta(days=10)]


def test_the_history_of_one_party_is_bounded_and_that_of_others_stays_open() -> None:
    book = named((LAND, [naming(str(n)) for n in range(FORMER_LIMIT)]), (LAND, [naming("last")]))
    with pytest.raises(ConflictError) as refused:
        book.name(LAND, [], "x", AT, FORMER_LIMIT + 1)
    assert refused.value.code == "contact_history_full"
    book.name(ANBIETER, [naming("Z")], "x", AT, FORMER_LIMIT + 1)
    book.erase(book.entries[0].id, "DE-SN", AT)
    book.name(LAND, [], "x", AT, FORMER_LIMIT + 2)
    assert [it.party for it in book.current()] == [ANBIETER]


def test_of_erased_ones_the_newest_are_remembered_party_by_party() -> None:
    book = named((ANBIETER, [naming("Z")]), (ANBIETER, []))
    for turn in range(3):
        book.name(LAND, [naming(str(n)) for n in range(FORMER_LIMIT)], f"by{turn}", AT + timedelta(days=turn), turn)
        book.name(LAND, [], "x", AT + timedelta(days=turn), turn)
        book.expire(AT + timedelta(days=9), AT + timedelta(days=9))
    assert [it.party for it in book.entries[:1]] == [ANBIETER]
    left = book.entries_of("DE-SN")
    assert len(left) == ERASED_LIMIT
    assert {it.named_at for it in left} == {AT + timedelta(days=1), AT + timedelta(days=2)}, "the oldest ones are gone"


@pytest.mark.parametrize("phone", ["", "0", "+", "abc", "+49 351\n564", "12345678901234567890123456789012345678901"])
def test_what_is_no_telephone_number_is_refused(phone: str) -> None:
    with pytest.raises(ValidationError) as refused:
        naming("A", phone=phone)
    assert "a@sachsen.example" not in str(refused.value)
