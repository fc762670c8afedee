"""Contents of evidence and of contracts: reconciliation names what is missing or damaged, backups in a folder hold and restore them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pyrage
import pytest

from marktplatz.assembly import ServiceName
from marktplatz.recovery.dump.contents import Contents, copy_contents, restore_contents
from marktplatz.recovery.dump.dump import back_up
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.restore import restore
from marktplatz.recovery.errors import DamagedBackupError
from marktplatz.recovery.named import named_contents
from marktplatz.recovery.reconcile.contents import with_files
from marktplatz.recovery.reconcile.differences import Kind
from marktplatz.recovery.stores import ServiceStore, Stores
from marktplatz.silent import Silent
from services.contracts.app import build as build_contracts
from services.contracts.repository import CONTRACTS
from services.contracts.statements.maker import OWED
from services.eligibility.app import build
from services.eligibility.fact_store.entry import ENTRIES, PARTS, Draft, Origin, Record, entry_document, part_documents
from shared.aggregate import epochs
from shared.clock import now
from shared.files.folder import FolderFiles
from shared.files.port import FilesUnavailableError
from shared.process.service import Resources
from shared.store.port import Document
from shared.store.sqlite.store import SqliteStore
from tests.support.s3 import write_keys

CONTENTS = {"small": b"%PDF-1.7 small", "in-a-part": b"%PDF-1.7 part", "withdrawn": b"%PDF-1.7 withdrawn"}
DIGESTS = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
DATA = Path(__file__).parents[3] / "data"
AT = "2026-11-24T09:00:00Z"
IDENTITY = pyrage.x25519.Identity.generate()
KEYS = Keys(recipients=(IDENTITY.to_public(),), identities=(IDENTITY,))


def record(name: str, rev: int = 2, **content: object) -> Record:
    stated = {"id": name, "rev": rev, "type": "SATZUNG", "document_sha256": DIGESTS[name], **content}
    return Record(stated, details={"title": name, "media_type": "application/pdf", "size": len(CONTENTS[name])})


def journal() -> tuple[list[Document], list[Document]]:
    """Entries and parts: contents in an entry, in a part and in a revision that withdraws; a hash that only was stated."""
    stated = Record({"id": "stated", "rev": 1, "type": "SATZUNG", "document_sha256": "0" * 64}, details={"title": "x"})
    withdrawn = [record("withdrawn"), record("withdrawn", rev=3, withdrawn=True)]
    entry = Draft(Origin.PERSON, "reason", documents=[stated, record("small"), *withdrawn])
    large = Draft(Origin.PERSON, "reason", documents=[record("in-a-part")])
    entries = [entry_document(entry, 1, AT), entry_document(large, 2, AT, ["part:0000"])]
    return entries, list(part_documents(large, "part"))


async def named() -> dict[str, str]:
    """What the journal names."""
    async with opened() as stores:
        for collection, documents in zip((ENTRIES, PARTS), journal(), strict=True):
            await stores[ServiceName.ELIGIBILITY].store.insert_many(collection, documents)
        return await named_contents(stores, ServiceName.ELIGIBILITY)


@pytest.fixture
async def files(tmp_path: Path) -> FolderFiles:
    files = FolderFiles(tmp_path)
    for name, content in CONTENTS.items():
        await files.put(DIGESTS[name], content)
    return files


async def test_contents_that_are_where_and_what_they_should_be_are_no_difference(files: FolderFiles) -> None:
    found = await named()
    assert found == {DIGESTS[name]: name for name in CONTENTS}
    assert await with_files(found, files) == []


async def test_a_missing_and_a_damaged_content_are_named_with_document_and_hash(files: FolderFiles) -> None:
    for name, content in (("small", None), ("in-a-part", b"%PDF-1.7 other")):
        path = path_of(files, name)
        path.unlink() if content is None else path.write_bytes(content)
    found = await with_files(await named(), files)
    assert {(it.kind, it.ids["document"], it.ids["sha256"]) for it in found} == {
        (Kind.CONTENT_MISSING, "small", DIGESTS["small"]),
        (Kind.CONTENT_DAMAGED, "in-a-part", DIGESTS["in-a-part"]),
    }


async def test_a_place_that_cannot_be_read_is_no_missing_content(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"")
    with pytest.raises(FilesUnavailableError):
        await with_files(await named(), FolderFiles(in_the_way))


def path_of(files: FolderFiles, name: str) -> Path:
    return files.folder / DIGESTS[name][:2] / DIGESTS[name]


@asynccontextmanager
async def marketplace(evidence: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[Stores]:
    """The store of eligibility in memory, contents in a folder."""
    patch.setenv("ELIGIBILITY_EVIDENCE_FOLDER", str(evidence))
    async with opened() as stores:
        yield stores


@asynccontextmanager
async def opened() -> AsyncIterator[Stores]:
    resources = Resources(SqliteStore(None), Silent(), DATA)
    held = ServiceStore(build(resources), resources)
    await held.store.prepare([*held.collections, epochs.COLLECTION])
    yield {ServiceName.ELIGIBILITY: held}
    await held.store.close()


@pytest.fixture
async def backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An encrypted backup of a marketplace with three contents, of which another backup had copied one before."""
    await FolderFiles(tmp_path / "evidence").put(DIGESTS["small"], CONTENTS["small"])
    async with marketplace(tmp_path / "evidence", monkeypatch) as stores:
        entries, parts = journal()
        await stores[ServiceName.ELIGIBILITY].store.insert_many(ENTRIES, entries)
        await stores[ServiceName.ELIGIBILITY].store.insert_many(PARTS, parts)
        first = await copy_contents(stores, tmp_path / "backups", KEYS)
        assert (first.copied, sorted(first.missing)) == (1, sorted([DIGESTS["in-a-part"], DIGESTS["withdrawn"]]))
        for name, content in CONTENTS.items():
            await FolderFiles(tmp_path / "evidence").put(DIGESTS[name], content)
        folder, _ = await back_up(stores, tmp_path / "backups", KEYS)
        assert await copy_contents(stores, tmp_path / "backups", KEYS) == Contents(copied=2, present=1)
    return folder


async def test_a_restore_brings_the_contents_back_and_mends_what_is_damaged(
    tmp_path: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not [path for path in backup.parent.rglob("*") if path.is_file() and b"%PDF" in path.read_bytes()], "in plain"
    elsewhere = FolderFiles(tmp_path / "elsewhere")
    await elsewhere.put(DIGESTS["small"], CONTENTS["small"])
    path_of(elsewhere, "small").write_bytes(b"%PDF-1.7 other")
    await elsewhere.put(DIGESTS["withdrawn"], CONTENTS["withdrawn"])
    async with marketplace(elsewhere.folder, monkeypatch) as stores:
        _, restored = await restore(stores, backup, KEYS, now())
    assert restored.contents == Contents(copied=2, present=1)
    assert {name: await elsewhere.get(DIGESTS[name]) for name in CONTENTS} == CONTENTS


async def test_a_restore_names_what_no_backup_has_and_refuses_what_is_not_what_it_was(
    tmp_path: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy,) = backup.parent.rglob(f"{DIGESTS['small']}*")
    other = (backup.parent / "contents" / DIGESTS["withdrawn"][:2] / f"{DIGESTS['withdrawn']}.age").read_bytes()
    async with marketplace(tmp_path / "elsewhere", monkeypatch) as stores:
        content = copy.read_bytes()
        copy.unlink()
        _, restored = await restore(stores, backup, KEYS, now())
        assert restored.contents == Contents(copied=2, missing=(DIGESTS["small"],))
        copy.write_bytes(content[:-1])
        with pytest.raises(DamagedBackupError, match="cannot be decrypted"):
            await restore_contents(stores, backup.parent, KEYS)
        copy.write_bytes(other)
        with pytest.raises(DamagedBackupError, match="not the content that its name states"):
            await restore_contents(stores, backup.parent, KEYS)


async def test_documents_of_contracts_and_statements_are_copied_and_put_back_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, contents = tmp_path / "papers", {name: f"%PDF-1.7 {name}".encode() for name in ("contract", "statement")}
    monkeypatch.setenv("CONTRACTS_DOCUMENTS_FOLDER", str(place))
    resources = Resources(SqliteStore(None), Silent(), DATA)
    held = ServiceStore(build_contracts(resources), resources)
    await held.store.prepare([*held.collections])
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    for collection, name in ((CONTRACTS, "contract"), (OWED, "statement")):
        await FolderFiles(place).put(digests[name], contents[name])
        await held.store.insert_many(collection, [{"_id": name, "rev": 1, "papers": [{"sha256": digests[name]}]}])
    await held.store.insert_many(CONTRACTS, [{"_id": "without", "rev": 1}])
    stores = {ServiceName.CONTRACTS: held}
    assert await named_contents(stores, ServiceName.CONTRACTS) == {digests[name]: name for name in contents}
    assert await copy_contents(stores, tmp_path / "backups", KEYS) == Contents(copied=2)
    for path in place.glob("*/*"):
        path.unlink()
    assert await restore_contents(stores, tmp_path / "backups", KEYS) == Contents(copied=2)
    assert {name: await FolderFiles(place).get(digest) for name, digest in digests.items()} == contents
    await held.store.close()


async def test_a_bucket_is_left_to_its_own_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    access_key, secret_key = write_keys(tmp_path)
    for name, value in (
        ("ENDPOINT", "https://s3.invalid"),
        ("BUCKET", "evidence"),
        ("ACCESS_KEY_FILE", str(access_key)),
        ("SECRET_KEY_FILE", str(secret_key)),
    ):
        monkeypatch.setenv(f"FILES_S3_{name}", value)
    async with opened() as stores:
        await stores[ServiceName.ELIGIBILITY].store.insert_many(ENTRIES, journal()[0])
        assert await copy_contents(stores, tmp_path / "backups", KEYS) == Contents()
