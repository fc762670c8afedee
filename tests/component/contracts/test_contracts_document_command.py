"""``marktplatz contracts document``: PDF and XRechnung of what lies in files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from marktplatz.cli import app
from tests.support.contract_documents import ADDRESSES, BILLING, contract, yearly


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["contracts", "document", *map(str, arguments)])


@pytest.fixture(autouse=True)
def _signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)


def written(folder: Path, name: str, data: Any) -> Path:
    file = folder / name
    file.write_text(json.dumps(data), "utf-8")
    return file


def test_the_documents_of_a_contract_are_written_and_their_hashes_printed(tmp_path: Path) -> None:
    file, addresses = written(tmp_path, "contract.json", contract(conditions=1)), written(tmp_path, "addresses.json", ADDRESSES)
    result = run(file, "--to", tmp_path / "out", "--addresses", addresses)
    assert result.exit_code == 0, result.output
    names = ["FITST-2026-0001-vertrag.pdf", "FITST-2026-0001-konditionen.pdf", "FITST-2026-0001-kostenblatt.pdf"]
    lines = {name: digest for digest, name in (line.split("  ") for line in result.stdout.splitlines())}
    assert [Path(name).name for name in lines] == names
    assert all(hashlib.sha256(Path(name).read_bytes()).hexdigest() == digest for name, digest in lines.items())


def test_a_statement_becomes_a_document_and_an_invoice(tmp_path: Path) -> None:
    file, billing = written(tmp_path, "statement.json", yearly()), written(tmp_path, "billing.json", BILLING)
    result = run(file, "--to", tmp_path, "--xrechnung", billing)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "FITST-2026-0001-A-2025-abrechnung.pdf").read_bytes().startswith(b"%PDF-1.7")
    assert b"xrechnung_3.0" in (tmp_path / "FITST-2026-0001-A-2025-xrechnung.xml").read_bytes()


@pytest.mark.parametrize(
    ("data", "options", "code"),
    [
        ([], (), "no_document_data"),
        ({"spec": "other/1"}, (), "no_contract_document"),
        ({"spec": "yearly-statement/1"}, (), "no_statement_document"),
        (contract(), ("--xrechnung", "billing.json"), "no_statement_document"),
    ],
)
def test_what_is_neither_is_refused_by_its_code(tmp_path: Path, data: Any, options: tuple[str, ...], code: str) -> None:
    result = run(written(tmp_path, "file.json", data), "--to", tmp_path / "out", *options)
    assert result.exit_code == 1
    assert code in result.stderr
    assert not (tmp_path / "out").exists()
