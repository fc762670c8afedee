"""What every adapter promises about writing: unique ids, guards, exact reports."""

from __future__ import annotations

import asyncio

import pytest

from shared import failpoints
from shared.store.port import Collection, Save, Store
from tests.contract.store.conftest import Place
from tests.contract.store.samples import THINGS, thing


async def test_an_absent_document_is_none(store: Store) -> None:
    assert await store.get(THINGS, "nobody") is None
    assert await store.get_many(THINGS, ["nobody"]) == {}
    assert await store.get_many(THINGS, []) == {}


async def test_of_many_concurrent_inserters_of_one_id_exactly_one_wins(shared_place: Place) -> None:
    stores = [shared_place.open() for _ in range(4)]
    await asyncio.gather(*(store.prepare([THINGS]) for store in stores))
    answers = await asyncio.gather(*(stores[n % 4].insert_many(THINGS, [thing("one", writer=n)]) for n in range(20)))
    winners = [n for n, new in enumerate(answers) if new == {"one"}]
    assert len(winners) == 1
    assert [new for n, new in enumerate(answers) if n not in winners] == [set()] * 19
    assert await stores[0].get(THINGS, "one") == thing("one", writer=winners[0])


async def test_inserting_reports_exactly_the_new_ones_and_leaves_the_others_as_they_are(store: Store) -> None:
    assert await store.insert_many(THINGS, [thing("a", by=1), thing("b", by=1)]) == {"a", "b"}
    assert await store.insert_many(THINGS, [thing("b", by=2), thing("c", by=2), thing("a", by=2), thing("d", by=2)]) == {"c", "d"}
    found = await store.get_many(THINGS, ["a", "b", "c", "d"])
    assert {document_id: document["by"] for document_id, document in found.items()} == {"a": 1, "b": 1, "c": 2, "d": 2}
    assert await store.insert_many(THINGS, []) == set()


async def test_of_one_id_twice_in_a_batch_the_first_is_inserted(store: Store) -> None:
    assert await store.insert_many(THINGS, [thing("a", by=1), thing("a", by=2)]) == {"a"}
    assert await store.get(THINGS, "a") == thing("a", by=1)


async def test_racing_writers_of_one_document_lose_no_increment(shared_place: Place) -> None:
    stores = [shared_place.open() for _ in range(4)]
    await asyncio.gather(*(store.prepare([THINGS]) for store in stores))
    await stores[0].insert_many(THINGS, [thing("counter", count=0)])

    async def increment(store: Store) -> None:
        for _ in range(10):
            conflicts = {"counter"}
            while conflicts:
                document = await store.get(THINGS, "counter")
                assert document is not None
                changed = {**document, "rev": document["rev"] + 1, "count": document["count"] + 1}
                conflicts = await store.save_many(THINGS, [Save(changed, document["rev"])])

    await asyncio.gather(*map(increment, stores))
    assert await stores[1].get(THINGS, "counter") == {"_id": "counter", "rev": 41, "count": 40}


async def test_racing_batches_report_exactly_who_wrote_what(shared_place: Place) -> None:
    stores = [shared_place.open() for _ in range(4)]
    await asyncio.gather(*(store.prepare([THINGS]) for store in stores))
    ids = [f"d{n}" for n in range(12)]
    await stores[0].insert_many(THINGS, [thing(document_id) for document_id in ids])

    async def write(writer: int) -> set[str]:
        mine = ids[writer:] + ids[:writer]
        saves = [Save({"_id": document_id, "rev": 2, "by": writer}, 1) for document_id in mine]
        return set(ids) - await stores[writer].save_many(THINGS, saves)

    written = await asyncio.gather(*map(write, range(4)))
    stored = await stores[0].get_many(THINGS, ids)
    assert sorted(document_id for mine in written for document_id in mine) == sorted(ids)
    assert {document_id: document["by"] for document_id, document in stored.items()} == {
        document_id: writer for writer, mine in enumerate(written) for document_id in mine
    }


async def test_a_batch_of_saves_reports_exactly_its_conflicts(store: Store) -> None:
    await store.insert_many(THINGS, [thing(f"d{n:03}", n=0) for n in range(300)])
    early = [Save({"_id": f"d{n:03}", "rev": 2, "n": 1}, 1) for n in range(0, 300, 3)]
    assert await store.save_many(THINGS, early) == set()
    absent = Save({"_id": "absent", "rev": 2, "n": 2}, 1)
    conflicts = await store.save_many(THINGS, [absent, *(Save({"_id": f"d{n:03}", "rev": 2, "n": 2}, 1) for n in range(300))])
    assert conflicts == {"absent", *(f"d{n:03}" for n in range(0, 300, 3))}
    stored = await store.get_many(THINGS, ["absent", *(f"d{n:03}" for n in range(300))])
    assert {document_id: document["n"] for document_id, document in stored.items()} == {
        f"d{n:03}": 1 if n % 3 == 0 else 2 for n in range(300)
    }


async def test_a_batch_of_which_every_save_conflicts_changes_nothing(store: Store) -> None:
    await store.insert_many(THINGS, [thing("a", n=0), thing("b", n=0)])
    saves = [Save({"_id": document_id, "rev": 9, "n": 1}, 8) for document_id in ("a", "b", "absent")]
    assert await store.save_many(THINGS, saves) == {"a", "b", "absent"}
    assert await store.get_many(THINGS, ["a", "b", "absent"]) == {"a": thing("a", n=0), "b": thing("b", n=0)}
    assert await store.save_many(THINGS, []) == set()


async def test_a_document_without_revision_cannot_be_saved_over(store: Store) -> None:
    await store.insert_many(THINGS, [{"_id": "a"}])
    assert await store.save_many(THINGS, [Save({"_id": "a", "rev": 1}, 0)]) == {"a"}


async def test_a_save_may_keep_the_revision_and_replaces_the_whole_document(store: Store) -> None:
    await store.insert_many(THINGS, [thing("a", old=1, state="NEW", at=None)])
    assert await store.save_many(THINGS, [Save(thing("a", new=2), 1)]) == set()
    assert await store.get(THINGS, "a") == thing("a", new=2)


async def test_deleting_counts_those_that_existed(store: Store) -> None:
    await store.insert_many(THINGS, [thing("a"), thing("b"), thing("c")])
    assert await store.delete(THINGS, ["a", "c", "absent", "a"]) == 2
    assert await store.get_many(THINGS, ["a", "b", "c"]) == {"b": thing("b")}
    assert await store.delete(THINGS, []) == 0
    assert await store.insert_many(THINGS, [thing("a", again=True)]) == {"a"}


async def test_1500_documents_are_got_at_once(store: Store) -> None:
    documents = [thing(f"id-{n}", text="x" * 200) for n in range(1500)]
    assert len(await store.insert_many(THINGS, documents)) == 1500
    found = await store.get_many(THINGS, [*(document["_id"] for document in documents), "absent"])
    assert found == {document["_id"]: document for document in documents}


async def test_collections_are_apart(store: Store) -> None:
    others = Collection("others")
    await store.prepare([others])
    await store.insert_many(THINGS, [thing("a", of="things")])
    assert await store.insert_many(others, [thing("a", of="others")]) == {"a"}
    assert await store.delete(others, ["a"]) == 1
    assert await store.get(THINGS, "a") == thing("a", of="things")


async def test_what_one_client_wrote_another_reads(shared_place: Place) -> None:
    one, other = shared_place.open(), shared_place.open()
    await one.prepare([THINGS])
    await other.prepare([THINGS])
    await one.insert_many(THINGS, [thing("a", n=1)])
    assert await other.get(THINGS, "a") == thing("a", n=1)
    assert await other.save_many(THINGS, [Save({"_id": "a", "rev": 2, "n": 2}, 1)]) == set()
    assert await one.save_many(THINGS, [Save({"_id": "a", "rev": 2, "n": 3}, 1)]) == {"a"}
    assert await one.get(THINGS, "a") == {"_id": "a", "rev": 2, "n": 2}


async def test_every_write_passes_a_failpoint_before_and_after(shared_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = shared_place.open()
    await store.prepare([THINGS])
    passed: list[str] = []
    monkeypatch.setattr(failpoints, "passing", lambda point, where: passed.append(f"{point}.{where}"))
    await store.insert_many(THINGS, [thing("a")])
    await store.save_many(THINGS, [Save(thing("a"), 1)])
    await store.delete(THINGS, ["a"])
    assert passed == [f"store.{write}.{where}" for write in ("insert", "save", "delete") for where in ("before", "after")]
