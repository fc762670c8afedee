"""The commands that install what is missing, for the package manager that this machine has."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

_MANAGERS = {
    "apt-get": ("sudo apt-get install", {"java": "default-jre-headless", "mvn": "maven"}),
    "dnf": ("sudo dnf install", {"java": "java-21-openjdk-headless", "mvn": "maven"}),
    "zypper": ("sudo zypper install", {"java": "java-21-openjdk-headless", "mvn": "maven"}),
    "brew": ("brew install", {"java": "openjdk", "mvn": "maven"}),
}


def install_command(programs: Sequence[str]) -> str:
    """Return the command that installs ``java`` or ``mvn``; that of Debian where no known package manager is found."""
    found = next((name for name in _MANAGERS if shutil.which(name) is not None), "apt-get")
    command, packages = _MANAGERS[found]
    return " ".join([command, *(packages[program] for program in programs)])
