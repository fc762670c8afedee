"""``marktplatz contracts audit``: a line for each finding with what to do, and an exit code that says which."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marktplatz.archive import opened_log
from marktplatz.cli import app
from services.contracts.archiving.records import RECORDS
from tests.support.archive_log import KEY, ORIGIN, RECORD, SALT, effect


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MARKTPLATZ_VAR", str(tmp_path))
    monkeypatch.setenv("CONTRACTS_ARCHIVE_ORIGIN", ORIGIN)
    return tmp_path


def audit() -> tuple[int, list[str], str]:
    result = CliRunner().invoke(app, ["contracts", "audit"])
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_an_empty_store_is_clean(folder: Path) -> None:
    assert folder.is_dir()
    code, lines, _ = audit()
    assert (code, len(lines)) == (0, 1)
    assert lines[0].endswith("; no findings")


def test_each_finding_has_a_line_with_what_to_do(folder: Path) -> None:
    assert folder.is_dir()

    async def fill() -> None:
        async with opened_log() as log:
            await log.append({"k": effect(0, documents={})})
            await log.sign(KEY)
            record = {"_id": "k:grantee.contact", "role": "grantee.contact", "salt": SALT.hex(), "record": RECORD | {"name": "x"}}
            await log.store.insert_many(RECORDS, [record])

    asyncio.run(fill())
    code, (without, record, read), _ = audit()
    assert code == 1
    assert without.startswith(f"entry_without_contract: entry 0 of {ORIGIN} is about contract {effect(0).subject.id}")
    assert record.startswith("record_differs: the record grantee.contact of entry 0")
    assert record.endswith("Bring the record and its salt back from a backup.")
    assert read.endswith("1 entries, 1 checkpoints, 0 documents, 1 records read; 2 findings")


def test_what_cannot_be_read_is_neither_clean_nor_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").write_text("no folder")
    monkeypatch.setenv("MARKTPLATZ_VAR", str(folder / "file"))
    code, lines, said = audit()
    assert (code, lines) == (2, [])
    assert "cannot be read" in said
