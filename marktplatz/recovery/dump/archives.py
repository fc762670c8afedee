"""Dumps of a database's own tool as they lie in a folder: one encrypted archive each, its SHA-256 beside it.

The archive appears under its name last, whole and on the disk: what has no name ending in ``.age`` and no sum is none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from marktplatz.recovery.dump.files import SEALED, sha256_of
from marktplatz.recovery.dump.handover import BLOCK, TAKEN_AT, Handover, HandoverError
from marktplatz.recovery.dump.sealing import Keys, SealedWriter, require_key, unsealed
from marktplatz.recovery.errors import BackupError, DamagedBackupError

PART, SUM = ".part", ".sha256"
_TIME = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"marktplatz-(\d{8}T\d{6}Z)\.archive\.gz(?:\.age)?")
_LEFT = timedelta(days=1)
"""No run takes as long: an unfinished file of this age is one that was killed."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A dump: its file and when it was begun."""

    path: Path
    begun: datetime

    @property
    def sealed(self) -> bool:
        """Whether it is encrypted; those of former versions are not."""
        return self.path.name.endswith(SEALED)

    @property
    def sum_file(self) -> Path:
        """The file with its SHA-256, in the form of ``sha256sum``."""
        return self.path.with_name(self.path.name + SUM)


def archive_at(path: Path) -> Archive:
    """Return the archive of a file name. Raises BackupError for a name that is none."""
    found = _NAME.fullmatch(path.name)
    if found is None or not path.is_file():
        raise BackupError(f"{path} is no archive of a dump such as marktplatz-20261124T001500Z.archive.gz{SEALED}")
    return Archive(path, _time(found))


def archives_in(folder: Path) -> list[Archive]:
    """Return the archives of a folder, oldest first. Raises BackupError if it cannot be read."""
    try:
        found = [(path, _NAME.fullmatch(path.name)) for path in folder.iterdir()]
    except OSError as error:
        raise BackupError(f"{folder} cannot be read: {error.strerror or error}") from error
    return sorted((Archive(path, _time(name)) for path, name in found if name), key=lambda it: (it.begun, it.path.name))


def seal(folder: Path, handover: Handover, keys: Keys, at: datetime) -> Archive:
    """Encrypt what comes through a pipe into a new archive in ``folder``, named by ``at``, and return it.

    Raises BackupError for missing keys and a folder that cannot be written, HandoverError for a dump that failed, was cut off or
    holds nothing: no archive is there then.
    """
    if not keys.recipients:
        raise BackupError(
            "a dump holds personal data and is written encrypted: name the public key in MARKTPLATZ_BACKUP_RECIPIENTS "
            "('marktplatz backup-key FILE' makes a pair; keep the file elsewhere)"
        )
    archive = Archive(folder / f"marktplatz-{at.astimezone(UTC):{_TIME}}.archive.gz{SEALED}", at)
    part = archive.path.with_name(archive.path.name + PART)
    if archive.path.exists():
        raise BackupError(f"the archive {archive.path} exists")
    try:
        _write(part, handover, keys)
        # The sum first: the archive is there only with it.
        _put(archive.sum_file, f"{sha256_of(part)}  {archive.path.name}\n")
        part.rename(archive.path)
        _sync(folder)
    except OSError as error:
        raise BackupError(f"the archive {archive.path} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return archive


def check(archive: Archive, keys: Keys) -> None:
    """Compare an archive with its SHA-256 and decrypt it to its end, without keeping anything.

    Raises SealedError without the key that fits, DamagedBackupError for whatever is not as it was written.
    """
    if archive.sealed:
        require_key(archive.path, keys.identities)
    try:
        # The whole line, with the name: the sum of another file proves nothing.
        same = archive.sum_file.read_text(encoding="utf-8") == f"{sha256_of(archive.path)}  {archive.path.name}\n"
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedBackupError(f"{archive.path.name} or its SHA-256 cannot be read: {error}") from error
    if not same:
        raise DamagedBackupError(f"{archive.path.name} is not as it was written: its SHA-256 differs")
    for _ in _plain(archive, keys):
        pass


def unseal(archive: Archive, handover: Handover, keys: Keys) -> None:
    """Give an archive in plain into a pipe, once it was checked whole.

    Raises what ``check`` raises, before the pipe is there; HandoverError if nobody reads to the end.
    """
    check(archive, keys)
    handover.leave(TAKEN_AT, f"{archive.begun:{_TIME}}")
    with handover.writing() as pipe:
        for block in _plain(archive, keys):
            pipe.write(block)


def clear(folder: Path, at: datetime) -> list[Path]:
    """Delete what runs that were killed have left: unfinished files begun more than a day before ``at``. Return what went."""
    return _delete(folder, PART, at - _LEFT)


def forget(folder: Path, keep: timedelta, at: datetime) -> list[Path]:
    """Delete archives begun more than ``keep`` before ``at``, with their sums; return what went."""
    return [*_delete(folder, "", at - keep), *_delete(folder, SUM, at - keep)]


def _delete(folder: Path, suffix: str, before: datetime) -> list[Path]:
    gone = []
    try:
        for path in sorted(folder.iterdir()):
            found = _NAME.fullmatch(path.name.removesuffix(suffix)) if path.name.endswith(suffix) else None
            if found and _time(found) < before:
                path.unlink()
                gone.append(path)
    except OSError as error:
        raise BackupError(f"what is old in {folder} cannot be deleted: {error.strerror or error}") from error
    return gone


def _write(part: Path, handover: Handover, keys: Keys) -> None:
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
        sealed = SealedWriter(raw, keys.recipients)
        try:
            taken = sum(sealed.write(block) for block in handover.blocks())
            sealed.finish()
        finally:
            sealed.abort()
        handover.confirm()
        if not taken:
            raise HandoverError("the dump ended well and held nothing")
        raw.flush()
        os.fsync(raw.fileno())


def _plain(archive: Archive, keys: Keys) -> Iterator[bytes]:
    try:
        with unsealed(archive.path, keys.identities) if archive.sealed else archive.path.open("rb") as plain:
            while block := plain.read(BLOCK):
                yield block
    except OSError as error:
        raise DamagedBackupError(f"{archive.path.name} cannot be read: {error.strerror or error}") from error


def _put(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _time(found: re.Match[str]) -> datetime:
    return datetime.strptime(found[1], _TIME).replace(tzinfo=UTC)
