"""Programs from npm that tests run: fetched once from a committed lock and stored in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

RECIPE = ("package.json", "package-lock.json")
_FETCH_SECONDS = 600


def installed(recipe: Path, name: str) -> Path:
    """Return the folder node_modules of what the folder's lock names. Raises RuntimeError if npm is missing or fails."""
    digest = hashlib.sha256((recipe / "package-lock.json").read_bytes()).hexdigest()[:16]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "efa-marktplatz"
    folder = base / f"{name}-{digest}"
    if not folder.is_dir():
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=base) as temporary:
            work = Path(temporary) / "work"
            _fetch(recipe, work, name)
            try:
                work.rename(folder)
            except OSError:  # another run was first
                if not folder.is_dir():
                    raise
    return folder / "node_modules"


def _fetch(recipe: Path, folder: Path, name: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(f"{name} is fetched by npm, which is not installed (Debian: npm; Node 20 or newer)")
    folder.mkdir()
    for file in RECIPE:
        shutil.copy(recipe / file, folder)
    command = [npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"npm could not fetch {name}: {done.stderr.strip()[-2000:]}")
