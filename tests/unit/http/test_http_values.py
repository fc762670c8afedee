"""Pure parts of the HTTP kit: cursors, plain JSON, callers, problem members."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.errors import ForbiddenError, MarktplatzError
from shared.http.auth import Caller
from shared.http.body import BOUNDS
from shared.http.days import Day
from shared.http.limits import BODY_DEPTH
from shared.http.paging import CURSOR_LENGTH, decode_cursor, encode_cursor
from shared.http.problem import RefusedRequestError, problem_of
from shared.messages.values import Channel, Party, Role
from shared.store.port import Scalar
from shared.strict_json import StrictJsonError, parse

times = st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000))
scalars = st.one_of(st.text(max_size=20), st.booleans(), st.integers(-(2**63), 2**63 - 1), times)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(st.lists(scalars, min_size=1, max_size=4).map(tuple))
def test_a_cursor_gives_back_what_was_put_in(values: tuple[Scalar, ...]) -> None:
    found = decode_cursor(encode_cursor(values), [type(value) for value in values])
    assert found == values
    assert [type(value) for value in found or ()] == [type(value) for value in values]


@given(st.one_of(st.text(max_size=CURSOR_LENGTH + 10), json_values.map(json.dumps)))
def test_no_text_breaks_the_reading_of_a_cursor(text: str) -> None:
    try:
        assert decode_cursor(text)
    except RefusedRequestError:
        with pytest.raises(RefusedRequestError, match="cursor"):
            decode_cursor(text, (str,))


def test_a_cursor_of_other_types_is_refused() -> None:
    cursor = encode_cursor((datetime(2026, 11, 24, tzinfo=UTC), "a"))
    for kinds in ((str, str), (datetime,), (datetime, str, str), (datetime, bool)):
        with pytest.raises(RefusedRequestError):
            decode_cursor(cursor, kinds)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-24T08:00:00"])
def test_a_cursor_whose_time_has_no_place_in_utc_is_refused(moment: str) -> None:
    forged = base64.urlsafe_b64encode(json.dumps([{"t": moment}, "a"]).encode()).decode()
    with pytest.raises(RefusedRequestError, match="cursor"):
        decode_cursor(forged, (datetime, str))


def test_no_cursor_is_the_first_page() -> None:
    assert decode_cursor(None, (str,)) is None


@given(json_values)
def test_whatever_json_can_say_passes_the_guard(value: Any) -> None:
    parse(json.dumps(value).encode(), BOUNDS)


@given(st.binary())
def test_the_guard_raises_nothing_but_what_it_says(body: bytes) -> None:
    try:
        parse(body, BOUNDS)
    except StrictJsonError:
        return
    json.loads(body)


@pytest.mark.parametrize("levels", [1, BODY_DEPTH, BODY_DEPTH + 1, 200])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("leaf", [b"1", b"{}"])
def test_nesting_is_limited_to_the_level(levels: int, opening: bytes, closing: bytes, leaf: bytes) -> None:
    body = opening * levels + leaf + closing * levels
    if levels + (leaf == b"{}") > BODY_DEPTH:
        with pytest.raises(StrictJsonError):
            parse(body, BOUNDS)
    else:
        parse(body, BOUNDS)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    parse(json.dumps([[] for _ in range(1000)]).encode(), BOUNDS)
    parse(json.dumps("[" * 1000).encode(), BOUNDS)


def caller(organisation: str, *roles: Role) -> Caller:
    return Caller("anna", organisation, "Name", frozenset(roles))


def test_the_channel_of_a_caller_is_the_anbieter_they_work_for() -> None:
    assert caller("govdigital", Role.ANBIETER).channel is Channel.GOVDIGITAL
    assert caller("fitko", Role.ANBIETER, Role.KUNDE).channel is Channel.FITKO


@pytest.mark.parametrize("other", [caller("fitko", Role.KUNDE), caller("dataport", Role.ANBIETER), caller("heide")])
def test_nobody_else_has_a_channel(other: Caller) -> None:
    with pytest.raises(ForbiddenError):
        _ = other.channel


def test_one_of_the_roles_is_enough() -> None:
    kunde = caller("heide", Role.KUNDE)
    kunde.require(Role.ANBIETER, Role.KUNDE)
    with pytest.raises(ForbiddenError) as raised:
        kunde.require(Role.ANBIETER, Role.BETREIBER)
    assert raised.value.context == {"required_roles": ["ANBIETER", "BETREIBER"]}
    assert kunde.party == Party(id="heide", name="Name")


@given(st.dictionaries(st.text(), json_values | st.just(object()) | st.sets(st.integers())))
def test_no_context_breaks_a_problem_or_its_standard_members(context: dict[str, Any]) -> None:
    error = MarktplatzError("x")
    error.status, error.code, error.context = 409, "taken", context
    answer = problem_of(error, "/v1/x")
    found = json.loads(bytes(answer.body))
    assert (answer.status_code, found["status"], found["code"], found["instance"]) == (409, 409, "taken", "/v1/x")


@given(st.dates())
def test_a_day_is_read_as_it_is_written(day: date) -> None:
    assert TypeAdapter(Day).validate_python(day.isoformat()) == day


@pytest.mark.parametrize(
    "value", [0, 1767225600, 0.0, True, "0", "1767225600", "2026-1-2", "2026-01-02T00:00:00", " 2026-01-02", "", []]
)
def test_what_is_not_written_as_a_day_is_none(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Day | None).validate_python(value)
