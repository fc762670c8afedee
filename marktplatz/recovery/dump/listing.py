"""``marktplatz backups``: lists the backups of a folder and verifies them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from marktplatz.recovery.dump.disk import DRAFT
from marktplatz.recovery.dump.files import Manifest, read_manifest, verify
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.errors import BackupError


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder that is, or should be, a backup. ``fault``: why it cannot be restored, or empty."""

    folder: Path
    manifest: Manifest | None = None
    fault: str = ""


def list_backups(root: Path, keys: Keys, *, verified: bool = False) -> list[Listed]:
    """Return the backups below ``root``, oldest first; with ``verified``, every file was compared with its manifest.

    Leaves out what a backup that runs has written so far. Raises BackupError if the folder cannot be read.
    """
    try:
        folders = sorted(path for path in root.iterdir() if path.is_dir() and _is_candidate(path))
    except OSError as error:
        raise BackupError(f"{root} cannot be read: {error.strerror or error}") from error
    return [_listed(folder, keys, verified=verified) for folder in folders]


def _is_candidate(folder: Path) -> bool:
    # 'lost+found' of a volume is none.
    return folder.name[:1].isdecimal() and not folder.name.endswith(DRAFT)


def _listed(folder: Path, keys: Keys, *, verified: bool) -> Listed:
    manifest = None
    try:
        manifest = read_manifest(folder)
        if verified:
            verify(folder, manifest, keys)
    except BackupError as error:
        return Listed(folder, manifest, error.detail)
    return Listed(folder, manifest)
