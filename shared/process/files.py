"""The files that come with the packages, and where a process may write: a checkout, the image, an installed wheel.

In a checkout and in the image, data stand beside the packages. A wheel puts them below ``share`` of its environment
(``data-files`` in pyproject.toml), and its runs write below ``XDG_STATE_HOME``, never among the installed packages.
"""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

NAME = "efa-marktplatz"
PACKAGES = Path(__file__).resolve().parents[2]


def installed(packages: Path = PACKAGES) -> bool:
    """Return whether the packages stand without the project's folders around them, as those of a wheel do."""
    return not (packages / "data" / "municipalities.csv").is_file()


def shipped(*parts: str, packages: Path = PACKAGES) -> Path:
    """Return the path of a file or folder of the project that is no package, such as ``data``."""
    root = Path(sysconfig.get_path("data")) / "share" / NAME if installed(packages) else packages
    return root.joinpath(*parts)


def state_folder(packages: Path = PACKAGES) -> Path:
    """Return the default folder of what runs on this machine leave behind."""
    if not installed(packages):
        return packages / "var"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / NAME
