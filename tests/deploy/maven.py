"""Jars that tests need: fetched once by Maven, checked against committed sums at every use, stored in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SUMS = "jars.sha256"
_FETCH_SECONDS = 600


def jars(recipe: Path, name: str) -> Path:
    """Return the folder of the jars that the folder's ``pom.xml`` names. Raises RuntimeError if they cannot be had or differ."""
    digest = hashlib.sha256((recipe / SUMS).read_bytes()).hexdigest()[:16]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "efa-marktplatz"
    folder = base / f"{name}-{digest}"
    if not folder.is_dir():
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=base) as temporary:
            work = Path(temporary) / "jars"
            _fetch(recipe, work, name)
            _verify(recipe, work)
            try:
                work.rename(folder)
            except OSError:  # another run was first
                if not folder.is_dir():
                    raise
    _verify(recipe, folder)
    return folder


def _fetch(recipe: Path, folder: Path, name: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise RuntimeError(f"{name} is fetched by Maven, which is not installed (Debian: maven; Java 17 or newer)")
    command = [maven, "-B", "-q", "-f", str(recipe / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"Maven could not fetch {name}: {done.stdout.strip()[:2000]}")


def _verify(recipe: Path, folder: Path) -> None:
    lines = (recipe / SUMS).read_text("ascii").splitlines()
    expected = {name: digest for digest, name in (line.split() for line in lines)}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        raise RuntimeError(f"{folder} holds other jars than {recipe / SUMS} lists: {', '.join(wrong[:5])}")
