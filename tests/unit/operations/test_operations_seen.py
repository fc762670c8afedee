"""An operator sees what a dead letter is like, never what somebody wrote into it."""

from __future__ import annotations

import json

import pytest

from shared.operations.seen import MOST_FIELDS, seen_headers, seen_key, seen_value
from tests.support.desk import letter

SECRET = "Erika Mustermann"


def pointers(body: object) -> dict[str, tuple[str, int | None]]:
    seen = seen_value(json.dumps(body).encode())
    assert seen is not None
    return {field.pointer: (field.kind, field.size) for field in seen.fields}


def test_a_body_shows_its_fields_with_kind_and_size_and_no_value() -> None:
    assert pointers({"order_id": "o-1", "prices": [{"cents": 5}, {"cents": 7}], "note": None, "open": True}) == {
        "": ("object", 4),
        "/order_id": ("string", 3),
        "/prices": ("array", 2),
        "/prices/*": ("object", 1),
        "/prices/*/cents": ("number", None),
        "/note": ("null", None),
        "/open": ("boolean", None),
    }


def test_a_key_that_is_no_name_of_a_field_is_a_value_and_hidden() -> None:
    assert set(pointers({SECRET: 1, "erika@husum.example": 2})) == {"", "/*"}


@pytest.mark.parametrize("value", [b"\xff\xfe", b"{", b'{"a": 1, "a": 2}', b"[" * 5000, SECRET.encode()])
def test_what_is_no_json_of_one_meaning_shows_its_size_and_digest_only(value: bytes) -> None:
    seen = seen_value(value)
    assert seen is not None
    assert (seen.size, seen.fields, len(seen.sha256)) == (len(value), (), 64)


def test_no_value_is_not_an_empty_one() -> None:
    assert seen_value(None) is None
    assert seen_value(b"") is not None


def test_a_body_of_many_fields_is_cut() -> None:
    seen = seen_value(json.dumps({f"f{number}": number for number in range(MOST_FIELDS + 5)}).encode())
    assert seen is not None
    assert (len(seen.fields), seen.cut) == (MOST_FIELDS, True)


def test_headers_of_ours_are_shown_if_they_have_the_form_of_ours() -> None:
    headers = (
        ("ce_type", b"ordering.order.placed.v1"),
        ("ce_subject", SECRET.encode()),
        ("ce_source", b"erika@husum.example"),
        ("x-user", b"erika"),
        (SECRET, b"1"),
        ("ce_id", None),
        ("ce_time", b"\xff"),
    )
    seen = seen_headers(letter(headers=headers))
    assert [(it.name, it.content) for it in seen] == [
        ("ce_type", "ordering.order.placed.v1"),
        ("ce_subject", None),
        ("ce_source", None),
        ("x-user", None),
        ("*", None),
        ("ce_id", None),
        ("ce_time", None),
    ]


@pytest.mark.parametrize(
    ("key", "shown"), [(None, None), (b"010540056056", "010540056056"), (SECRET.encode(), None), (b"", None), (b"\xff", None)]
)
def test_a_key_is_shown_if_it_has_the_form_of_an_id(key: bytes | None, shown: str | None) -> None:
    assert seen_key(key) == shown
