"""``marktplatz eligibility evaluate``: one line of JSON per case, exit 2 if any input was refused, nothing lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from marktplatz.cli import app

CASES = Path(__file__).parents[2] / "contract" / "eligibility" / "cases"


def run(*files: Path) -> Result:
    return CliRunner().invoke(app, ["eligibility", "evaluate", *map(str, files)])


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_case_has_a_line_with_its_answer() -> None:
    result = run(CASES / "g01-city-owns-gmbh.json", CASES / "g14-husum-strict.json")
    assert result.exit_code == 0
    first, second = lines(result)
    expected = json.loads((CASES / "g01-city-owns-gmbh.json").read_text("utf-8"))["expect"]
    names = ("verdict", "legs", "rules", "changes_on", "hash")
    assert first == {"case": "G01"} | {name: expected[name] for name in names}
    assert list(first) == ["case", *names]
    assert second["verdict"] == "RISK"


def test_refused_input_has_a_line_with_its_code_and_the_others_are_answered_all_the_same() -> None:
    result = run(CASES / "g35-refused-contradiction.json", CASES / "g01-city-owns-gmbh.json")
    assert result.exit_code == 2
    refused, answered = lines(result)
    assert refused == {"case": "G35", "error": "CONTRADICTING_FACTS"}
    assert answered["verdict"] == "EXEMPT"
    assert "overlap" in result.stderr


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[]", "{}", '{"id": 1}', '{"id": "A1", "id": "A1"}', '{"id": "X1", "title": "a long title", "facts": {}}'],
)
def test_a_file_that_is_no_case_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(text, "utf-8")
    result = run(file)
    assert result.exit_code == 2
    assert lines(result)[0]["error"] == "INVALID_FIELD"


@pytest.mark.parametrize(
    "change",
    [
        {"valid_from": 20200101},
        {"surplus": 1},
        {"type": "STADT"},
        {"rev": True},
        {"rev": 1.0},
        {"rev": 0},
        {"sector": None},
        {"withdrawn": 0},
        {"evidence": ["a", "a"]},
        {"id": "-stadt"},
        {"name": ""},
        {"active_since": ["2020-1-1"]},
        {"evidence": None},
    ],
    ids=str,
)
def test_a_fact_that_does_not_fit_the_schema_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    case = json.loads((CASES / "g01-city-owns-gmbh.json").read_text("utf-8"))
    case["facts"][0] |= change
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case), "utf-8")
    result = run(file)
    assert result.exit_code == 2
    assert lines(result) == [{"case": "G01", "error": "INVALID_FIELD"}]


@pytest.mark.parametrize(
    "change", [{"document_sha256": None}, {"document_sha256": "ab"}, {"type": "ZETTEL"}, {"title": "Satzung"}], ids=str
)
def test_a_document_that_does_not_fit_the_schema_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    case = json.loads((CASES / "g01-city-owns-gmbh.json").read_text("utf-8"))
    case["evidence"][0] |= change
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case), "utf-8")
    assert lines(run(file)) == [{"case": "G01", "error": "INVALID_FIELD"}]


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere.json")
    assert result.exit_code == 2
    assert "nowhere.json" in result.stderr
