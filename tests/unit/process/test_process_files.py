"""Files of the project are found in a checkout and in an environment; an installed product writes into neither."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from shared.process.files import PACKAGES, installed, shipped, state_folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/municipalities.csv").touch()
    return tmp_path


def test_a_checkout_keeps_data_and_runs_beside_its_packages(checkout: Path) -> None:
    assert not installed(checkout)
    assert shipped("data", packages=checkout) == checkout / "data"
    assert state_folder(checkout) == checkout / "var"


def test_a_wheel_finds_data_in_its_environment(tmp_path: Path) -> None:
    assert installed(tmp_path)
    assert shipped("deploy", "dev", packages=tmp_path) == Path(sysconfig.get_path("data")) / "share/efa-marktplatz/deploy/dev"


def test_a_folder_of_the_same_name_among_installed_packages_is_not_taken_for_the_data(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert installed(tmp_path)


def test_a_wheel_writes_below_the_state_folder_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert state_folder(tmp_path) == tmp_path / "state/efa-marktplatz"
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert state_folder(tmp_path) == tmp_path / "home/.local/state/efa-marktplatz"


def test_this_tree_is_a_checkout() -> None:
    assert not installed()
    assert (PACKAGES / "pyproject.toml").is_file()
