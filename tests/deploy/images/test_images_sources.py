"""What the image is made from: a clean Dockerfile, only what is named gets in, and every pinned wheel exists for arm64 too."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.docker import ROOT

DOCKERFILES = sorted((ROOT / "deploy").rglob("Dockerfile"))
HADOLINT = Path(sysconfig.get_path("scripts")) / "hadolint"
SCRIPTS = (
    "deploy/docker/build",
    "deploy/docker/install-wheels",
    "deploy/docker/push-index",
    "deploy/docker/with-engine",
    "deploy/docker/kafka/start",
)
BUILDER = "--platform=${BUILDPLATFORM} "
"""That of the machine that builds: the build runs there, whichever the image is for."""


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_hadolint_finds_nothing(path: Path) -> None:
    done = subprocess.run([HADOLINT, "--failure-threshold", "style", path], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


def test_hadolint_would_find_a_fault(tmp_path: Path) -> None:
    wrong = tmp_path / "Dockerfile"
    wrong.write_text("FROM debian\nRUN cd /tmp && apt-get install -y curl\n", encoding="ascii")
    done = subprocess.run([HADOLINT, wrong], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "DL3006" in done.stdout


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_dockerfiles_name_no_registry_no_platform_and_load_no_other_syntax(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(BUILDER, "")
    assert "# syntax" not in text
    assert "--platform" not in text
    assert not re.search(r"x86_64|amd64|aarch64|arm64", text)
    assert re.search(r"^ARG BASE=", text, re.MULTILINE)
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE))
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) - stages <= {"${BASE}", "scratch"}


def test_only_hash_pinned_wheels_are_installed() -> None:
    dockerfile, script = (
        (ROOT / "deploy/docker" / name).read_text(encoding="utf-8") for name in ("Dockerfile", "install-wheels")
    )
    assert "pip install" not in dockerfile
    (install,) = re.findall(r"pip install [^\n]*\\\n[^\n]*", script)
    assert all(option in install for option in ("--require-hashes", "--only-binary :all:", "--no-deps"))


def test_the_build_sees_only_what_is_named() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule for rule in rules if rule.startswith("!")} == {
        "!requirements/documents.txt", "!requirements/runtime.txt", "!shared", "!services", "!marktplatz", "!data",
        "!deploy/docker/install-wheels", "!deploy/docker/rootfs.py", "!deploy/docker/trial.py", "!deploy/docker/packages.txt",
    }  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_stop_at_the_first_error(name: str) -> None:
    path = ROOT / name
    assert path.stat().st_mode & 0o111
    assert re.search(r"^set -e", path.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_pinned_wheel_exists_for_arm64(tmp_path: Path) -> None:
    """The Dockerfile names no architecture; what could still be missing on the other one is a wheel."""
    target = ("--implementation", "cp", "--python-version", "3.11", "--abi", "cp311", "--abi", "abi3", "--abi", "none")
    platforms = [
        item
        for tag in ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34", "manylinux_2_36")
        for item in ("--platform", f"{tag}_aarch64")
    ]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes",
               "--only-binary", ":all:", *target, *platforms, "--dest", str(tmp_path),
               "-r", str(ROOT / "requirements/runtime.txt"), "-r", str(ROOT / "requirements/documents.txt")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    compiled = [path.name for path in tmp_path.iterdir() if not path.name.endswith("-any.whl")]
    assert compiled
    assert all("aarch64" in name for name in compiled)
