"""The stores that the contract suite runs over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared.store.opening import open_store
from shared.store.port import Store
from tests.contract.store.samples import THINGS
from tests.support.memory_store import MemoryStore
from tests.support.mongodb import database_url, mongodb_server, own_database

MOTOR = pytest.param("mongodb+motor", marks=pytest.mark.slow)
"""The same adapter over an extra that ends: `make test` runs it."""


@dataclass
class Place:
    """Where the documents of one test lie; every client opened on it is closed at the end."""

    connect: Callable[[], Store]
    clients: list[Store] = field(default_factory=list)

    def open(self) -> Store:
        client = self.connect()
        self.clients.append(client)
        return client


@pytest.fixture(scope="session")
def mongodb() -> Iterator[str]:
    with mongodb_server() as url:
        yield url


@contextmanager
def _connector(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Store]]:
    if kind == "memory_store":
        store = MemoryStore()
        yield lambda: store
    elif kind == "sqlite_memory":
        yield lambda: open_store("sqlite:///:memory:")
    elif kind == "sqlite_file":
        yield lambda: open_store(f"sqlite:///{folder / 'sub' / 'store.db'}")
    else:
        server: str = request.getfixturevalue("mongodb")
        with own_database(server) as name:
            yield lambda: open_store(database_url(server, name, scheme=kind))


async def _place(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Place]:
    with _connector(request.param, folder, request) as connect:
        place = Place(connect)
        yield place
        for client in place.clients:
            await client.close()


@pytest.fixture(params=["memory_store", "sqlite_memory", "sqlite_file", "mongodb", MOTOR])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async for place in _place(request, tmp_path):
        yield place


@pytest.fixture(params=["sqlite_file", "mongodb", MOTOR])
async def shared_place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place that several processes can use."""
    async for place in _place(request, tmp_path):
        yield place


@pytest.fixture
async def store(place: Place) -> Store:
    store = place.open()
    await store.prepare([THINGS])
    return store


@pytest.fixture
def mongodb_url(mongodb: str) -> Iterator[str]:
    """The URL of a database of the test's own."""
    with own_database(mongodb) as name:
        yield database_url(mongodb, name)
