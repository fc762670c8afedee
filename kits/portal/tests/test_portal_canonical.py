"""Canonical JSON is written as RFC 8785 asks, and as the package of that name writes it."""

from __future__ import annotations

import json
import math
import struct

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from efa_portal.canonical import NotCanonicalError, canonical, number, parse

LARGEST_SAFE = 2**53 - 1
texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_SAFE, LARGEST_SAFE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=25)


@given(values)
def test_it_is_what_the_package_rfc8785_writes(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]  # JSON by construction


@given(st.binary(min_size=8, max_size=8))
def test_each_double_is_written_as_the_package_rfc8785_writes_it(raw: bytes) -> None:
    (double,) = struct.unpack("<d", raw)
    if math.isfinite(double):
        assert number(double).encode() == rfc8785.dumps(double)


@given(values)
def test_reading_it_gives_the_value_and_writing_that_again_gives_the_same(value: object) -> None:
    written = canonical(value)
    assert canonical(parse(written)) == written


# RFC 8785, appendix B: bits of the double and what ECMAScript writes
@pytest.mark.parametrize(
    ("bits", "written"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_the_numbers_of_the_rfc(bits: str, written: str) -> None:
    (double,) = struct.unpack(">d", bytes.fromhex(bits))
    assert number(double) == written


# RFC 8785, section 3.2.3
def test_members_are_ordered_by_utf_16_code_units() -> None:
    text = '{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}'
    assert (
        canonical(parse(text.encode())) == '{"\r":2,"1":4,"\x80":6,"ö":7,"€":1,"😀":5,"\ufb33":3}'.replace("\r", "\\r").encode()
    )


def test_an_integer_beyond_two_to_the_53_is_written_as_the_double_that_other_languages_read() -> None:
    assert canonical(parse(b"9007199254740993")) == b"9007199254740992"
    assert canonical(parse(b"1" + b"0" * 23)) == b"1e+23"


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"NaN", b"-Infinity", b"1e999", b"1" + b"0" * 400, b'"\\ud800"', b"\xff", b"\xef\xbb\xbf1", b"[" * 200_000],
    ids=["empty", "half", "nan", "infinity", "too large", "too long", "surrogate", "latin", "byte order mark", "deep"],
)
def test_what_has_no_canonical_form_is_refused(text: bytes) -> None:
    with pytest.raises(NotCanonicalError):
        canonical(parse(text))


@pytest.mark.parametrize("value", [{1: 2}, {1, 2}, b"x", math.nan, math.inf])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(NotCanonicalError):
        canonical(value)


def test_a_control_character_is_escaped_in_lower_case() -> None:
    assert canonical("\x0f\x7f\u2028") == json.dumps("\x0f", ensure_ascii=True).encode()[:-1] + '\x7f\u2028"'.encode()
