"""``marktplatz contracts price``: one line per case, and what the exit code says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marktplatz.cli import app

CASES = Path(__file__).parents[2] / "contract" / "contracts" / "pricing_cases"
PRICED = CASES / "p03-one-participant.json"
REFUSED = CASES / "p32-no-such-day.json"


@pytest.fixture
def no_case(tmp_path: Path) -> Path:
    file = tmp_path / "none.json"
    file.write_text('{"id": "none"}', encoding="utf-8")
    return file


def test_a_case_is_answered_with_its_statement_on_one_line() -> None:
    result = CliRunner().invoke(app, ["contracts", "price", str(PRICED)])
    assert result.exit_code == 0
    case = json.loads(PRICED.read_text(encoding="utf-8"))
    assert result.stdout.count("\n") == 1
    assert json.loads(result.stdout) == {"case": case["id"], "statement": case["expected"]}


def test_a_refused_input_has_its_line_and_exit_code_2_whatever_else_is_given(no_case: Path) -> None:
    result = CliRunner().invoke(app, ["contracts", "price", str(PRICED), str(REFUSED), str(no_case)])
    assert result.exit_code == 2
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["case"] for line in lines] == ["p03-one-participant", "p32-no-such-day"]
    assert lines[1]["error"] == {"code": "INVALID_DATE", "version": None, "item": None, "participant": None}


def test_a_file_that_is_no_case_has_no_line_and_exit_code_1(no_case: Path) -> None:
    result = CliRunner().invoke(app, ["contracts", "price", str(no_case), str(PRICED)])
    assert result.exit_code == 1
    assert [json.loads(line)["case"] for line in result.stdout.splitlines()] == ["p03-one-participant"]
