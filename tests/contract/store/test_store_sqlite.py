"""What is particular to the SQLite adapter: several processes on one file, durability, the use of its indexes."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from shared.store.opening import open_store
from shared.store.plan import plan
from shared.store.port import Query, Save, Store
from shared.store.sqlite.store import SqliteStore
from shared.store.sqlite.table import Table
from tests.contract.store.samples import THINGS, at, thing

PROJECT = Path(__file__).resolve().parents[3]
PROCESS = """
import asyncio, sys
from shared.store.opening import open_store
from shared.store.port import Save
from tests.contract.store.samples import THINGS, thing

async def main():
    store = open_store(sys.argv[1])
    await store.prepare([THINGS])
    await store.insert_many(THINGS, [thing("counter", count=0)])
    for _ in range(25):
        conflict = True
        while conflict:
            document = await store.get(THINGS, "counter")
            save = Save({**document, "rev": document["rev"] + 1, "count": document["count"] + 1}, document["rev"])
            conflict = await store.save_many(THINGS, [save])
    await store.close()

asyncio.run(main())
"""


@pytest.mark.slow
async def test_several_processes_create_and_write_one_file_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, url, env=environment, cwd=PROJECT) for _ in range(4)
    ]
    assert [await process.wait() for process in processes] == [0, 0, 0, 0]
    store = open_store(url)
    assert await store.get(THINGS, "counter") == {"_id": "counter", "rev": 101, "count": 100}
    await store.close()


async def test_a_file_is_written_ahead_and_synchronously(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db", busy_timeout=timedelta(milliseconds=1234))
    modes = [
        await lane.run(
            lambda connection: [
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "busy_timeout")
            ]
        )
        for lane in (store._writer, store._reader)
    ]
    assert modes == [["wal", 2, 1234]] * 2
    await store.close()


@pytest.mark.parametrize(
    "query",
    [
        Query("by_state", {"state": "NEW"}, below=at(5)),
        Query("by_state", {"state": "NEW"}, after=(at(5), "d"), descending=True),
        Query("by_at", at_least=at(1), after=(at(5), "d")),
        Query("by_number", {"number": 1}),
    ],
)
async def test_every_query_is_answered_from_its_index_without_sorting(tmp_path: Path, query: Query) -> None:
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    await store.prepare([THINGS])
    await store.close()
    sql, values = Table(THINGS).find(plan(THINGS, query))
    connection = sqlite3.connect(path)
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    connection.close()
    assert len(steps) == 1
    assert steps[0].startswith(f"SEARCH things USING INDEX things.{query.index} (")


async def test_reading_goes_on_while_another_connection_writes(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    await store.prepare([THINGS])
    await store.insert_many(THINGS, [thing("a", n=1)])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM things")
    assert await store.get(THINGS, "a") == thing("a", n=1)
    other.execute("COMMIT")
    other.close()
    assert await store.get(THINGS, "a") is None
    await store.close()


def files_that_hold(folder: Path, text: bytes) -> list[str]:
    return [path.name for path in folder.iterdir() if text in path.read_bytes()]


@pytest.mark.parametrize("erase", [True, False], ids=["deleted", "replaced"])
async def test_what_is_gone_has_left_the_files_when_the_store_closes(tmp_path: Path, *, erase: bool) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store, other = open_store(url), open_store(url)
    await store.prepare([THINGS])
    await store.insert_many(THINGS, [thing("a", text="canary " * 2000), thing("b", text="stays " * 2000)])
    assert await other.get(THINGS, "b") is not None, "another process keeps the file open"
    assert files_that_hold(tmp_path, b"canary") != []
    if erase:
        await store.delete(THINGS, ["a"])
    else:
        await store.save_many(THINGS, [Save(thing("a", rev=2, text="short"), expected_rev=1)])
    await store.close()
    assert files_that_hold(tmp_path, b"canary") == []
    assert await other.get(THINGS, "b") is not None
    await other.close()


async def test_a_collection_that_was_never_prepared_is_a_mistake_and_not_an_outage(tmp_path: Path) -> None:
    store: Store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await store.get(THINGS, "a")
    await store.close()


@pytest.mark.parametrize("document_id", ['quote"', "apostrophe'", "back\\slash", "umläut 😀", "[]", "null", "1", " "])
async def test_ids_may_hold_any_text(tmp_path: Path, document_id: str) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    await store.prepare([THINGS])
    await store.insert_many(THINGS, [thing(document_id)])
    assert await store.get_many(THINGS, [document_id]) == {document_id: thing(document_id)}
    assert await store.delete(THINGS, [document_id]) == 1
    await store.close()
