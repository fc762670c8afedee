"""A copy of the tree to change, and its modules run in processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("shared", "services", "marktplatz", "deploy", "data", "docs", "tests", "benchmarks", "kits")
TYPES = ".mypy_cache"
ENVIRONMENT = {"PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "300"}


class TreeCopy:
    """The product in ``folder``, with what is compiled and typed already: each process would compile all modules again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.tar.xz"))
        for file in ROOT.iterdir():
            if file.is_file() and not file.name.startswith("."):
                shutil.copy(file, folder)
        if (ROOT / TYPES).is_dir():
            shutil.copytree(ROOT / TYPES, folder / TYPES)

    def run(
        self, module: str, *arguments: str, timeout: float = 280, variables: Mapping[str, str] = {}
    ) -> subprocess.CompletedProcess[str]:
        """Run a module of the copy to its end, with further environment variables; output and errors are one text."""
        return self.python("-m", module, *arguments, timeout=timeout, variables=variables)

    def succeed(self, module: str, *arguments: str, timeout: float = 280, variables: Mapping[str, str] = {}) -> str:
        """Run a module of the copy that must succeed and return what it says."""
        done = self.run(module, *arguments, timeout=timeout, variables=variables)
        assert done.returncode == 0, f"{module} {' '.join(arguments)}:\n{done.stdout[-6000:]}"
        return done.stdout

    def python(
        self, *arguments: str, timeout: float = 280, variables: Mapping[str, str] = {}
    ) -> subprocess.CompletedProcess[str]:
        """Run the interpreter in the copy with arguments of its own, such as ``-c``."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=os.environ | ENVIRONMENT | {"PYTHONPATH": str(self.folder), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
