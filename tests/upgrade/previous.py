"""The previous version's code, from the repository's own history."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class HistoryMissingError(Exception):
    """The clone does not hold the previous version; the text says how to get it."""


def revision() -> str:
    """Return the revision that counts as the previous version: the last release's tag, a commit until there is one."""
    return (HERE / "PREVIOUS").read_text("utf-8").strip()


def unpack_previous(folder: Path, repository: Path = ROOT) -> Path:
    """Write the previous version's files into ``folder`` and return it. Raises HistoryMissingError."""
    wanted = revision()
    if _git(repository, "cat-file", "-e", f"{wanted}^{{commit}}").returncode != 0:
        raise HistoryMissingError(
            f"The previous version ({wanted}, named in tests/upgrade/PREVIOUS) is not in this clone. "
            "A shallow clone has no history: run `git fetch --unshallow --tags`."
        )
    archive = _git(repository, "archive", "--format=tar", wanted)
    if archive.returncode != 0:
        raise HistoryMissingError(f"git archive {wanted}: {archive.stderr.decode()}")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def _git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, check=False)
