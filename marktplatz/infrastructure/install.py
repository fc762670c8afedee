"""The commands that install what is missing, for the package manager that this machine has."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

JAVA = "java"
MAVEN = "mvn"
NEWER_JAVA = "newer java"
"""Where Java is there and too old: then the default of the distribution is, too."""

_MANAGERS = {
    "apt-get": (
        "sudo apt-get install",
        {JAVA: "default-jre-headless", NEWER_JAVA: "openjdk-17-jre-headless", MAVEN: "maven"},
    ),
    "dnf": (
        "sudo dnf install",
        {JAVA: "java-21-openjdk-headless", NEWER_JAVA: "java-21-openjdk-headless", MAVEN: "maven"},
    ),
    "zypper": (
        "sudo zypper install",
        {JAVA: "java-21-openjdk-headless", NEWER_JAVA: "java-21-openjdk-headless", MAVEN: "maven"},
    ),
    "brew": ("brew install", {JAVA: "openjdk", NEWER_JAVA: "openjdk", MAVEN: "maven"}),
}


def install_command(programs: Sequence[str]) -> str:
    """Return the command that installs JAVA, NEWER_JAVA or MAVEN; that of Debian where no known package manager is found."""
    found = next((name for name in _MANAGERS if shutil.which(name) is not None), "apt-get")
    command, packages = _MANAGERS[found]
    return " ".join([command, *(packages[program] for program in programs)])
