"""Encrypted backups: nothing in plain text on the disk, restored only with the key that lies elsewhere."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from pathlib import Path
from typing import IO, Any, cast

import pyrage
import pytest

from marktplatz.recovery.commands import backups as commands
from marktplatz.recovery.dump.disk import sha256_of
from marktplatz.recovery.dump.dump import back_up
from marktplatz.recovery.dump.files import read_manifest, verify
from marktplatz.recovery.dump.keys import Keys, SealedError, SealSettings, write_identity
from marktplatz.recovery.dump.listing import list_backups
from marktplatz.recovery.dump.restore import restore
from marktplatz.recovery.dump.sealing import SealedWriter, unsealed
from marktplatz.recovery.errors import BackupError, DamagedBackupError
from services.notify.repository import CONTACTS
from shared.process.settings import ProcessSettings
from shared.store.port import Document
from tests.component.recovery.test_recovery_stores import AT, Stores, clock, everything, fill, place

pytestmark = pytest.mark.slow

NAME = "Erika Mustermann"
MINE, OTHER = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
WRITER = Keys(recipients=(MINE.to_public(),))
OWNER = Keys(identities=(OTHER, MINE))


def contact(number: int) -> Document:
    return {"_id": f"contact-{number}", "rev": 1, "organisation": "heide", "person": f"p{number}", "name": NAME, "n": "x" * 900}


async def filled(folder: Path, keys: Keys, contacts: int = 50) -> tuple[Path, dict[str, list[Document]]]:
    async with place(folder / "before") as stores:
        await fill(stores)
        for held in stores.values():
            if CONTACTS in held.collections:
                await held.store.insert_many(CONTACTS, [contact(number) for number in range(contacts)])
        made, _ = await back_up(stores, folder / "backups", keys, clock=clock())
        return made, await everything(stores)


async def restored(folder: Path, backup: Path, keys: Keys) -> dict[str, list[Document]]:
    async with place(folder / "after") as stores:
        await restore(stores, backup, keys, AT)
        return await everything(stores)


async def test_what_was_encrypted_comes_back_with_the_private_key_alone(tmp_path: Path) -> None:
    backup, held = await filled(tmp_path, WRITER, contacts=2000)
    assert await restored(tmp_path, backup, OWNER) == held
    assert read_manifest(backup).format == 2


async def test_no_file_of_a_backup_shows_whom_it_is_about(tmp_path: Path) -> None:
    backup, _ = await filled(tmp_path, WRITER)
    files = [path for path in backup.rglob("*") if path.is_file()]
    assert all(path.suffix == ".age" or path.name == "manifest.json" for path in files)
    for path in files:
        content = path.read_bytes()
        assert content[:2] != b"\x1f\x8b"
        assert NAME.encode() not in content
        assert b"heide" not in content
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.name == "manifest.json"


@pytest.mark.slow
@pytest.mark.parametrize("keys", [Keys(), WRITER, Keys(identities=(OTHER,))], ids=["none", "public only", "another"])
async def test_without_the_private_key_nothing_is_restored_and_the_setting_is_named(tmp_path: Path, keys: Keys) -> None:
    backup, _ = await filled(tmp_path, WRITER)
    with pytest.raises(SealedError, match="MARKTPLATZ_BACKUP_IDENTITY_FILE"):
        await restored(tmp_path, backup, keys)
    assert not any((await _held(tmp_path)).values())


async def _held(folder: Path) -> dict[str, list[Document]]:
    async with place(folder / "after") as stores:
        return await everything(stores)


async def test_a_backup_can_be_verified_where_no_private_key_is(tmp_path: Path) -> None:
    backup, _ = await filled(tmp_path, WRITER)
    verify(backup, read_manifest(backup), WRITER)
    assert [it.fault for it in list_backups(backup.parent, WRITER, verified=True)] == [""]


@pytest.mark.slow
@pytest.mark.parametrize("keys", [WRITER, OWNER], ids=["without key", "with key"])
@pytest.mark.parametrize("cut", [1, 300])
async def test_a_cut_or_changed_file_is_found_with_or_without_the_key(tmp_path: Path, keys: Keys, cut: int) -> None:
    backup, _ = await filled(tmp_path, WRITER)
    path = next(path for path in sorted(backup.rglob("*contacts*")))
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DamagedBackupError):
        verify(backup, read_manifest(backup), keys)


@pytest.mark.slow
async def test_a_file_replaced_together_with_its_hash_is_found_with_the_key(tmp_path: Path) -> None:
    backup, _ = await filled(tmp_path, WRITER)
    path = next(path for path in sorted(backup.rglob("*contacts*")))
    manifest = read_manifest(backup)
    damaged = bytearray(path.read_bytes())
    damaged[-20] ^= 1
    path.write_bytes(damaged)
    (file,) = [file for file in manifest.files if file.path.endswith(path.name)]
    text = (backup / "manifest.json").read_text(encoding="utf-8")
    (backup / "manifest.json").write_text(text.replace(file.sha256, sha256_of(path)), encoding="utf-8")
    with pytest.raises(DamagedBackupError):
        await restored(tmp_path, backup, OWNER)


def test_a_new_pair_is_written_once_and_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "backup.key"
    public = write_identity(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    keys = SealSettings(recipients=public, identity_file=file).keys()
    assert [str(it) for it in keys.recipients] == [str(it.to_public()) for it in keys.identities] == [public]
    with pytest.raises(BackupError, match="cannot be written"):
        write_identity(file)


def test_several_recipients_are_given_as_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    public = [str(it.to_public()) for it in (MINE, OTHER)]
    monkeypatch.setenv("MARKTPLATZ_BACKUP_RECIPIENTS", ", ".join(public))
    assert [str(it) for it in SealSettings().keys().recipients] == public


@pytest.mark.parametrize("text", ["age1nonsense", "ssh-ed25519", str(MINE)], ids=["nonsense", "ssh", "private"])
def test_what_is_no_public_key_is_refused_and_a_private_one_not_repeated(text: str) -> None:
    with pytest.raises(BackupError, match="MARKTPLATZ_BACKUP_RECIPIENTS") as refused:
        SealSettings(recipients=text).keys()
    assert not re.search(r"AGE-SECRET-KEY-1\w+", refused.value.detail)


@pytest.mark.parametrize("content", ["", "# a note only", "no key", b"\xff\xfe"])
def test_a_file_without_a_private_key_is_refused(tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "backup.key"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BackupError, match=r"backup\.key"):
        SealSettings(identity_file=file).keys()


async def test_a_database_is_not_copied_in_plain_text_unless_somebody_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(_: ProcessSettings) -> Stores:
        raise AssertionError("reached the stores")

    monkeypatch.setattr(commands, "opened_stores", opened)
    monkeypatch.setenv("MARKTPLATZ_STORE_URL", "mongodb://db.example/marktplatz_{service}")
    with pytest.raises(BackupError, match="MARKTPLATZ_BACKUP_RECIPIENTS"):
        await commands.run_backup(tmp_path, None)
    monkeypatch.setenv("MARKTPLATZ_BACKUP_PLAIN", "true")
    with pytest.raises(AssertionError, match="reached the stores"):
        await commands.run_backup(tmp_path, None)
    monkeypatch.delenv("MARKTPLATZ_BACKUP_PLAIN")
    monkeypatch.setenv("MARKTPLATZ_BACKUP_RECIPIENTS", str(MINE.to_public()))
    with pytest.raises(AssertionError, match="reached the stores"):
        await commands.run_backup(tmp_path, None)


class Volume(io.RawIOBase):
    """Takes a number of bytes and no more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        taken = len(data)
        if taken > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= taken
        return taken


def sealed(size: int, room: int) -> int:
    """Encrypt bytes onto a volume and return what room is left."""
    volume = Volume(room)
    writer = SealedWriter(cast("IO[bytes]", volume), WRITER.recipients)
    try:
        for start in range(0, size, 50_000):
            writer.write(b"x" * min(50_000, size - start))
        writer.finish()
    finally:
        writer.abort()
    return volume.room


@pytest.mark.parametrize("size", [0, 10, 65_536, 65_537, 200_000])
def test_a_volume_that_is_full_is_said_to_be_full_wherever_it_happens(size: int) -> None:
    room = 10**9
    # A file is a little longer or shorter than another of the same content: a line of its head is random.
    length = room - sealed(size, room) - 200
    for full in (0, 100, length // 2, length):
        with pytest.raises(OSError, match="No space left"):
            sealed(size, full)


def test_a_file_that_is_not_there_is_not_read_as_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), unsealed(tmp_path / "gone.age", OWNER.identities) as plain:
        plain.read()
