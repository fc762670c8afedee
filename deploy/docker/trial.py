"""Runs inside the image's file system while it is built: imports all extension modules and all of ours, prints the files."""  # noqa: INP001 - a script

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

APPLICATION = "/app"
OURS = ("shared", "services", "marktplatz")


def modules_of_extensions(folder: str) -> list[str]:
    """Return the names of the extension modules below a folder of the search path."""
    paths = sorted(Path(folder).rglob("*.so"))
    return [".".join((*path.relative_to(folder).parent.parts, path.name.split(".")[0])) for path in paths]


def ours() -> list[str]:
    """Return the names of all modules of the application."""
    names = []
    for name in OURS:
        package = importlib.import_module(name)
        names += [module.name for module in pkgutil.walk_packages(package.__path__, f"{name}.")]
    return [name for name in names if not name.endswith("__main__")]


def main(folders: list[str]) -> None:
    """Import everything and print the source file of each module that is loaded then, sorted."""
    for folder in folders:
        for name in modules_of_extensions(folder):
            try:
                importlib.import_module(name)
            except ImportError as error:
                raise ImportError(f"{name} cannot be imported in the image: {error}") from error
    sys.path.insert(0, APPLICATION)
    for name in ours():
        importlib.import_module(name)
    files = {str(getattr(module, "__file__", None)) for module in list(sys.modules.values())}
    sys.stdout.writelines(f"{name}\n" for name in sorted(files) if name.endswith(".py") and name != __file__)


if __name__ == "__main__":
    main(sys.argv[1:])
