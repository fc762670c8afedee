"""A release writes tag, digest and version together, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deploy.generate.release import FILE, main

DIGEST = f"sha256:{'ab' * 32}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    copy = tmp_path / "kustomization.yaml"
    copy.write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def test_tag_digest_and_version_label_change_together(file: Path) -> None:
    assert main(["1.4.2", DIGEST], file) == 0
    component = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert component["images"] == [{"name": "efa-marktplatz", "newTag": "1.4.2", "digest": DIGEST}]
    values = [it["value"] for entry in component["patches"] for it in yaml.safe_load(entry["patch"])]
    assert values == ["1.4.2"] * 4


@pytest.mark.parametrize(
    ("version", "digest"),
    [
        pytest.param("latest", DIGEST, id="no version"),
        pytest.param("1.4.2", "sha256:ab", id="short digest"),
        pytest.param("1.4.2", f"sha256:{'0' * 64}", id="the digest of nothing"),
    ],
)
def test_what_is_no_release_is_refused_and_changes_nothing(
    file: Path, version: str, digest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_text(encoding="utf-8")
    assert main([version, digest], file) == 1
    assert "it looks like" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == before


def test_a_file_without_the_label_is_refused(file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8").replace("~1version", "~1release"), encoding="utf-8")
    assert main(["1.4.2", DIGEST], file) == 1


def test_a_file_without_a_digest_is_refused(file: Path) -> None:
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if "digest:" not in line]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert main(["1.4.2", DIGEST], file) == 1
