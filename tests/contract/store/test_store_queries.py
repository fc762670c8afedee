"""What every adapter promises about finding: declared indexes, bounds, order, pages without gap or repeat."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.store.port import PORTION_BYTES, Collection, Document, Index, Query, Save, Store
from tests.contract.store.conftest import Place
from tests.contract.store.samples import THINGS, at, thing
from tests.support.memory_store import MemoryStore

pytestmark = pytest.mark.slow


def ids(documents: list[Document]) -> list[str]:
    return [document["_id"] for document in documents]


async def shuffled(store: Store, documents: list[Document]) -> None:
    mixed = random.Random(7).sample(documents, len(documents))  # noqa: S311 - the order is to be mixed, not secret
    await store.insert_many(THINGS, mixed)


async def test_equality_on_all_fields_of_an_index(store: Store) -> None:
    await shuffled(
        store, [thing("a", state="NEW", at=at(1)), thing("b", state="NEW", at=at(2)), thing("c", state="OLD", at=at(1))]
    )
    assert ids(await store.find(THINGS, Query("by_state", {"state": "NEW", "at": at(1)}))) == ["a"]
    assert await store.find(THINGS, Query("by_state", {"state": "NEW", "at": at(9)})) == []


async def test_equality_on_a_leading_field_orders_by_the_next(store: Store) -> None:
    await shuffled(store, [thing(f"n{9 - n}", state="NEW", at=at(n)) for n in range(5)] + [thing("x", state="OLD", at=at(0))])
    found = await store.find(THINGS, Query("by_state", {"state": "NEW"}))
    assert ids(found) == ["n9", "n8", "n7", "n6", "n5"]
    assert found[0] == thing("n9", state="NEW", at=at(0))


async def test_bounds_include_the_lower_and_exclude_the_upper(store: Store) -> None:
    await shuffled(store, [thing(f"n{n}", state="NEW", at=at(n), number=n * 10) for n in range(10)])
    assert ids(await store.find(THINGS, Query("by_at", at_least=at(3), below=at(6)))) == ["n3", "n4", "n5"]
    assert ids(await store.find(THINGS, Query("by_at", below=at(2)))) == ["n0", "n1"]
    assert ids(await store.find(THINGS, Query("by_at", at_least=at(8)))) == ["n8", "n9"]
    assert ids(await store.find(THINGS, Query("by_state", {"state": "NEW"}, at_least=at(8)))) == ["n8", "n9"]
    assert ids(await store.find(THINGS, Query("by_number", at_least=35, below=60))) == ["n4", "n5"]
    assert ids(await store.find(THINGS, Query("by_state", at_least="NEW", below="NEX", limit=2))) == ["n0", "n1"]
    assert await store.find(THINGS, Query("by_at", at_least=at(6), below=at(6))) == []


async def test_a_count_is_of_all_that_a_query_finds_whatever_its_limit(store: Store) -> None:
    documents = [thing(f"n{n}", state="NEW" if n % 3 else "OLD", at=at(n)) for n in range(10)]
    await shuffled(store, [*documents, thing("no-at", state="NEW"), thing("none", state="NEW", at=None)])
    for query in (
        Query("by_state", {"state": "NEW"}, limit=1),
        Query("by_state", {"state": "OLD"}, at_least=at(3), below=at(9)),
        Query("by_state", {"state": "NONE"}),
        Query("by_at", after=(at(4), "n4"), descending=True),
        Query("by_at"),
    ):
        assert await store.count(THINGS, query) == len(await store.find(THINGS, replace(query, limit=100)))
    assert await store.count(THINGS, Query("by_state", {"state": "NEW"}, limit=1)) == 6
    with pytest.raises(ValueError, match="no index"):
        await store.count(THINGS, Query("by_colour"))


async def test_order_can_be_turned_round_as_a_whole(store: Store) -> None:
    await shuffled(store, [thing(f"n{n}", state="NEW" if n % 2 else "OLD", at=at(n // 4)) for n in range(8)])
    upwards = ids(await store.find(THINGS, Query("by_state")))
    assert upwards == ["n1", "n3", "n5", "n7", "n0", "n2", "n4", "n6"]
    assert ids(await store.find(THINGS, Query("by_state", descending=True))) == upwards[::-1]


async def test_numbers_are_ordered_as_numbers_and_text_by_its_bytes(store: Store) -> None:
    numbers = [-(2**63), -7, 0, 2, 10, 2**53, 2**53 + 1, 2**63 - 1]
    texts = ["", "A", "B", "Z", "a", "z", "Ä", "ß", "中", "😀"]
    await shuffled(store, [thing(f"n{n}", number=number) for n, number in enumerate(numbers)])
    await shuffled(store, [thing(f"t{n}", state=text, at=at(0)) for n, text in enumerate(texts)])
    assert [document["number"] for document in await store.find(THINGS, Query("by_number"))] == numbers
    assert [document["state"] for document in await store.find(THINGS, Query("by_state"))] == texts


async def test_booleans_can_be_indexed(store: Store) -> None:
    await shuffled(store, [thing("yes", state=True, at=at(0)), thing("no", state=False, at=at(0))])
    assert ids(await store.find(THINGS, Query("by_state", {"state": True}))) == ["yes"]
    assert ids(await store.find(THINGS, Query("by_state"))) == ["no", "yes"]


async def test_times_before_1970_are_ordered_as_times(store: Store) -> None:
    years = [1, 1871, 1969, 1970, 2026, 9999]
    await shuffled(store, [thing(f"y{year}", at=datetime(year, 1, 1, tzinfo=UTC)) for year in years])
    assert [document["at"].year for document in await store.find(THINGS, Query("by_at"))] == years


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("size", [1, 3, 7, 100])
async def test_pages_go_to_the_end_without_gap_or_repeat_under_equal_values(store: Store, size: int, descending: bool) -> None:  # noqa: FBT001 - a parameter of the test
    documents = [thing(f"{n:02}", state="NEW" if n % 3 else "OLD", at=at(n % 4)) for n in range(40)]
    await shuffled(store, [*documents, thing("no-at", state="NEW"), thing("none", state="NEW", at=None)])

    async def walk(equals: dict[str, Any], rest: tuple[str, ...]) -> list[str]:
        seen: list[str] = []
        after: tuple[Any, ...] | None = None
        while True:
            query = Query("by_state", equals, after=after, limit=size, descending=descending)
            page = await store.find(THINGS, query)
            assert len(page) <= size
            seen += ids(page)
            if len(page) < size:
                return seen
            after = tuple(page[-1][name] for name in (*rest, "_id"))

    whole = sorted(documents, key=lambda d: (d["state"], d["at"], d["_id"]), reverse=descending)
    assert await walk({}, ("state", "at")) == ids(whole)
    new = [document for document in whole if document["state"] == "NEW"]
    assert await walk({"state": "NEW"}, ("at",)) == ids(new)
    at_two = [document for document in new if document["at"] == at(2)]
    assert await walk({"state": "NEW", "at": at(2)}, ()) == ids(at_two)


async def test_a_page_stays_inside_the_bounds(store: Store) -> None:
    await shuffled(store, [thing(f"n{n}", state="NEW", at=at(n)) for n in range(10)])
    query = Query("by_state", {"state": "NEW"}, at_least=at(3), below=at(7), after=(at(4), "n4"))
    assert ids(await store.find(THINGS, query)) == ["n5", "n6"]
    outside = Query("by_state", {"state": "NEW"}, at_least=at(3), below=at(7), after=(at(1), "n1"))
    assert ids(await store.find(THINGS, outside)) == ["n3", "n4", "n5", "n6"]
    backwards = Query("by_state", {"state": "NEW"}, at_least=at(3), below=at(7), after=(at(9), "n9"), descending=True)
    assert ids(await store.find(THINGS, backwards)) == ["n6", "n5", "n4", "n3"]


async def test_a_document_with_a_missing_or_empty_field_is_not_found_by_its_index(store: Store) -> None:
    await shuffled(
        store,
        [
            thing("whole", state="NEW", at=at(1)),
            thing("no-at", state="NEW"),
            thing("at-none", state="NEW", at=None),
            thing("no-state", at=at(1)),
            thing("state-none", state=None, at=at(1)),
            thing("neither"),
        ],
    )
    assert ids(await store.find(THINGS, Query("by_state"))) == ["whole"]
    assert ids(await store.find(THINGS, Query("by_state", {"state": "NEW"}))) == ["whole"]
    assert ids(await store.find(THINGS, Query("by_state", {"state": "NEW"}, below=at(9)))) == ["whole"]
    assert ids(await store.find(THINGS, Query("by_state", below="ZZZ", descending=True))) == ["whole"]
    assert ids(await store.find(THINGS, Query("by_state", after=("A", at(0), "")))) == ["whole"]
    assert ids(await store.find(THINGS, Query("by_at", below=at(9)))) == ["no-state", "state-none", "whole"]


async def test_a_saved_document_moves_in_the_index(store: Store) -> None:
    await store.insert_many(THINGS, [thing("a", state="NEW", at=at(1))])
    await store.save_many(THINGS, [Save({"_id": "a", "rev": 2, "state": "OLD", "at": at(2)}, 1)])
    assert await store.find(THINGS, Query("by_state", {"state": "NEW"})) == []
    assert ids(await store.find(THINGS, Query("by_state", {"state": "OLD"}))) == ["a"]
    await store.save_many(THINGS, [Save({"_id": "a", "rev": 3, "state": "OLD", "at": None}, 2)])
    assert await store.find(THINGS, Query("by_state", {"state": "OLD"})) == []
    await store.delete(THINGS, ["a"])
    assert await store.find(THINGS, Query("by_at")) == []


async def test_at_most_as_many_as_asked_for_are_found(store: Store) -> None:
    await store.insert_many(THINGS, [thing(f"{n:04}", number=n) for n in range(450)])
    assert len(await store.find(THINGS, Query("by_number"))) == 100
    assert ids(await store.find(THINGS, Query("by_number", limit=1))) == ["0000"]
    assert len(await store.find(THINGS, Query("by_number", limit=400))) == 400
    assert len(await store.find(THINGS, Query("by_number", limit=1000))) == 450


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(Query("by_colour"), id="index that is not declared"),
        pytest.param(Query("by_state", {"at": at(1)}), id="equality on a field that does not lead"),
        pytest.param(Query("by_state", {"state": "NEW", "other": 1}), id="equality on a field of another index"),
        pytest.param(Query("by_state", {"state": "NEW", "at": at(1)}, below=at(2)), id="bound without a field"),
        pytest.param(Query("by_state", {"state": "NEW"}, after=("a",)), id="position too short"),
        pytest.param(Query("by_state", {"state": "NEW"}, after=("a", at(1), "x")), id="position too long"),
        pytest.param(Query("by_state", {"state": "NEW"}, after=(at(1), 5)), id="position without id"),
        pytest.param(Query("by_state", limit=0), id="no limit"),
        pytest.param(Query("by_state", {"state": {"$gt": ""}}), id="operator for a value"),  # type: ignore[dict-item]
        pytest.param(Query("by_state", {"state": None}), id="none for a value"),  # type: ignore[dict-item]
        pytest.param(Query("by_number", at_least=0.5), id="fraction for a value"),  # type: ignore[arg-type]
        pytest.param(Query("by_at", below=datetime(2026, 1, 1)), id="time without zone"),  # noqa: DTZ001 - that is the point
    ],
)
async def test_a_query_that_no_index_answers_is_refused(store: Store, query: Query) -> None:
    with pytest.raises(ValueError, match=r"."):
        await store.find(THINGS, query)


async def test_preparing_again_changes_nothing(place: Place) -> None:
    store = place.open()
    await store.prepare([THINGS])
    await store.insert_many(THINGS, [thing("a", state="NEW", at=at(1))])
    await store.prepare([THINGS])
    assert ids(await store.find(THINGS, Query("by_state"))) == ["a"]


async def test_an_index_that_is_declared_later_finds_what_was_there_before(place: Place) -> None:
    store = place.open()
    bare = Collection("things")
    await store.prepare([bare])
    await store.insert_many(bare, [thing(f"n{n:04}", state="NEW", at=at(n), number=n) for n in range(1200)])
    await store.insert_many(bare, [thing("list", state=["not", "indexed"], at=None), thing("none")])
    await store.prepare([THINGS])
    assert ids(await store.find(THINGS, Query("by_number", at_least=1198))) == ["n1198", "n1199"]
    assert len(await store.find(THINGS, Query("by_state", {"state": "NEW"}, limit=2000))) == 1200
    await store.save_many(THINGS, [Save({"_id": "n0000", "rev": 2, "number": 5000}, 1)])
    assert ids(await store.find(THINGS, Query("by_number", at_least=1199))) == ["n1199", "n0000"]


async def test_an_index_may_change_its_fields_and_come_back_after_it_was_gone(place: Place) -> None:
    store = place.open()
    first, changed = Collection("things", (Index("by", ("state",)),)), Collection("things", (Index("by", ("number", "state")),))
    await store.prepare([first])
    await store.insert_many(first, [thing("a", state="NEW", number=1)])
    await store.prepare([changed])
    assert ids(await store.find(changed, Query("by", {"number": 1}))) == ["a"]
    bare = Collection("things")
    await store.prepare([bare])
    await store.save_many(bare, [Save({"_id": "a", "rev": 2, "state": "OLD", "number": 2}, 1)])
    await store.prepare([first])
    assert ids(await store.find(first, Query("by", {"state": "OLD"}))) == ["a"]
    assert await store.find(first, Query("by", {"state": "NEW"})) == []


_DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "state": st.sampled_from(["A", "B", "Ä", None]),
            "at": st.one_of(st.none(), st.integers(0, 3).map(at)),
            "number": st.integers(-2, 2),
        },
    ),
    max_size=12,
)
_STATES, _TIMES = st.sampled_from(["A", "B", "C"]), st.integers(0, 3).map(at)
_QUERIES = st.one_of(
    st.builds(
        Query,
        st.just("by_state"),
        at_least=st.none() | _STATES,
        below=st.none() | _STATES,
        after=st.none() | st.tuples(_STATES, _TIMES, st.sampled_from(["d03", "d07"])),
        descending=st.booleans(),
        limit=st.integers(1, 5),
    ),
    st.builds(
        Query,
        st.just("by_state"),
        st.fixed_dictionaries({"state": _STATES}),
        at_least=st.none() | _TIMES,
        below=st.none() | _TIMES,
        after=st.none() | st.tuples(_TIMES, st.sampled_from(["d03", "d07"])),
        descending=st.booleans(),
        limit=st.integers(1, 5),
    ),
    st.builds(
        Query, st.just("by_number"), after=st.none() | st.tuples(st.integers(-2, 2), st.just("d05")), descending=st.booleans()
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(bodies=_DOCUMENTS, queries=st.lists(_QUERIES, min_size=1, max_size=4))
async def test_any_query_finds_what_a_plain_search_finds(store: Store, bodies: list[Document], queries: list[Query]) -> None:
    documents = [thing(f"d{n:02}", **body) for n, body in enumerate(bodies)]
    model = MemoryStore()
    await model.insert_many(THINGS, documents)
    await store.delete(THINGS, [f"d{n:02}" for n in range(12)])
    await store.insert_many(THINGS, documents)
    for query in queries:
        assert await store.find(THINGS, query) == await model.find(THINGS, query)


async def test_a_query_leaves_out_the_fields_that_it_names_and_nothing_else(store: Store) -> None:
    long = "x" * 300_000
    await shuffled(
        store,
        [thing(f"n{n}", state="NEW", at=at(n), text=long, parts={"a": [1, {"b": long}]}, recorded={"c": n}) for n in range(5)],
    )
    query = Query("by_state", {"state": "NEW"}, limit=3, descending=True)
    whole = await store.find(THINGS, query)
    found = await store.find(THINGS, replace(query, without=("text", "parts", "absent", "text")))
    assert [document.keys() for document in found] == [{"_id", "rev", "state", "at", "recorded"}] * 3
    assert found == [{name: document[name] for name in found[0]} for document in whole]
    assert await store.find(THINGS, replace(query, without=("state", "at"))) == [
        {name: value for name, value in document.items() if name not in ("state", "at")} for document in whole
    ]
    assert (await store.get(THINGS, "n0") or {})["text"] == long


@pytest.mark.parametrize("name", ["_id", "_w", "a.b", "$where", ""])
async def test_only_fields_of_its_own_can_be_left_out(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="left out"):
        await store.find(THINGS, Query("by_at", without=(name,)))


async def test_a_query_returns_the_parts_that_it_names_and_nothing_else(store: Store) -> None:
    long = "x" * 300_000
    parts = {"a": [1, {"b": long, "c": 2}], "d": {"e": 1.5, "f": long}, "g": None, "h": at(3)}
    await shuffled(store, [thing(f"n{n}", state="NEW", at=at(n), text=long, parts=parts, on=True, big=2**40) for n in range(5)])
    await shuffled(store, [thing("bare", state="NEW", at=at(9)), thing("other", state="NEW", at=at(8), parts=7, text=None)])
    query = Query("by_state", {"state": "NEW"}, limit=3, descending=True)
    some = replace(query, only=("state", "parts.d.e", "parts.a.c", "parts.h", "parts.g", "on", "big", "absent.x", "state"))
    assert await store.find(THINGS, some) == [
        {"_id": "bare", "state": "NEW"},
        {"_id": "other", "state": "NEW"},
        {"_id": "n4", "state": "NEW", "on": True, "big": 2**40}
        | {"parts": {"a": [{"c": 2}], "d": {"e": 1.5}, "g": None, "h": at(3)}},
    ]
    assert await store.find(THINGS, replace(query, only=("parts", "text"), limit=1, after=(at(5), "z"))) == [
        {"_id": "n4", "parts": parts, "text": long}
    ]
    assert await store.find(THINGS, replace(query, only=("text",), limit=2)) == [{"_id": "bare"}, {"_id": "other", "text": None}]
    found, left = await store.get_portion(THINGS, ["n1", "bare", "gone"], 10**9, only=("parts.d.e",))
    assert (found, left) == ({"n1": {"_id": "n1", "parts": {"d": {"e": 1.5}}}, "bare": {"_id": "bare"}}, [])


@pytest.mark.parametrize(
    ("only", "without"),
    [
        (("_id",), ()),
        (("a..b",), ()),
        (("$where",), ()),
        (("a._w",), ()),
        (("a", "a.b"), ()),
        (("a.b", "a"), ()),
        (("a",), ("b",)),
    ],
)
async def test_only_fields_of_its_own_can_be_asked_for_each_once(
    store: Store, only: tuple[str, ...], without: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match=r"asked for|wants"):
        await store.find(THINGS, Query("by_at", only=only, without=without))


@pytest.mark.parametrize(("most", "expected"), [(1, 1), (9_999, 1), (25_000, 3), (10**9, 10)])
async def test_a_portion_ends_with_the_document_that_reaches_its_bytes(store: Store, most: int, expected: int) -> None:
    documents = [thing(f"n{n}", number=n, text="x" * 10_000) for n in range(10)]
    await shuffled(store, documents)
    portion = await store.find_portion(THINGS, Query("by_number"), most)
    assert (portion.documents, portion.cut) == (documents[:expected], expected < len(documents))
    light = await store.find_portion(THINGS, Query("by_number", only=("number",)), 2000)
    assert (len(light.documents), light.cut) == (10, False)
    last = await store.find_portion(THINGS, Query("by_number", limit=expected), most)
    assert (last.documents, last.cut) == (documents[:expected], False)

    required = ["n7", "n3", "absent", "n3", "n5", "zzz", "n9", "n0"]
    seen: dict[str, Document] = {}
    rounds = 0
    while required:
        found, required = await store.get_portion(THINGS, required, most)
        assert len(found) == min(expected, 5 - len(seen)) or not required
        assert not found.keys() & seen.keys()
        seen |= found
        rounds += 1
    assert seen == {name: documents[int(name[1])] for name in ("n0", "n3", "n5", "n7", "n9")}
    assert rounds == {1: 5, 3: 2, 10: 1}[expected]
    assert await store.get_portion(THINGS, [], most) == ({}, [])


async def test_a_scan_gives_large_documents_in_portions_and_nothing_only_at_the_end(store: Store) -> None:
    large = PORTION_BYTES // 4
    await store.insert_many(THINGS, [thing(f"n{n}", text="x" * large) for n in range(7)])
    sizes: list[int] = []
    seen: list[str] = []
    after: str | None = None
    while page := await store.scan(THINGS, after):
        sizes.append(len(page))
        seen += ids(page)
        after = page[-1]["_id"]
    assert seen == [f"n{n}" for n in range(7)]
    assert sizes == [4, 3]
