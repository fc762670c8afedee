"""What a wheel takes along of the tree: every file of the packages, and the data beside them."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch

import pytest

from deploy.packaging.lock import ROOT

SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


@pytest.mark.parametrize("package", ["shared", "services", "marktplatz"])
def test_each_file_of_a_package_fits_a_pattern_of_the_wheel(package: str) -> None:
    patterns = ["*.py", *SETUPTOOLS["package-data"]["*"]]
    files = [path for path in (ROOT / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert [str(path) for path in files if not any(fnmatch(path.name, pattern) for pattern in patterns)] == []


@pytest.mark.parametrize("folder", ["data", "deploy/dev"])
def test_each_file_beside_the_packages_is_put_where_they_look_for_it(folder: str) -> None:
    taken = {
        (target, path)
        for target, patterns in SETUPTOOLS["data-files"].items()
        for pattern in patterns
        for path in ROOT.glob(pattern)
        if path.is_file()
    }
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and not path.name.startswith(".")]
    assert files
    places = [(f"share/efa-marktplatz/{path.parent.relative_to(ROOT)}", path) for path in files]
    assert [place for place in places if place not in taken] == []


@pytest.mark.parametrize("folder", ["shared", "services", "marktplatz", "data"])
def test_no_file_stands_beside_a_folder_of_its_name(folder: str) -> None:
    """Engines sort ``texts.py`` before or behind the content of ``texts/``, and the digest of the image's layer differs with it."""
    folders = [path for path in (ROOT / folder).rglob("*") if path.is_dir() and path.name != "__pycache__"]
    assert folders
    assert [str(beside) for path in folders for beside in path.parent.glob(f"{path.name}.*")] == []
