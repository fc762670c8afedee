"""The wheel of a kit in an environment of its own, as somebody outside installs it."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

from deploy.packaging.lock import ROOT, parse_lock
from tests.support.new_environment import NewEnvironment, build_wheel, run

KITS = sorted(path.parent for path in ROOT.glob("kits/*/pyproject.toml"))


class InstalledKit:
    """A kit, its wheel, and the environment that holds nothing else."""

    def __init__(self, kit: Path, folder: Path) -> None:
        self.kit = kit
        self.project = tomllib.loads((kit / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        self.package = self.project["name"].replace("-", "_")
        self.folder = folder
        tree = folder / "tree"
        shutil.copytree(kit, tree, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
        self.wheel = build_wheel(tree, folder)
        self.environment = NewEnvironment(folder / "venv")
        locked = folder / "locked.txt"
        pins = parse_lock((ROOT / "requirements/dev.txt").read_text(encoding="utf-8"))
        locked.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins if pin.applies), encoding="utf-8")
        self.environment.install("--constraint", locked, self.wheel)

    @property
    def programs(self) -> Path:
        return self.environment.programs

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment."""
        return run(self.programs / command[0], *command[1:], cwd=self.folder)
