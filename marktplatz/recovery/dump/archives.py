"""Dumps of a database's own tool in a folder: one encrypted archive each, its SHA-256 beside it in the form of ``sha256sum``.

The archive appears under its name last, complete and on the disk: a file without its sum is none.
Operators can check the sum without this program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from marktplatz.recovery.dump.disk import BLOCK, DRAFT, rename, sha256_of, write_text
from marktplatz.recovery.dump.handover import TAKEN_AT, Handover, HandoverError
from marktplatz.recovery.dump.keys import Keys, require_key
from marktplatz.recovery.dump.sealing import SEALED, sealed_file, unsealed
from marktplatz.recovery.errors import BackupError, DamagedBackupError

SUM = ".sha256"
_TIME = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"marktplatz-(\d{8}T\d{6}Z)\.archive\.gz(?:\.age)?")
_ABANDONED = timedelta(days=1)
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
    keys.require_recipients("a dump")
    archive = Archive(folder / f"marktplatz-{at.astimezone(UTC):{_TIME}}.archive.gz{SEALED}", at)
    draft = archive.path.with_name(archive.path.name + DRAFT)
    if archive.path.exists():
        raise BackupError(f"the archive {archive.path} exists")
    try:
        _write(draft, handover, keys)
        # The sum first: the archive is there only with it.
        write_text(archive.sum_file, _sum_line(archive, draft))
        rename(draft, archive.path)
    except OSError as error:
        raise BackupError(f"the archive {archive.path} cannot be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return archive


def check(archive: Archive, keys: Keys) -> None:
    """Compare an archive with its SHA-256 and decrypt it to its end; nothing is written.

    Raises SealedError without the key that fits, DamagedBackupError for whatever is not as it was written.
    """
    if archive.sealed:
        require_key(archive.path, keys.identities)
    try:
        # The whole line, with the name: the sum of another file proves nothing.
        same = archive.sum_file.read_text(encoding="utf-8") == _sum_line(archive, archive.path)
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedBackupError(f"{archive.path.name} or its SHA-256 cannot be read: {error}") from error
    if not same:
        raise DamagedBackupError(f"{archive.path.name} is not as it was written: its SHA-256 differs")
    for _ in _plain(archive, keys):
        pass


def unseal(archive: Archive, handover: Handover, keys: Keys) -> None:
    """Write an archive in plain into a pipe, once it was checked to its end.

    Raises what ``check`` raises, before the pipe is there; HandoverError if nobody reads to the end.
    """
    check(archive, keys)
    handover.write_note(TAKEN_AT, f"{archive.begun:{_TIME}}")
    with handover.writing() as pipe:
        for block in _plain(archive, keys):
            pipe.write(block)


def delete_unfinished(folder: Path, at: datetime) -> list[Path]:
    """Delete what killed runs have left: unfinished files begun more than a day before ``at``. Return what was deleted."""
    return _delete(folder, DRAFT, at - _ABANDONED)


def delete_older(folder: Path, than: timedelta, at: datetime) -> list[Path]:
    """Delete archives begun more than a time before ``at``, with their sums; return what was deleted."""
    return [*_delete(folder, "", at - than), *_delete(folder, SUM, at - than)]


def _delete(folder: Path, suffix: str, before: datetime) -> list[Path]:
    deleted = []
    try:
        for path in sorted(folder.iterdir()):
            found = _NAME.fullmatch(path.name.removesuffix(suffix)) if path.name.endswith(suffix) else None
            if found and _time(found) < before:
                path.unlink()
                deleted.append(path)
    except OSError as error:
        raise BackupError(f"what is old in {folder} cannot be deleted: {error.strerror or error}") from error
    return deleted


def _write(draft: Path, handover: Handover, keys: Keys) -> None:
    with sealed_file(draft, keys) as out:
        written = sum(out.write(block) for block in handover.blocks())
        handover.confirm()
        if not written:
            raise HandoverError("the dump ended well and held nothing")


def _sum_line(archive: Archive, content: Path) -> str:
    return f"{sha256_of(content)}  {archive.path.name}\n"


def _plain(archive: Archive, keys: Keys) -> Iterator[bytes]:
    try:
        with unsealed(archive.path, keys.identities) if archive.sealed else archive.path.open("rb") as plain:
            while block := plain.read(BLOCK):
                yield block
    except OSError as error:
        raise DamagedBackupError(f"{archive.path.name} cannot be read: {error.strerror or error}") from error


def _time(found: re.Match[str]) -> datetime:
    return datetime.strptime(found[1], _TIME).replace(tzinfo=UTC)
