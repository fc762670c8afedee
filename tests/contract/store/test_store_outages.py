"""A store that does not answer says so by one error, and works again when it is back."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.errors import StoreUnavailableError
from shared.store.opening import open_store
from shared.store.port import Query, Save, Store
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.conftest import Place
from tests.contract.store.proxy import Proxy
from tests.contract.store.samples import THINGS, thing
from tests.support.mongodb import database_url, own_database

pytestmark = pytest.mark.slow

OPERATIONS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "prepare": lambda store: store.prepare([THINGS]),
    "get": lambda store: store.get(THINGS, "a"),
    "get_many": lambda store: store.get_many(THINGS, ["a", "b"]),
    "insert_many": lambda store: store.insert_many(THINGS, [thing("b")]),
    "save_many": lambda store: store.save_many(THINGS, [Save(thing("a"), 1)]),
    "find": lambda store: store.find(THINGS, Query("by_at")),
    "count": lambda store: store.count(THINGS, Query("by_at")),
    "delete": lambda store: store.delete(THINGS, ["a"]),
    "ping": lambda store: store.ping(),
}
MONGODB = pytest.mark.parametrize("scheme", ["mongodb", "mongodb+motor"])


async def all_fail(store: Store) -> None:
    answers = await asyncio.gather(*(operation(store) for operation in OPERATIONS.values()), return_exceptions=True)
    assert {name: type(answer) for name, answer in zip(OPERATIONS, answers, strict=True)} == dict.fromkeys(
        OPERATIONS, StoreUnavailableError
    )


async def test_a_closed_store_does_not_answer(place: Place) -> None:
    store = place.open()
    await store.prepare([THINGS])
    await store.ping()
    await store.close()
    await store.close()
    await all_fail(store)


@MONGODB
async def test_a_cut_connection_is_reported_and_found_again(mongodb: str, scheme: str) -> None:
    address = urlsplit(mongodb)
    with own_database(mongodb) as name:
        async with Proxy(address.hostname or "", address.port or 27017) as proxy:
            server = address._replace(
                netloc=address.netloc.replace(f"{address.hostname}:{address.port}", f"127.0.0.1:{proxy.port}")
            )
            options: dict[str, str | int] = {"directConnection": "true", "serverSelectionTimeoutMS": 1500}
            options["heartbeatFrequencyMS"] = 500  # closing waits for the next one, ten seconds by default
            store = open_store(database_url(server.geturl(), name, scheme=scheme, **options))
            await store.prepare([THINGS])
            await store.insert_many(THINGS, [thing("a")])
            proxy.cut()
            await all_fail(store)
            proxy.mend()
            assert await store.get(THINGS, "a") == thing("a")
            assert await store.insert_many(THINGS, [thing("c")]) == {"c"}
            await store.close()


@MONGODB
async def test_a_server_that_is_not_there_is_reported(scheme: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        store = open_store(f"{scheme}://127.0.0.1:{free.getsockname()[1]}/test?serverSelectionTimeoutMS=300")
        await all_fail(store)
    await store.close()


async def test_a_file_that_another_process_keeps_locked_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore(path, busy_timeout=timedelta(milliseconds=50))
    await store.prepare([THINGS])
    await store.insert_many(THINGS, [thing("a")])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for write in ("prepare", "insert_many", "save_many", "delete"):
        with pytest.raises(StoreUnavailableError, match="locked"):
            await OPERATIONS[write](store)
    assert await store.get(THINGS, "a") == thing("a")
    other.execute("ROLLBACK")
    other.close()
    assert await store.insert_many(THINGS, [thing("b")]) == {"b"}
    await store.close()


async def test_a_file_that_cannot_be_opened_is_reported_and_found_when_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    folder.write_text("a file where the folder should be")
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    await all_fail(store)
    folder.unlink()
    await store.prepare([THINGS])
    assert await store.insert_many(THINGS, [thing("a")]) == {"a"}
    await store.close()


async def test_a_cancelled_write_leaves_the_store_usable(shared_place: Place) -> None:
    store = shared_place.open()
    await store.prepare([THINGS])
    for n in range(20):
        write = asyncio.ensure_future(store.insert_many(THINGS, [thing(f"c{n}", n=n), thing(f"d{n}", n=n)]))
        await asyncio.sleep(n / 10_000)
        write.cancel()
        await asyncio.wait([write])
        await store.insert_many(THINGS, [thing(f"c{n}", n=n), thing(f"d{n}", n=n)])
        found = await store.get_many(THINGS, [f"c{n}", f"d{n}"])
        assert found == {f"c{n}": thing(f"c{n}", n=n), f"d{n}": thing(f"d{n}", n=n)}
