"""State and offset are saved together: a kill between any two writes loses nothing and doubles nothing."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portal_reader import PortalReader
from portal_store import Filled, offers, services
from portal_world import World, offering

from efa_portal.catalog import Catalog
from efa_portal.errors import (
    PortalError,
    StoreDamagedError,
    StoreForeignError,
    StoreInUseError,
    StoreMissingError,
    StoreUnavailableError,
)
from efa_portal.health import TopicState
from efa_portal.record import CatalogRecord
from efa_portal.store.lock import StoreLock
from efa_portal.store.repair import StoreInPlace
from efa_portal.store.rows import read_entries, write_entry, write_place
from efa_portal.store.seal import add
from efa_portal.store.writer import Store
from efa_portal.topics import CATALOG, OFFERINGS
from efa_portal.verification import verify


class Killed(BaseException):
    """The process ends here."""


class Mortal:
    """A connection whose process is killed before one of its statements."""

    def __init__(self, connection: sqlite3.Connection, statements: Iterator[None]) -> None:
        self._connection, self._statements = connection, statements

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Run a statement, unless the process is gone by now."""
        next(self._statements)
        return self._connection.execute(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def statements(count: int) -> Iterator[None]:
    for _ in range(count):
        yield
    while True:
        raise Killed


def world_with(log: list[tuple[int, int | None]]) -> World:
    world = World()
    for key, value in log:
        world.write(b"k%d" % key, None if value is None else offering(value))
    return world


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(0, 3)), min_size=1, max_size=15),
    st.lists(st.integers(0, 60), max_size=4),
)
async def test_a_kill_before_any_statement_leaves_state_and_offset_of_one_moment(
    log: list[tuple[int, int | None]], kills: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        world = world_with(log)
        Store(path).close()
        for kill in kills:
            reader = PortalReader(world, path, announced=[world.checkpoint()])
            whole = reader.store._connection
            reader.store._connection = Mortal(whole, statements(kill))  # type: ignore[assignment]  # stands in for it
            try:
                reader.read(2)
                await reader.check()
                reader.read(100)
                await reader.check()
            except (Killed, RuntimeError):
                pass
            whole.close()
            _assert_one_moment(world, path)
        reader = PortalReader(world, path, announced=[world.checkpoint()])
        assert await reader.catch_up() is TopicState.IN_STEP
        assert (reader.following.health().live, reader.following.health().sha256) == world.whole()
        reader.store.close()


def _assert_one_moment(world: World, path: Path) -> None:
    store = Store(path)
    view = store.view(OFFERINGS)
    for generation in {view.shown, view.building} - {None}:
        assert generation is not None
        for number, place in store.places(OFFERINGS, generation).items():
            digests = store.digests(OFFERINGS, generation, number)
            assert (len(digests), place.live) == (world.fold_at(number, place.position)[0],) * 2
    store.close()


CHILD = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from portal_reader import PortalReader
from portal_world import World, offering
world = World()
for number in range(4000):
    world.write(b"k%d" % (number % 50), None if number % 7 == 0 else offering(number))
reader = PortalReader(world, Path(sys.argv[1]), announced=[world.checkpoint()])
print("reading", flush=True)
for _ in range(4000):
    reader.read(int(sys.argv[2]))
asyncio.run(reader.check())
"""


@pytest.mark.slow
def test_kill_9_at_any_time_leaves_a_store_that_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    for wait in (0.0, 0.02, 0.1, 0.3):
        command = [sys.executable, "-c", CHILD, str(path), "3", *sys.path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "reading\n"
            time.sleep(wait)
            os.kill(child.pid, signal.SIGKILL)
        store = Store(path)
        assert store.view(OFFERINGS).building is not None
        store.close()
    world = World()
    for number in range(4000):
        world.write(b"k%d" % (number % 50), None if number % 7 == 0 else offering(number))
    for generation in [1, 2, 3, 4]:
        store = Store(path)
        for number, place in store.places(OFFERINGS, generation).items():
            assert place.live == world.fold_at(number, place.position)[0]
        store.close()


def test_a_record_that_is_read_again_changes_nothing(tmp_path: Path) -> None:
    filled = Filled(tmp_path / "store.sqlite")
    following = filled.followings[OFFERINGS.name]
    before = following.health()
    world = filled.worlds[OFFERINGS.name]
    for number in world.ends:
        records, after = world.read(number, 0, 100)
        following.apply(records, {number: after})
        following.apply(records[:1], {number: 1})
    assert following.health() == before
    filled.close()


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return Filled(tmp_path / "store.sqlite").close()


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_whatever_byte_of_the_file_is_changed_readers_see_the_catalog_as_it_was_or_an_error(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Filled(Path(folder) / "store.sqlite").close()
        expected = [offer.raw for offer in Catalog(path).offers()]
        content = bytearray(path.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        try:
            found = [offer.raw for offer in Catalog(path).offers()]
        except PortalError:
            found = expected
        assert found == expected
        try:
            verify(path)
            sound = True
        except PortalError:
            sound = False
        in_place = StoreInPlace(path)
        store = in_place.open()
        if sound and not in_place.repairing:
            assert all(store.view(topic).shown is not None for topic in CATALOG)
            assert [offer.raw for offer in Catalog(path).offers()] == expected
        in_place.close()


def test_a_changed_byte_of_a_value_is_found_by_the_audit_and_by_readers(whole: Path) -> None:
    data = whole.read_bytes()
    assert data.count(b'"Wohngeld"') == 1
    whole.write_bytes(data.replace(b'"Wohngeld"', b'"Wohngelt"'))
    with pytest.raises(StoreDamagedError, match="changed by something else"):
        verify(whole)
    with pytest.raises(StoreDamagedError):
        list(Catalog(whole).offers())


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entry WHERE key = CAST('a' AS BLOB)",
        "UPDATE entry SET value = CAST('{\"offering\": {}}' AS BLOB) WHERE key = CAST('a' AS BLOB)",
        "UPDATE entry SET digest = (SELECT max(digest) FROM entry)",
        "UPDATE place SET position = position + 1",
        "UPDATE place SET live = live - 1",
        "DELETE FROM place",
        "UPDATE view SET shown = shown + 1",
    ],
)
def test_a_statement_by_another_hand_is_found(whole: Path, statement: str) -> None:
    connection = sqlite3.connect(whole)
    connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamagedError):
        verify(whole)
    with pytest.raises(StoreDamagedError):
        list(Catalog(whole).offers())


def test_an_old_entry_put_back_whole_is_found(whole: Path, tmp_path: Path) -> None:
    filled = Filled(tmp_path / "other.sqlite")
    old = shutil.copy(whole, tmp_path / "old.sqlite")
    filled.write(b"a", offering(9))
    path = filled.close()
    connection = sqlite3.connect(path)
    connection.execute("ATTACH ? AS old", (str(old),))
    connection.execute("REPLACE INTO entry SELECT * FROM old.entry WHERE key = CAST('a' AS BLOB)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamagedError, match="lost or added"):
        verify(path)


def test_a_damaged_store_is_read_as_far_as_it_goes_until_a_new_one_is_whole_and_takes_its_place(whole: Path) -> None:
    data = whole.read_bytes()
    whole.write_bytes(data.replace(b'"Wohngeld"', b'"Wohngelt"'))
    in_place = StoreInPlace(whole)
    in_place.open()
    in_place.begin_repair(StoreDamagedError("the audit found it"))
    assert in_place.repairing
    in_place.close()
    offer = Catalog(whole).find_offer("b")
    assert offer is not None
    new = Filled(whole.with_name("store.sqlite.rebuild"))
    new.close()
    assert in_place.finish_repair().path == whole
    assert not in_place.repairing
    in_place.close()
    assert [topic.live for topic in verify(whole)] == [3, 1]
    assert whole.with_name("store.sqlite.damaged").read_bytes() != data
    assert not whole.with_name("store.sqlite.rebuild").exists()


def test_a_repair_that_was_cut_off_goes_on(whole: Path) -> None:
    whole.write_bytes(b"x" * 9000)
    in_place = StoreInPlace(whole)
    in_place.open()
    assert in_place.repairing
    in_place.close()
    again = StoreInPlace(whole)
    again.open()
    assert again.repairing
    assert again.finish_repair().view(OFFERINGS).shown is None
    assert again.repairing
    again.close()
    assert whole.read_bytes() == b"x" * 9000


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE citizens (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreForeignError, match="something else"):
        Store(path)
    assert path.read_bytes() == before
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("citizens",)]
    connection.close()


def test_a_store_of_a_later_version_is_left_alone(whole: Path) -> None:
    store = Store(whole)
    store.note("version", "2")
    store.close()
    with pytest.raises(StoreForeignError, match="another version"):
        Store(whole)


def test_a_second_follower_is_refused_and_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    first = StoreLock(path)
    with pytest.raises(StoreInUseError, match="another follower"):
        StoreLock(path)
    first.release()
    StoreLock(path).release()


def test_a_store_in_a_folder_that_is_not_there_is_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="cannot be"):
        StoreLock(tmp_path / "no" / "store.sqlite")
    with pytest.raises(StoreUnavailableError):
        Store(tmp_path / "no" / "store.sqlite")
    with pytest.raises(StoreMissingError, match="efa-portal follow"):
        Catalog(tmp_path / "store.sqlite").status()


def test_the_fold_of_the_store_is_that_of_another_hand(whole: Path) -> None:
    assert {topic.topic: (topic.live, topic.sha256) for topic in verify(whole)} == {
        world.topic: world.whole() for world in (offers(), services())
    }


def test_an_error_in_the_middle_of_a_batch_leaves_nothing_of_it(tmp_path: Path) -> None:
    filled = Filled(tmp_path / "store.sqlite")
    following = filled.followings[OFFERINGS.name]
    before = following.health()
    good = CatalogRecord(0, 50, b"n", offering(1))
    with pytest.raises(KeyError):
        following.apply([good, CatalogRecord(9, 0, b"m", offering(2))], {0: 51})
    assert following.health() == before
    assert Catalog(filled.path).find_offer("n") is None
    filled.write(b"n", offering(3))
    assert Catalog(filled.path).find_offer("n") is not None
    filled.close()


def test_a_digest_that_is_not_that_of_its_value_is_found_even_if_everything_else_fits(tmp_path: Path) -> None:
    filled = Filled(tmp_path / "store.sqlite")
    connection = filled.store._connection
    generation = filled.store.view(OFFERINGS).shown
    assert generation is not None
    (entry,) = read_entries(connection, OFFERINGS.name, generation, key=b"a")
    place = filled.store.places(OFFERINGS, generation)[entry.partition]
    wrong = replace(entry, digest="0" * 64)
    sealed = write_entry(connection, OFFERINGS.name, generation, wrong)
    total = add(place.total, plus=sealed, minus=entry.seal(OFFERINGS.name, generation))
    write_place(connection, OFFERINGS.name, generation, replace(place, total=total))
    with pytest.raises(StoreDamagedError, match="changed by something else"):
        verify(filled.close())
