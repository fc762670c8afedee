"""Leitweg-ID: form, region, check digits."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidError
from shared.leitweg import check_digits, parse_leitweg_id

VECTORS = ("04011000-900X999-08", "992-90009-96", "09564000-NUE0001-49")
regions = st.sampled_from([*(f"{n:02}" for n in range(1, 17)), "99"])
coarse = st.builds(lambda region, rest: region + rest, regions, st.text("0123456789", max_size=10))
fine = st.text(string.digits + string.ascii_uppercase, max_size=30)


@pytest.mark.parametrize("text", VECTORS)
def test_published_leitweg_ids_are_right(text: str) -> None:
    assert parse_leitweg_id(text) == text


def test_letters_count_alike_in_both_cases() -> None:
    assert parse_leitweg_id(" 09564000-nue0001-49 ") == "09564000-NUE0001-49"


@pytest.mark.parametrize("text", [f"{vector[:-1]}{(int(vector[-1]) + 1) % 10}" for vector in VECTORS])
def test_a_wrong_check_digit_is_refused(text: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_leitweg_id(text)
    assert refused.value.code == "leitweg_id_check_digits"


@pytest.mark.parametrize(
    "text", ["", "04011000", "0-900X999-08", "04011000-900X999-8", "04011000--08", "04011000-90_X-08", "ä4-1-11"]
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_leitweg_id(text)
    assert refused.value.code == "leitweg_id_form"


@pytest.mark.parametrize("text", ["0204:04011000-900X999-08", " 0204: 992-90009-96"])
def test_the_prefix_of_a_peppol_participant_is_named(text: str) -> None:
    with pytest.raises(InvalidError, match="0204"):
        parse_leitweg_id(text)


@pytest.mark.parametrize("region", ["00", "17", "98"])
def test_a_region_that_is_no_land_is_refused(region: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_leitweg_id(f"{region}1-{check_digits(region + '1')}")
    assert refused.value.code == "leitweg_id_region"


@given(coarse, fine)
def test_computed_check_digits_are_accepted(grob: str, fein: str) -> None:
    text = "-".join(part for part in (grob, fein, check_digits(grob, fein)) if part)
    assert parse_leitweg_id(text) == text


@given(coarse, fine, st.data())
def test_a_single_typing_error_in_the_digits_is_noticed(grob: str, fein: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(2, len(grob) - 1)) if len(grob) > 2 else None
    if place is None:
        return
    other = data.draw(st.sampled_from([digit for digit in string.digits if digit != grob[place]]))
    wrong = grob[:place] + other + grob[place + 1 :]
    with pytest.raises(InvalidError):
        parse_leitweg_id("-".join(part for part in (wrong, fein, check_digits(grob, fein)) if part))
