"""A new virtual environment, apart from this tree: the pip of the environment that runs the tests installs into it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOREIGN = ("PYTHON", "MARKTPLATZ", "VIRTUAL_ENV")


def apart(**more: str) -> dict[str, str]:
    """Return what a process inherits, without what leads it back into this tree."""
    return {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)} | more


def run(*command: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end with further environment variables."""
    return subprocess.run(command, cwd=cwd, env=apart(**more), capture_output=True, text=True, check=False)


def build_wheel(tree: Path, folder: Path) -> Path:
    """Build the wheel of a project into a folder that has none, and return it."""
    done = run(*_PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, tree, cwd=folder)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


class NewEnvironment:
    """An environment that holds nothing, not even pip. ``programs`` is the folder of its programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        done = run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
        assert done.returncode == 0, done.stderr

    def install(self, *arguments: str | Path) -> None:
        """Install by pip. What is installed is compiled when it is imported: most of it never is."""
        done = self.pip("install", "--quiet", "--no-compile", *arguments)
        assert done.returncode == 0, done.stderr

    def pip(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run pip on this environment."""
        return run(*_PIP, "--python", self.programs / "python", *arguments, cwd=self.folder)


_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
