"""Backup and restore over real stores: every document and every type comes back, and nothing is restored by halves."""

from __future__ import annotations

import gzip
import json
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from marktplatz import VERSION
from marktplatz.assembly import ServiceName
from marktplatz.recovery.dump.dump import back_up, delete_all_but
from marktplatz.recovery.dump.files import MANIFEST, read_manifest, verify
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.restore import batches, restore
from marktplatz.recovery.errors import BackupError, DamagedBackupError, StoreNotEmptyError
from marktplatz.recovery.rebuild.epochs import raise_aggregates
from marktplatz.recovery.stores import COPY_ORDER, PAGE, ServiceStore, opened_stores
from services.contracts.repository import CONTRACTS, REGISTERS
from services.eligibility.repository import BODIES
from services.notify.repository import CONTACTS
from services.ordering.repository import ORDERS
from shared.aggregate import epochs
from shared.errors import StoreUnavailableError
from shared.process.settings import ProcessSettings
from shared.store.paging import scanned
from shared.store.port import PORTION_BYTES, Document, Save
from shared.store.sqlite.store import SqliteStore
from tests.support.mongodb import database_url, mongodb_server, own_database

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 24, 9, 30, 15, 123000, tzinfo=UTC)
PLAIN = Keys()
Stores = dict[ServiceName, ServiceStore]


@asynccontextmanager
async def place(folder: Path, url: str = "sqlite:///{var}/{service}.db") -> AsyncIterator[Any]:
    async with opened_stores(ProcessSettings(var=folder, store_url=url)) as stores:
        yield stores


def clock() -> Callable[[], datetime]:
    times = iter(AT + timedelta(seconds=second) for second in range(1000))
    return lambda: next(times)


def order(number: int, **fields: Any) -> Document:
    values = {
        "rev": 3,
        "seq": 7,
        "inbox": {"eligibility:x": 2},
        "outbox": [{"seq": 7, "id": "e", "topic": "t", "type": "y", "time": AT, "data": "{}"}],
        "pending_since": AT,
        "refusals": [],
        "float": 1.0,
        "large": 2**60,
        "small": -3,
        "flag": False,
        "nothing": None,
        "text": "Görlitz 😀",
        "list": [1, 2.5, "x", {"deep": [AT]}],
        "before_1970": datetime(1871, 1, 18, tzinfo=UTC),
    }
    return {"_id": f"order-{number:05}", **values, **fields}


async def fill(stores: Stores) -> None:
    await stores[ServiceName.ORDERING].store.insert_many(ORDERS, [order(number) for number in range(1203)])
    await stores[ServiceName.CONTRACTS].store.insert_many(
        REGISTERS, [{"_id": "fitko-2026", "rev": 4, "last": 9, "allotted": {"c": 9}}]
    )
    await stores[ServiceName.NOTIFY].store.insert_many(CONTACTS, [{"_id": "dataport", "rev": 1, "name": "Dataport"}])
    await stores[ServiceName.ELIGIBILITY].store.insert_many(BODIES, [{"_id": "010540056056", "rev": 1, "name": "Husum"}])


async def everything(stores: Stores) -> dict[str, list[Document]]:
    return {
        f"{name.value}.{collection.name}": [document async for page in scanned(held.store, collection) for document in page]
        for name, held in stores.items()
        for collection in held.collections
    }


@pytest.fixture
async def backup(tmp_path: Path) -> Path:
    async with place(tmp_path / "from") as stores:
        await fill(stores)
        folder, _ = await back_up(stores, tmp_path / "backups", PLAIN, clock=clock())
    return folder


@pytest.fixture(scope="module")
def mongodb() -> Iterator[str]:
    with mongodb_server() as server, own_database(server) as name:
        yield database_url(server, f"{name}_{{service}}")


async def test_a_backup_restored_on_another_kind_of_store_is_equal_to_the_last_type(
    tmp_path: Path, backup: Path, mongodb: str
) -> None:
    async with place(tmp_path / "from") as before, place(tmp_path, mongodb) as after:
        manifest, result = await restore(after, backup, PLAIN, AT)
        assert await everything(after) == await everything(before)
    assert result.added == manifest.documents == 1206
    assert result.differ == []


async def test_equal_stores_make_equal_files_and_the_manifest_says_what_they_hold(tmp_path: Path, backup: Path) -> None:
    async with place(tmp_path / "from") as stores:
        again, manifest = await back_up(stores, tmp_path / "again", PLAIN, clock=clock())
    assert [file.sha256 for file in manifest.files] == [file.sha256 for file in read_manifest(backup).files]
    counts = {file.path: file.documents for file in manifest.files if file.documents}
    assert counts == {
        "ordering/orders.jsonl.gz": 1203,
        "contracts/contract_registers.jsonl.gz": 1,
        "notify/contacts.jsonl.gz": 1,
        "eligibility/bodies.jsonl.gz": 1,
    }
    assert [file.service for file in manifest.files] == sorted(
        (f.service for f in manifest.files), key=[n.value for n in COPY_ORDER].index
    )
    line = gzip.decompress((again / "ordering/orders.jsonl.gz").read_bytes()).splitlines()[0]
    assert json.loads(line)["large"] == {"$numberLong": str(2**60)}
    assert {path.stat().st_mode & 0o077 for path in again.rglob("*.gz")} == {0}


def cut(folder: Path) -> None:
    file = folder / "ordering/orders.jsonl.gz"
    file.write_bytes(file.read_bytes()[:-10])


def flip(folder: Path) -> None:
    file = folder / "ordering/orders.jsonl.gz"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))


def lose(folder: Path) -> None:
    (folder / "contracts/contract_registers.jsonl.gz").unlink()


def lose_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def change_manifest(folder: Path, **fields: Any) -> None:
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    (folder / MANIFEST).write_text(json.dumps(manifest | fields), "utf-8")


def unknown_collection(folder: Path) -> None:
    files = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
    files[0]["collection"] = "of_another_version"
    change_manifest(folder, files=files)


@pytest.mark.parametrize("damage", [cut, flip, lose, lose_manifest, unknown_collection])
async def test_a_damaged_backup_is_refused_before_anything_is_written(
    tmp_path: Path, backup: Path, damage: Callable[[Path], None]
) -> None:
    damage(backup)
    async with place(tmp_path / "to") as stores:
        with pytest.raises(DamagedBackupError):
            await restore(stores, backup, PLAIN, AT)
        assert not any((await everything(stores)).values())
        for held in stores.values():
            assert await epochs.sequence_base(held.store) == 0


def test_the_version_in_a_manifest_is_the_projects() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == VERSION


async def test_the_backup_of_a_newer_product_is_refused(tmp_path: Path, backup: Path) -> None:
    change_manifest(backup, product="99.0.0")
    async with place(tmp_path / "to") as stores:
        with pytest.raises(BackupError, match=r"99\.0\.0"):
            await restore(stores, backup, PLAIN, AT)


async def test_a_store_that_holds_something_is_refused_and_reference_data_do_not_count(tmp_path: Path, backup: Path) -> None:
    async with place(tmp_path / "to") as stores:
        await stores[ServiceName.ELIGIBILITY].store.insert_many(
            BODIES, [{"_id": "010540056056", "rev": 1, "name": "newer edition"}]
        )
        await stores[ServiceName.ORDERING].store.insert_many(ORDERS, [order(9999)])
        with pytest.raises(StoreNotEmptyError, match=r"ordering\.orders"):
            await restore(stores, backup, PLAIN, AT)
        await stores[ServiceName.ORDERING].store.delete(ORDERS, ["order-09999"])
        _, result = await restore(stores, backup, PLAIN, AT)
        assert (result.added, result.equal, result.differ) == (1205, 1, [])


async def test_into_a_filled_store_only_what_is_missing_is_added_and_what_differs_is_named(tmp_path: Path, backup: Path) -> None:
    async with place(tmp_path / "from") as stores:
        ordering = stores[ServiceName.ORDERING].store
        await ordering.delete(ORDERS, ["order-00007"])
        await ordering.save_many(ORDERS, [Save(order(5, rev=4, text="newer"), expected_rev=3)])
        await ordering.insert_many(ORDERS, [order(9999)])
        _, result = await restore(stores, backup, PLAIN, AT, into_non_empty=True)
        assert (result.added, result.equal, result.differ) == (1, 1204, ["orders order-00005"])
        present = await ordering.get_many(ORDERS, ["order-00005", "order-00007", "order-09999"])
        assert present["order-00005"]["text"] == "newer"
        assert present.keys() == {"order-00005", "order-00007", "order-09999"}


async def test_a_restored_store_lets_no_process_work_until_its_era_begins(tmp_path: Path, backup: Path) -> None:
    async with place(tmp_path / "to") as stores:
        await restore(stores, backup, PLAIN, AT)
        for held in stores.values():
            with pytest.raises(epochs.RebuildDueError, match="topics rebuild"):
                await epochs.sequence_base(held.store)
            await epochs.announce_epoch(held.store, 1000)
            assert await epochs.recorded_sequence_base(held.store) == 1000
            with pytest.raises(epochs.RebuildDueError, match="topics rebuild"):
                await epochs.sequence_base(held.store)
            await epochs.begin_epoch(held.store, 1000)
            assert await epochs.sequence_base(held.store) == 1000


async def test_a_backup_keeps_the_era_of_each_store_and_names_none_where_there_is_none(tmp_path: Path, backup: Path) -> None:
    assert "sequence_bases" not in json.loads((backup / MANIFEST).read_text("utf-8")), (
        "versions before refuse what they do not know"
    )
    async with place(tmp_path / "from") as stores:
        await raise_aggregates(stores, 9000)
        again, _ = await back_up(stores, tmp_path / "backups", PLAIN, clock=lambda: AT + timedelta(days=1))
    async with place(tmp_path / "to") as stores:
        await restore(stores, again, PLAIN, AT)
        assert {await epochs.recorded_sequence_base(held.store) for held in stores.values()} == {9000}
        for held in stores.values():
            with pytest.raises(epochs.RebuildDueError, match="topics rebuild"):
                await epochs.sequence_base(held.store)
        await raise_aggregates(stores, 10_000)
        await restore(stores, backup, PLAIN, AT, into_non_empty=True)
        assert {await epochs.recorded_sequence_base(held.store) for held in stores.values()} == {10_000}, "none goes back"


async def test_an_era_is_known_in_every_store_before_anything_counts_from_it(tmp_path: Path) -> None:
    async with place(tmp_path / "to") as stores:
        ordering = stores[ServiceName.ORDERING].store
        await ordering.insert_many(ORDERS, [order(1), {**order(2), "seq": 5000}])
        assert (await ordering.get(ORDERS, "order-00002") or {})["seq"] == 5000
        with pytest.raises(BackupError, match="beyond 1000"):
            await raise_aggregates(stores, 1000)
        assert {await epochs.sequence_base(held.store) for held in stores.values()} == {1000}
        await raise_aggregates(stores, 9000)
        assert (await ordering.get(ORDERS, "order-00001") or {})["seq"] == 9000
        assert {await epochs.sequence_base(held.store) for held in stores.values()} == {9000}


async def test_a_backup_that_cannot_be_finished_leaves_nothing_that_looks_like_one(tmp_path: Path) -> None:
    async with place(tmp_path / "from") as stores:
        await fill(stores)
        await stores[ServiceName.NOTIFY].store.close()
        with pytest.raises(StoreUnavailableError):
            await back_up(stores, tmp_path / "backups", PLAIN, clock=clock())
    assert list((tmp_path / "backups").iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("a file", "utf-8")
    async with place(tmp_path / "from") as stores:
        with pytest.raises(BackupError, match="cannot be begun"):
            await back_up(stores, tmp_path / "backups", PLAIN, clock=clock())


async def test_only_the_newest_backups_stay_and_unfinished_ones_do_not_count(backup: Path) -> None:
    root = backup.parent
    for day in range(1, 4):
        (root / f"2026-12-0{day}T010000Z").mkdir()
        (root / f"2026-12-0{day}T010000Z" / MANIFEST).write_text("{}", "utf-8")
    (root / "2026-12-09T010000Z.part").mkdir()
    assert [folder.name for folder in delete_all_but(root, 2)] == [backup.name, "2026-12-01T010000Z"]
    assert sorted(path.name for path in root.iterdir()) == ["2026-12-02T010000Z", "2026-12-03T010000Z", "2026-12-09T010000Z.part"]
    with pytest.raises(ValueError, match="at least one"):
        delete_all_but(root, 0)


async def test_every_collection_of_every_service_is_in_a_backup(tmp_path: Path, backup: Path) -> None:
    verify(backup, read_manifest(backup), PLAIN)
    files = {(file.service, file.collection) for file in read_manifest(backup).files}
    async with place(tmp_path / "from") as stores:
        expected = {(name.value, collection.name) for name, held in stores.items() for collection in held.collections}
        assert {ledger.collection.name for held in stores.values() for ledger in held.service.ledgers} <= {
            name for _, name in files
        }
    assert files == expected
    assert ("contracts", CONTRACTS.name) in files
    assert {service for service, collection in files if collection == "idempotency"} == {name.value for name in COPY_ORDER}


async def test_pages_of_large_documents_hold_every_document_once() -> None:
    store = SqliteStore(None)
    await store.prepare([ORDERS])
    names = [f"order-{number:02}" for number in range(9)]
    await store.insert_many(ORDERS, [{"_id": name, "rev": 1, "timeline": "x" * (PORTION_BYTES // 4)} for name in names])
    sizes = [[document["_id"] for document in page] async for page in scanned(store, ORDERS)]
    await store.close()
    assert [name for page in sizes for name in page] == names
    assert len(sizes) == 3


def test_documents_are_put_back_in_batches_bounded_by_number_and_by_bytes() -> None:
    large = [{"_id": str(number), "text": "x" * (PORTION_BYTES // 3)} for number in range(7)]
    small = [{"_id": str(number)} for number in range(2 * PAGE + 1)]
    assert [len(batch) for batch in batches(iter(large))] == [3, 3, 1]
    assert [len(batch) for batch in batches(iter(small))] == [PAGE, PAGE, 1]
    assert [document for batch in batches(iter(small)) for document in batch] == small
    assert list(batches(iter([]))) == []
