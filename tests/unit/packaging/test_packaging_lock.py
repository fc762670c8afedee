"""The check of the lock files finds what is missing, superfluous, stale or unpinned."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from deploy.packaging.lock import Needs, faults, parse_lock

PROJECT = """
[project]
dependencies = ["web[fast]>=2", "data ; python_version >= '3'", "old ; python_version < '3'"]
[project.optional-dependencies]
demo = ["mail"]
documents = ["typesetter"]
[dependency-groups]
dev = [{ include-group = "test" }]
test = ["checker"]
"""
RUNTIME = {"web": "2.1", "socket-fast": "1.0", "data": "1.0"}
DOCUMENTS = {"typesetter": "1.5"}
DEVELOPMENT = RUNTIME | DOCUMENTS | {"mail": "1.0", "checker": "3.0"}
METADATA: dict[str, tuple[str, list[str]]] = {
    "web": ("2.1", ["socket-fast>=1 ; extra == 'fast'", "slow ; extra == 'slow'", "windows ; sys_platform == 'nowhere'"]),
    "socket-fast": ("1.0", ["web"]),
    "data": ("1.0", []),
    "mail": ("1.0", []),
    "checker": ("3.0", ["data<2"]),
    "typesetter": ("1.5", []),
}


def lock(pins: dict[str, str]) -> str:
    return "".join(f"{name}=={version} \\\n    --hash=sha256:00\n    # via x\n" for name, version in pins.items())


def known(name: str) -> tuple[str, list[str]]:
    if name not in METADATA:
        raise PackageNotFoundError(name)
    return METADATA[name]


def found(
    folder: Path,
    runtime: str = lock(RUNTIME),
    development: str = lock(DEVELOPMENT),
    documents: str = lock(DOCUMENTS),
    needs: Needs = known,
) -> list[str]:
    (folder / "requirements").mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "requirements/runtime.txt").write_text(runtime)
    (folder / "requirements/dev.txt").write_text(development)
    (folder / "requirements/documents.txt").write_text(documents)
    return faults(folder, needs)


def test_locks_that_pin_what_is_declared_have_no_fault(tmp_path: Path) -> None:
    assert found(tmp_path) == []


@pytest.mark.parametrize("name", sorted(RUNTIME))
def test_a_package_that_is_needed_and_not_pinned_is_named(name: str, tmp_path: Path) -> None:
    without = lock({key: version for key, version in RUNTIME.items() if key != name})
    assert f"runtime.txt: {name} is needed and not pinned: run `make lock`" in found(tmp_path, runtime=without)


@pytest.mark.parametrize("name", ["mail", "checker"])
def test_what_extras_and_groups_declare_is_asked_of_the_lock_of_development(name: str, tmp_path: Path) -> None:
    without = lock({key: version for key, version in DEVELOPMENT.items() if key != name})
    assert found(tmp_path, development=without) == [f"dev.txt: {name} is needed and not pinned: run `make lock`"]


def test_the_lock_of_the_product_holds_nothing_of_development(tmp_path: Path) -> None:
    assert found(tmp_path, runtime=lock(DEVELOPMENT)) == [
        "runtime.txt: checker is pinned and nothing needs it: run `make lock`",
        "runtime.txt: mail is pinned and nothing needs it: run `make lock`",
        "runtime.txt: typesetter is pinned and nothing needs it: run `make lock`",
    ]


def test_the_lock_of_the_typesetter_pins_it_alone_and_as_it_was_tested(tmp_path: Path) -> None:
    assert found(tmp_path, documents="") == ["documents.txt: typesetter is needed and not pinned: run `make lock`"]
    other = found(tmp_path, documents=lock({"typesetter": "1.6", "mail": "1.0"}))
    assert "documents.txt: mail is pinned and nothing needs it: run `make lock`" in other
    assert "documents.txt: typesetter 1.6 is not what dev.txt pins: run `make lock`" in other


def test_both_locks_pin_the_same_versions(tmp_path: Path) -> None:
    faults_found = found(tmp_path, development=lock(DEVELOPMENT | {"data": "1.1"}))
    assert "runtime.txt: data 1.0 is not what dev.txt pins: run `make lock`" in faults_found
    assert "dev.txt: data 1.1 is pinned and 1.0 is installed: run `make install`" in faults_found


def test_a_version_that_a_requirement_excludes_is_named(tmp_path: Path) -> None:
    old = {"web": "1.9"}
    assert "runtime.txt: web 1.9 is pinned where web[fast]>=2 is needed: run `make lock`" in found(
        tmp_path, runtime=lock(RUNTIME | old), development=lock(DEVELOPMENT | old)
    )


@pytest.mark.parametrize("line", ["data==1.0", "data>=1.0 --hash=sha256:00"])
def test_a_line_without_version_or_hash_is_named(line: str, tmp_path: Path) -> None:
    text = lock({key: version for key, version in RUNTIME.items() if key != "data"}) + line + "\n"
    assert any("has no version or no hash" in fault for fault in found(tmp_path, runtime=text))


def test_a_package_that_is_not_installed_leads_to_the_installation(tmp_path: Path) -> None:
    def nothing(name: str) -> tuple[str, list[str]]:
        raise PackageNotFoundError(name)

    assert "runtime.txt: data is not installed: run `make install`" in found(tmp_path, needs=nothing)


def test_a_pin_for_another_platform_is_no_fault(tmp_path: Path) -> None:
    elsewhere = 'windows==1.0 ; sys_platform == "nowhere" \\\n    --hash=sha256:00\n'
    assert found(tmp_path, runtime=lock(RUNTIME) + elsewhere, development=lock(DEVELOPMENT) + elsewhere) == []


def test_each_hash_of_a_pin_is_read() -> None:
    (pin,) = parse_lock("web[fast]==2.1 ; python_version >= '3' \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\n    # via x\n")
    assert (pin.name, pin.version, pin.hashes, pin.applies) == ("web", "2.1", 2, True)


def test_what_a_kit_needs_is_pinned_for_development_only(tmp_path: Path) -> None:
    (tmp_path / "kits/one").mkdir(parents=True)
    (tmp_path / "kits/one/pyproject.toml").write_text('[project]\ndependencies = ["checker>=3", "signer"]')
    needs = dict(METADATA) | {"signer": ("1.0", list[str]())}
    assert found(tmp_path, needs=needs.__getitem__) == ["dev.txt: signer is needed and not pinned: run `make lock`"]
    assert found(tmp_path, development=lock(DEVELOPMENT | {"signer": "1.0"}), needs=needs.__getitem__) == []
