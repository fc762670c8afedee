"""Where the processes listen that run on this machine: the files that ``marktplatz up`` leaves in its data folder."""

from __future__ import annotations

import json
from collections.abc import Mapping

from shared.process.settings import ProcessSettings


def endpoints(process: ProcessSettings | None = None) -> Mapping[str, str]:
    """Return the base URL of each process that runs here, by its name; empty if none does."""
    files = sorted((process or ProcessSettings()).var.glob("endpoints-*.json"))
    return {name: url for file in files for name, url in json.loads(file.read_text(encoding="utf-8")).items()}
