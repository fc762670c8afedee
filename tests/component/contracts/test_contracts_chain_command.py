"""``marktplatz contracts chain``: one line of JSON per case, exit 2 if an input was refused, 1 if a file is no case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from marktplatz.cli import app

CASES = Path(__file__).parents[2] / "contract" / "contracts" / "chain_cases"
FIRST = CASES / "c01-land-through-fitko.json"
REFUSED = CASES / "c23-refused-id-twice.json"
UNANSWERED = CASES / "c22-questions-that-cannot-be-answered.json"


def run(*files: Path) -> Result:
    return CliRunner().invoke(app, ["contracts", "chain", *map(str, files)])


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def case(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def written(folder: Path, text: str) -> Path:
    file = folder / "case.json"
    file.write_text(text, "utf-8")
    return file


def test_each_case_has_a_line_with_its_answers() -> None:
    result = run(*sorted(CASES.glob("c0*.json")), *sorted(CASES.glob("c1*.json")))
    assert result.exit_code == 0
    assert [list(line) for line in lines(result)] == [["case", "answers"]] * 19
    assert lines(result)[0] == {"case": "c01-land-through-fitko", "answers": case(FIRST)["expected"]["answers"]}


def test_refused_input_has_a_line_with_its_code_and_the_others_are_answered_all_the_same() -> None:
    result = run(REFUSED, FIRST)
    assert result.exit_code == 2
    refused, answered = lines(result)
    assert refused == {"case": "c23-refused-id-twice", "error": {"code": "ID_DUPLICATE", "subject": "n"}}
    assert "answers" in answered
    assert "ID_DUPLICATE: n" in result.stderr


def test_a_question_that_cannot_be_answered_is_no_refusal_of_the_input() -> None:
    result = run(UNANSWERED)
    assert result.exit_code == 0
    assert lines(result)[0]["answers"][0] == {"error": {"code": "ARS_UNKNOWN", "subject": "dataport"}}


@pytest.mark.parametrize(
    "text",
    ["", "no case", "[]", "{}", '{"id": "x"}', '{"id": 1, "input": {}}', '{"id": "x", "id": "y", "input": {}}', "[" * 100_000],
)
def test_a_file_that_is_no_case_has_no_line(tmp_path: Path, text: str) -> None:
    result = run(written(tmp_path, text), FIRST)
    assert result.exit_code == 1
    assert [line["case"] for line in lines(result)] == ["c01-land-through-fitko"]
    assert "no case" in result.stderr


def test_a_refused_input_outweighs_a_file_that_is_no_case(tmp_path: Path) -> None:
    assert run(REFUSED, tmp_path / "missing.json").exit_code == 2
    assert run(tmp_path / "missing.json", REFUSED).exit_code == 2


@pytest.mark.parametrize("value", ["1.0", "1e0", "true", '"1"', "9" * 5000, "0"])
def test_a_version_that_is_no_whole_number_in_its_bounds_is_refused(tmp_path: Path, value: str) -> None:
    text = FIRST.read_text("utf-8").replace('"version": 1,', f'"version": {value},', 1)
    result = run(written(tmp_path, text))
    assert result.exit_code == 2
    assert lines(result) == [{"case": "c01-land-through-fitko", "error": {"code": "INVALID_FIELD", "subject": None}}]


def test_text_that_is_no_unicode_is_refused(tmp_path: Path) -> None:
    text = FIRST.read_text("utf-8").replace('"agb_version": "EfA-Marktplatz 2022"', '"agb_version": "EfA \\ud83d"', 1)
    result = run(written(tmp_path, text))
    assert result.exit_code == 2
    assert lines(result)[0]["error"] == {"code": "INVALID_FIELD", "subject": None}


def test_an_input_that_is_no_object_is_refused(tmp_path: Path) -> None:
    result = run(written(tmp_path, '{"id": "x", "input": []}'))
    assert (result.exit_code, lines(result)) == (2, [{"case": "x", "error": {"code": "INVALID_FIELD", "subject": None}}])
