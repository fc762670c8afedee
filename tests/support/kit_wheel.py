"""The wheel of a kit in an environment of its own, as somebody outside installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from deploy.packaging.lock import ROOT, parse_lock

KITS = sorted(path.parent for path in ROOT.glob("kits/*/pyproject.toml"))


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    foreign = ("PYTHON", "MARKTPLATZ", "VIRTUAL_ENV")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


class InstalledKit:
    """A kit, its wheel, and the environment that holds nothing else."""

    def __init__(self, kit: Path, folder: Path) -> None:
        self.kit = kit
        self.project = tomllib.loads((kit / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        self.package = self.project["name"].replace("-", "_")
        self.folder = folder
        tree = folder / "tree"
        shutil.copytree(kit, tree, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
        self._pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, tree)
        (self.wheel,) = folder.glob("*.whl")
        made = _run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
        assert made.returncode == 0, made.stderr
        locked = folder / "locked.txt"
        pins = parse_lock((ROOT / "requirements/dev.txt").read_text(encoding="utf-8"))
        locked.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins if pin.applies), encoding="utf-8")
        self._pip(self.programs / "python", "install", "--constraint", locked, self.wheel)

    @property
    def programs(self) -> Path:
        return self.folder / "venv/bin"

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment."""
        return _run(self.programs / command[0], *command[1:], cwd=self.folder)

    def _pip(self, python: str | Path, what: str, *arguments: str | Path) -> None:
        done = _run(python, "-m", "pip", what, "--quiet", "--disable-pip-version-check", *arguments, cwd=self.folder)
        assert done.returncode == 0, done.stderr
