"""The wheel of each kit, in an empty environment, brings its command and nothing but what it declares."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.packaging.lock import ROOT, closure, installed_needs
from tests.support.kit_wheel import KITS, InstalledKit


@pytest.fixture(scope="module", params=[pytest.param(kit, id=kit.name) for kit in KITS])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> InstalledKit:
    kit: Path = request.param
    return InstalledKit(kit, tmp_path_factory.mktemp(kit.name))


def test_there_is_a_kit() -> None:
    assert KITS


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(installed: InstalledKit) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    source = installed.kit / "src"
    files = {path.relative_to(source) for path in (source / installed.package).rglob("*") if path.is_file()}
    expected = {path.as_posix() for path in files if "__pycache__" not in path.parts}
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert f"{installed.package}/py.typed" in expected
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_licence_is_that_of_the_product(installed: InstalledKit) -> None:
    assert (installed.kit / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert installed.project["license"] == "EUPL-1.2"


def test_the_environment_holds_what_the_kit_declares_and_no_more(installed: InstalledKit) -> None:
    listed = installed.environment.pip("list", "--format=freeze")
    assert listed.returncode == 0, listed.stderr
    names = {canonicalize_name(line.split("==")[0]) for line in listed.stdout.split()}
    declared = closure([Requirement(text) for text in installed.project["dependencies"]], installed_needs)
    assert names == {canonicalize_name(installed.project["name"]), *declared}
    assert installed.environment.pip("check").returncode == 0


def test_every_module_can_be_imported_and_the_product_cannot(installed: InstalledKit) -> None:
    walk = (
        "import importlib, pkgutil, sys\n"
        f"package = importlib.import_module('{installed.package}')\n"
        "names = [info.name for info in pkgutil.walk_packages(package.__path__, package.__name__ + '.')]\n"
        "for name in names: importlib.import_module(name)\n"
        "assert not {'shared', 'services', 'marktplatz'} & set(sys.modules)\n"
        "print(len(names))"
    )
    done = installed.run("python", "-I", "-c", walk)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 2


def test_the_command_explains_itself_and_names_its_version(installed: InstalledKit) -> None:
    for command in installed.project["scripts"]:
        shown = installed.run(command, "--help")
        assert shown.returncode == 0, shown.stderr
        assert command in shown.stdout
        assert installed.run(command, "--version").stdout.strip() == f"{command} {installed.project['version']}"
