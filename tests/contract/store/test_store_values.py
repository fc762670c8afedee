"""What every adapter promises about documents: what goes in comes out, what not all can keep is refused."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.store.documents import InvalidDocumentError
from shared.store.port import Collection, Index, Save, Store
from tests.contract.store.samples import START, THINGS, thing


class Colour(StrEnum):
    RED = "red"


async def test_every_kind_of_value_comes_back_as_it_was(store: Store) -> None:
    document = thing(
        "all-kinds",
        text="Straße, Ελλάδα, 中文, 😀, \u2028, '\"\\ and \t\n",
        empty="",
        yes=True,
        no=False,
        none=None,
        zero=0,
        negative=-5,
        large=2**53 + 1,
        largest=2**63 - 1,
        least=-(2**63),
        fraction=0.1,
        whole_fraction=1.0,
        when=START,
        long_ago=datetime(1871, 1, 18, 11, 59, 59, 999000, tzinfo=UTC),
        far=datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
        list=[1, "two", None, [3.5, {"at": START}], {}, []],
        nested={"a": {"b": {"c": [{"d": None, "id": 0, "type": "x"}]}}, "ümlaut key": 1, "with space": 2, "/slash": 3},
        looks_like_json='{"$oid": "0123456789abcdef01234567"}',
        looks_like_time="2026-11-24T08:00:00.123000+00:00",
    )
    await store.insert_many(THINGS, [document])
    stored = await store.get(THINGS, "all-kinds")
    assert stored == document
    kinds = {key: type(value) for key, value in stored.items() if not isinstance(value, int)}
    assert kinds == {key: type(value) for key, value in document.items() if not isinstance(value, int)}
    assert stored["yes"] is True
    assert stored["when"].tzinfo is UTC


async def test_datetimes_are_kept_to_the_millisecond_as_instants(store: Store) -> None:
    berlin = timezone(timedelta(hours=1))
    await store.insert_many(THINGS, [thing("a", at=datetime(2026, 11, 24, 9, 0, 0, 123999, tzinfo=berlin))])
    stored = await store.get(THINGS, "a")
    assert stored == thing("a", at=datetime(2026, 11, 24, 8, 0, 0, 123000, tzinfo=UTC))


async def test_enums_dates_and_tuples_are_stored_plainly(store: Store) -> None:
    await store.insert_many(THINGS, [thing("a", colour=Colour.RED, day=date(2026, 11, 24), pair=(1, (2,)), map={Colour.RED: 1})])
    stored = await store.get(THINGS, "a")
    assert stored == thing("a", colour="red", day="2026-11-24", pair=[1, [2]], map={"red": 1})
    assert type(stored["colour"]) is str


async def test_a_document_that_was_read_may_be_changed_without_changing_the_store(store: Store) -> None:
    original = thing("a", nested={"list": [1]})
    await store.insert_many(THINGS, [original])
    original["nested"]["list"].append(2)
    first = await store.get(THINGS, "a")
    assert first is not None
    first["nested"]["list"].append(3)
    assert await store.get(THINGS, "a") == thing("a", nested={"list": [1]})


@pytest.mark.parametrize(
    "field",
    [
        pytest.param({"a.b": 1}, id="dot in a key"),
        pytest.param({"$set": 1}, id="key with $"),
        pytest.param({"nested": {"list": [{"$gt": ""}]}}, id="nested key with $"),
        pytest.param({"nested": {"a.b": 1}}, id="nested key with dot"),
        pytest.param({"a\x00b": 1}, id="NUL in a key"),
        pytest.param({"nested": {1: "one"}}, id="key that is no text"),
        pytest.param({"_w": "x"}, id="key of the adapters"),
        pytest.param({"n": 2**63}, id="integer above 64 bits"),
        pytest.param({"n": -(2**63) - 1}, id="integer below 64 bits"),
        pytest.param({"n": [math.nan]}, id="not a number"),
        pytest.param({"n": math.inf}, id="infinity"),
        pytest.param({"n": Decimal(1)}, id="decimal"),
        pytest.param({"n": b"bytes"}, id="bytes"),
        pytest.param({"n": {1, 2}}, id="set"),
        pytest.param({"n": UUID(int=1)}, id="UUID object"),
        pytest.param({"n": datetime(2026, 1, 1)}, id="datetime without zone"),  # noqa: DTZ001 - that is the point
        pytest.param({"n": object()}, id="object"),
        pytest.param({"n": "\ud800"}, id="half a surrogate pair"),
        pytest.param({"state": ["list"]}, id="list in an indexed field"),
        pytest.param({"state": {"a": 1}}, id="mapping in an indexed field"),
        pytest.param({"number": 0.5}, id="fraction in an indexed field"),
        pytest.param({"_id": 5}, id="id that is no text"),
        pytest.param({"_id": ""}, id="empty id"),
        pytest.param({"_id": "a\x00"}, id="NUL in an id"),
        pytest.param({"n": "x" * (17 * 1024 * 1024)}, id="more than 16 MiB"),
    ],
)
async def test_what_not_every_store_keeps_is_refused_and_nothing_is_written(store: Store, field: dict[Any, Any]) -> None:
    await store.insert_many(THINGS, [thing("old", n=0)])
    bad = {**thing("bad"), **field}
    with pytest.raises(ValueError, match=r"."):
        await store.insert_many(THINGS, [thing("good"), bad])
    with pytest.raises(ValueError, match=r"."):
        await store.save_many(THINGS, [Save({"_id": "old", "rev": 2, "n": 1}, 1), Save({**bad, "rev": 2}, 1)])
    assert await store.get_many(THINGS, ["good", "bad", "old"]) == {"old": thing("old", n=0)}


async def test_a_document_nested_too_deep_is_refused(store: Store) -> None:
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"d": [deep]}
    with pytest.raises(InvalidDocumentError, match="nested deeper than"):
        await store.insert_many(THINGS, [thing("a", deep=deep)])


@pytest.mark.parametrize("rev", [None, "1", True, 1.0])
async def test_a_saved_document_carries_an_integer_revision(store: Store, rev: object) -> None:
    with pytest.raises(InvalidDocumentError, match="integer rev"):
        await store.save_many(THINGS, [Save({"_id": "a", "rev": rev}, 1)])


async def test_one_document_is_not_saved_twice_in_one_call(store: Store) -> None:
    await store.insert_many(THINGS, [thing("a", n=0)])
    with pytest.raises(InvalidDocumentError, match="twice"):
        await store.save_many(THINGS, [Save({"_id": "a", "rev": 2}, 1), Save({"_id": "a", "rev": 3}, 2)])
    assert await store.get(THINGS, "a") == thing("a", n=0)


@pytest.mark.parametrize("name", ["with.dot", "with-dash", "", "1st", "größe"])
def test_names_that_not_every_store_takes_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of"):
        Collection(name)
    with pytest.raises(ValueError, match="no name of"):
        Collection("things", (Index("by", (name,)),))


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=".\x00"), min_size=1, max_size=8).filter(
    lambda key: key[0] not in "$_"
)
_TIMES = st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000))
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXT,
    _TIMES,
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(fields=st.dictionaries(_KEYS.map(lambda key: f"k{key}"), _VALUES, max_size=5))
async def test_any_document_of_the_model_comes_back_as_it_was(store: Store, fields: dict[str, Any]) -> None:
    document = thing("any", **fields)
    await store.delete(THINGS, ["any"])
    await store.insert_many(THINGS, [document])
    assert await store.get(THINGS, "any") == document
