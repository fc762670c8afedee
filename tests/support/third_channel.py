"""A copy of the product with one channel more: its file and its module are added, nothing else is touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
PARTS: Final = ("shared", "services", "marktplatz", "deploy", "data", "docs", "tests")
ENVIRONMENT: Final = {"PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "300"}
CHANNEL: Final = "nordverbund"
FILE: Final[dict[str, Any]] = {
    "channel": CHANNEL,
    "short_name": "Nordverbund",
    "name": "Nordverbund eG (eingetragene Genossenschaft)",
    "labels": {"de": "Nordverbund eG", "en": "Nordverbund (cooperative)"},
    "eligibility": {
        "customers": ["LAND", "KREIS", "KOMMUNE"],
        "customers_text": "nur Länder, Kreise und Kommunen",
        "providers": ["LAND", "IT_PROVIDER"],
        "providers_text": "nur Länder und öffentliche IT-Dienstleister",
    },
    "contracts": {
        "agb": [
            {"name": "Nutzungsbedingungen", "version": "2024", "valid_from": "2024-01-01", "source": "Beschluss vom 4.12.2023"}
        ]
    },
}
MODULE_CHANGES: Final = {
    "Channel.GOVDIGITAL": f'Channel("{CHANNEL}")',
    "GD/{year}/{sequence:05d}": "NV-{year}-{sequence:04d}",
    "SaaS-Nachnutzungs-AGB": "Nutzungsbedingungen",
}
"""What the new module says instead of that of govdigital."""


class Copy:
    """The product in ``folder``, with the channel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.tar.xz"))
        for file in ROOT.iterdir():
            if file.is_file() and not file.name.startswith("."):
                shutil.copy(file, folder)
        self._add(Path("shared/channels") / f"{CHANNEL}.json", json.dumps(FILE))
        modules = Path("services/contracts/channels")
        module = (folder / modules / "govdigital.py").read_text(encoding="utf-8")
        for old, new in MODULE_CHANGES.items():
            assert old in module
            module = module.replace(old, new)
        self._add(modules / f"{CHANNEL}.py", module)

    def run(
        self, module: str, *arguments: str, timeout: float = 280, variables: Mapping[str, str] = {}
    ) -> subprocess.CompletedProcess[str]:
        """Run a module of the copy to its end, with further environment variables."""
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=os.environ | ENVIRONMENT | {"PYTHONPATH": str(self.folder), **variables},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def succeed(self, module: str, *arguments: str, timeout: float = 280, variables: Mapping[str, str] = {}) -> str:
        """Run a module of the copy that must succeed and return what it says."""
        done = self.run(module, *arguments, timeout=timeout, variables=variables)
        assert done.returncode == 0, f"{module} {' '.join(arguments)}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout

    def _add(self, path: Path, text: str) -> None:
        assert not (self.folder / path).exists()
        (self.folder / path).write_text(text, encoding="utf-8")
