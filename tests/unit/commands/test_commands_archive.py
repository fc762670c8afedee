"""``marktplatz archive``: receipts, exports, checkpoints on standard output, or why there are none; keys."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

import marktplatz_verify as verifier
from marktplatz.archive import opened_log
from marktplatz.cli import app
from tests.support.archive_log import KEY, ORIGIN, MemoryLog, effect, verified

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


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Fill the archive of a marketplace in a folder, and return the subject of two of its entries."""
    monkeypatch.setenv("MARKTPLATZ_VAR", str(tmp_path))
    monkeypatch.setenv("CONTRACTS_ARCHIVE_ORIGIN", ORIGIN)

    async def fill() -> None:
        async with opened_log() as log:
            await log.append({f"k{place}": effect(place) for place in range(4)})
            await log.sign(KEY)
            await log.append({f"k{place}": effect(place) for place in range(9)})
            await log.sign(KEY)

    asyncio.run(fill())
    return effect(2).subject.id


def printed(*command: str) -> bytes:
    result = CliRunner().invoke(app, ["archive", *command])
    assert result.exit_code == 0, result.output
    return result.stdout_bytes


def test_an_export_and_a_receipt_verify_against_checkpoints_that_were_printed(archive: str) -> None:
    older, newest = printed("checkpoint", "--size", "4").decode(), printed("checkpoint").decode()
    assert verified(printed("export").splitlines(keepends=True), older, newest) == ("VALID", [])
    receipt = printed("export", "--contract", archive, "--since", "4").splitlines(keepends=True)
    assert verified(receipt, older, newest) == ("VALID", [])


def test_what_the_archive_does_not_hold_is_said(archive: str) -> None:
    assert archive
    for command in (["export", "--contract", effect(99).subject.id], ["checkpoint", "--size", "5"]):
        result = CliRunner().invoke(app, ["archive", *command])
        assert (result.exit_code, result.stdout) == (1, ""), command


def test_a_key_is_written_once_and_its_public_half_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACTS_ARCHIVE_ORIGIN", ORIGIN)
    file = tmp_path / "key.pem"
    vkey = printed("new-key", str(file)).decode()
    assert verifier.VerifierKey.parse(vkey.rstrip("\n"), verifier.LOG).name == ORIGIN
    assert printed("key", str(file)).decode() == vkey
    assert file.stat().st_mode & 0o077 == 0
    assert CliRunner().invoke(app, ["archive", "new-key", str(file)]).exit_code == 1
    assert printed("key", str(file)).decode() == vkey
    (tmp_path / "none.pem").write_text("{}")
    away = tmp_path / "away" / "key.pem"
    for command, said in (
        (["key", str(tmp_path / "none.pem")], "archive_key_unfit"),
        (["key", str(file), "--log", "a b"], "archive_key_unfit"),
        (["key", str(away)], f"file_unusable: {away}"),
        (["new-key", str(away)], f"file_unusable: {away}"),
    ):
        result = CliRunner().invoke(app, ["archive", *command])
        assert (result.exit_code, said in result.stderr) == (1, True), command


def test_who_erases_names_themselves_by_a_reference_and_is_told_how_much_there_was(archive: str) -> None:
    for who, subject, code, said in (
        ("Erika Mustermann", archive, 2, "no blank"),
        ("op-7", effect(99).subject.id, 1, "holds no such record"),
    ):
        result = CliRunner().invoke(app, ["archive", "erase", subject, "--by", who, "--ground", "request"])
        assert result.exit_code == code
        assert said in " ".join(result.stderr.replace("│", " ").split())
