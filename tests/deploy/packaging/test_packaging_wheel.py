"""A wheel of this tree, in an empty environment made from the runtime lock alone, starts and serves."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.new_environment import NewEnvironment, apart, build_wheel, run

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("shared", "services", "marktplatz")
BESIDE = ("data", "deploy/dev")
SHARE = "data/share/efa-marktplatz/"
IMPORT_ALL = """
import importlib, json, pkgutil, sys
names = []
for top in ("shared", "services", "marktplatz"):
    package = importlib.import_module(top)
    names += [info.name for info in pkgutil.walk_packages(package.__path__, top + ".") if not info.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
from shared.process.settings import ProcessSettings
print(json.dumps({"modules": len(names), "data": str(ProcessSettings().data), "var": str(ProcessSettings().var)}))
"""
START_MAIL_SERVER = """
import asyncio, pathlib
from marktplatz.infrastructure.smtp_capture import CapturingSmtp
asyncio.run(CapturingSmtp(pathlib.Path(".")).start())
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that a build reads, apart: setuptools leaves its own beside them."""
    tree = tmp_path_factory.mktemp("tree")
    for name in (*PACKAGES, *BESIDE):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy2(ROOT / name, tree / name)
    return tree


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tree, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> NewEnvironment:
    """The new environment, with what the lock names and the wheel."""
    made = NewEnvironment(tmp_path_factory.mktemp("environment") / "venv")
    for what in (("--require-hashes", "-r", ROOT / "requirements/runtime.txt"), ("--no-index", wheel)):
        made.install(*what)
    return made


@pytest.fixture(scope="module")
def programs(environment: NewEnvironment) -> Path:
    """The folder of programs of the new environment."""
    return environment.programs


def test_the_wheel_holds_every_file_that_the_product_reads(wheel: Path, tree: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {str(path.relative_to(tree)) for top in PACKAGES for path in (tree / top).rglob("*") if path.is_file()}
    assert files - names == set()
    beside = {str(path.relative_to(tree)) for top in BESIDE for path in (tree / top).rglob("*") if path.is_file()}
    shared = {name.split(SHARE)[1] for name in names if SHARE in name}
    assert {name for name in beside if not Path(name).name.startswith(".")} == shared


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    version = wheel.name.split("-")[1]
    assert tops == {*PACKAGES, f"efa_marktplatz-{version}.dist-info", f"efa_marktplatz-{version}.data"}


def test_each_package_of_the_wheel_is_typed(wheel: Path) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(zipfile.ZipFile(wheel).namelist())


def test_what_the_wheel_declares_is_what_the_lock_installs(environment: NewEnvironment) -> None:
    done = environment.pip("check")
    assert done.returncode == 0, done.stdout


def test_the_command_explains_itself(programs: Path, tmp_path: Path) -> None:
    done = run(programs / "marktplatz", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "reconcile" in done.stdout


def test_every_module_of_the_product_can_be_imported(programs: Path, tmp_path: Path) -> None:
    done = run(programs / "python", "-I", "-c", IMPORT_ALL, cwd=tmp_path, HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["modules"] > 200
    assert report["data"].startswith(str(programs.parent))
    assert report["var"] == str(tmp_path / ".local/state/efa-marktplatz")


def test_the_mail_server_of_the_demo_is_asked_for_by_the_name_of_its_extra(programs: Path, tmp_path: Path) -> None:
    done = run(programs / "python", "-c", START_MAIL_SERVER, cwd=tmp_path)
    assert done.returncode == 1
    assert "pip install 'efa-marktplatz[demo]'" in done.stderr


@pytest.fixture
def catalog(programs: Path, tmp_path: Path) -> Iterator[str]:
    """The base URL of the API of catalog, run from the wheel on a store that it prepared itself, with no broker."""
    endpoints = tmp_path / "endpoints.json"
    settings = {
        "MARKTPLATZ_VAR": str(tmp_path),
        "MARKTPLATZ_ENDPOINTS_FILE": str(endpoints),
        "MARKTPLATZ_ENVIRONMENT": "embedded",
        "AUTH_ISSUER": "http://127.0.0.1:9",
        "AUTH_AUDIENCE": "marktplatz",
        "AUTH_JWKS_URL": "http://127.0.0.1:9/jwks",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
    }
    done = run(programs / "marktplatz", "load", cwd=tmp_path, **settings)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "marktplatz", "run", "catalog", "api"], cwd=tmp_path, env=apart(**settings), stdout=log, stderr=log
        )
    try:
        end = time.monotonic() + 120
        while not endpoints.exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.2)
        assert endpoints.exists(), (tmp_path / "log").read_text(encoding="utf-8")
        yield json.loads(endpoints.read_text(encoding="utf-8"))["catalog"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_a_service_of_the_wheel_serves_the_reference_data(catalog: str) -> None:
    answer = httpx.get(f"{catalog}/v1/reference/ozg", params={"q": "wohngeld"}, timeout=60)
    assert answer.status_code == 200, answer.text
    assert any("Wohngeld" in item["name"] for item in answer.json()["items"])
