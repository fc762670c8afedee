"""What every adapter promises about going through a whole collection: each document once, in the order of the ids."""

from __future__ import annotations

import random

import pytest

from shared.store.port import Save, Store
from tests.contract.store.samples import THINGS, at, thing

IDS = ["0", "A", "Z", "a", "aa", "ab", "z", "Ä", "中", "😀"]


async def pages(store: Store, limit: int) -> list[list[str]]:
    found: list[list[str]] = []
    after: str | None = None
    while documents := await store.scan(THINGS, after, limit):
        found.append([document["_id"] for document in documents])
        after = documents[-1]["_id"]
    return found


@pytest.mark.parametrize("limit", [1, 3, 10, 500])
async def test_pages_hold_every_document_once_in_the_order_of_the_ids_bytes(store: Store, limit: int) -> None:
    mixed = random.Random(3).sample(IDS, len(IDS))  # noqa: S311 - the order is to be mixed, not secret
    await store.insert_many(THINGS, [thing(document_id) for document_id in mixed])
    found = await pages(store, limit)
    assert [document_id for page in found for document_id in page] == IDS
    assert all(len(page) == limit for page in found[:-1])


async def test_a_document_comes_whole_and_as_it_is_now_with_or_without_indexed_fields(store: Store) -> None:
    body = {"_id": "b", "rev": 1, "state": "NEW", "at": at(1), "list": [1, 2.5, None, {"deep": True}], "number": 2**60}
    await store.insert_many(THINGS, [thing("a"), body])
    assert await store.scan(THINGS, "a") == [body]
    await store.save_many(THINGS, [Save({"_id": "a", "rev": 2, "state": "OLD"}, 1)])
    assert (await store.scan(THINGS))[0] == {"_id": "a", "rev": 2, "state": "OLD"}


async def test_what_is_inserted_behind_the_position_is_not_seen_and_what_is_ahead_is(store: Store) -> None:
    await store.insert_many(THINGS, [thing("b"), thing("d")])
    (first,) = await store.scan(THINGS, limit=1)
    await store.insert_many(THINGS, [thing("a"), thing("c")])
    assert [document["_id"] for document in await store.scan(THINGS, first["_id"])] == ["c", "d"]


async def test_an_empty_collection_has_nothing_to_scan(store: Store) -> None:
    assert await store.scan(THINGS) == []
    await store.insert_many(THINGS, [thing("a")])
    assert await store.scan(THINGS, "a") == []


async def test_a_scan_of_no_documents_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="limit"):
        await store.scan(THINGS, limit=0)
