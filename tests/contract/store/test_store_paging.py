"""Whole results page by page, and documents brought to what files say, over every store."""

from __future__ import annotations

from typing import Any

import pytest

from shared.store.paging import documents_of, pages, portions, position_of, scanned
from shared.store.port import Collection, Index, Query, Store
from shared.store.upsert import upsert

ROWS = Collection("paged_rows", (Index("kind", ("kind", "rank")),))


def row(number: int, rank: int | None = None) -> dict[str, Any]:
    return {
        "_id": f"r{number:02}",
        "rev": 1,
        "kind": "even" if number % 2 == 0 else "odd",
        "rank": number // 4 if rank is None else rank,
    }


@pytest.fixture
async def rows(store: Store) -> Store:
    await store.prepare([ROWS])
    await store.insert_many(ROWS, [row(number) for number in range(20)])
    return store


EVEN = [f"r{number:02}" for number in range(0, 20, 2)]


@pytest.mark.parametrize("limit", [1, 3, 5, 10, 11])
async def test_every_document_comes_once_and_in_order_whatever_the_size_of_a_page(rows: Store, limit: int) -> None:
    query = Query("kind", {"kind": "even"}, limit=limit)
    assert [document["_id"] async for document in documents_of(rows, ROWS, query)] == EVEN
    sizes = [len(page) async for page in pages(rows, ROWS, query)]
    assert max(sizes) == min(limit, 10)


async def test_a_page_may_be_changed_while_it_is_worked_on(rows: Store) -> None:
    found = []
    async for page in pages(rows, ROWS, Query("kind", {"kind": "even"}, limit=4)):
        found += [document["_id"] for document in page]
        await rows.delete(ROWS, [document["_id"] for document in page])
        page[-1].clear()
    assert found == EVEN


async def test_portions_end_by_bytes_and_lose_nothing(rows: Store) -> None:
    query = Query("kind", {"kind": "even"}, limit=4)
    found = [portion async for portion in portions(rows, ROWS, query, 1)]
    assert [document["_id"] for portion in found for document in portion.documents] == EVEN
    assert all(len(portion.documents) == 1 for portion in found)


async def test_a_scan_reaches_every_document(rows: Store) -> None:
    assert [document["_id"] async for page in scanned(rows, ROWS, 7) for document in page] == [f"r{n:02}" for n in range(20)]


def test_a_position_holds_what_the_query_leaves_open() -> None:
    assert position_of(ROWS, Query("kind", {"kind": "odd"}), row(7)) == (1, "r07")
    assert position_of(ROWS, Query("kind"), row(7)) == ("odd", 1, "r07")


async def test_upsert_inserts_what_is_missing_replaces_what_differs_and_leaves_the_rest(rows: Store) -> None:
    seen: list[tuple[int, int]] = []
    replaced = await upsert(rows, ROWS, [row(0), row(1, rank=99), row(50)], lambda done, total: seen.append((done, total)))
    assert replaced == ["r01"]
    assert seen == [(3, 3)]
    found = await rows.get_many(ROWS, ["r00", "r01", "r50"])
    assert {name: (document["rev"], document["rank"]) for name, document in found.items()} == {
        "r00": (1, 0),
        "r01": (2, 99),
        "r50": (1, 12),
    }
    assert await upsert(rows, ROWS, [row(0), row(1, rank=99), row(50)]) == []


async def test_a_tuple_counts_as_the_list_that_is_stored(rows: Store) -> None:
    document = {**row(60), "tags": ("a", "b")}
    await upsert(rows, ROWS, [document])
    assert await upsert(rows, ROWS, [document]) == []
