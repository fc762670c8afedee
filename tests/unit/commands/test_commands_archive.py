"""``marktplatz archive prove``: a receipt on standard output, or why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from marktplatz.cli import app
from tests.support.archive_log import MemoryLog, effect, verified

LOG = MemoryLog.of(5)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    file = tmp_path / "bundle"
    file.write_bytes(b"".join(LOG.full([3, 5])))
    return file


def test_a_receipt_is_printed_that_verifies(bundle: Path) -> None:
    result = CliRunner().invoke(app, ["archive", "prove", str(bundle), effect(2).subject.id])
    assert result.exit_code == 0
    assert verified(result.stdout_bytes.splitlines(keepends=True)) == ("VALID", [])
    assert result.stdout.count('"inclusion"') == 2


def test_what_cannot_be_proven_is_said(bundle: Path, tmp_path: Path) -> None:
    for file, subject, reason in (
        (bundle, effect(20).subject.id, "No checkpoint covers"),
        (tmp_path / "absent", effect(2).subject.id, "No such file"),
    ):
        result = CliRunner().invoke(app, ["archive", "prove", str(file), subject])
        assert (result.exit_code, result.stdout) == (1, "")
        assert reason in result.stderr
