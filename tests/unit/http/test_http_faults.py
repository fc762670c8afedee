"""Whatever can be wrong with a value of a request has a sentence in both languages, which never repeats the value."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter
from typing import Any, Final, get_args

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core.core_schema import ErrorType
from starlette.requests import Request

from shared.http.days import Day
from shared.http.faults import count_of, language_of, sentence, texts
from shared.http.typed import MESSAGES
from shared.messages.values import Time
from shared.written import Written

ROOT: Final = Path(__file__).parents[3]
NOT_OF_REQUESTS: Final = re.compile(
    r"(.*_)?(argument|arguments|attribute|attributes|dataclass_exact|named_tuple|default_factory|frozen|ordered_dict|counter|deque"
    r"|bytes|time_delta|callable|subclass|instance|decimal|fraction|complex|sentinel|ellipsis|hashable|iteration|python|json"
    r"|recursion_depth)(_.*)?|time_type|time_parsing|get_attribute_error"
)
"""Types of values that no model of a request has: arguments of calls, decimals, bytes, times of a day and so on."""


def test_every_type_of_fault_has_a_sentence_in_both_languages() -> None:
    known = {*get_args(ErrorType)}
    wanted = {it for it in known if not NOT_OF_REQUESTS.fullmatch(it)} | MESSAGES.keys()
    assert wanted - texts()["types"].keys() == set()
    assert texts()["types"].keys() <= known
    for name, (german, english) in texts()["types"].items():
        places = [{part for _, part, _, _ in Formatter().parse(text) if part} for text in (german, english)]
        assert places[0] == places[1], name
        assert german.endswith("."), name
        assert english.endswith("."), name


def test_every_rule_of_ours_about_a_request_is_said_in_german_too() -> None:
    """What a validator raises is a ``value_error``: its English sentence leads to the German one."""
    files = [*ROOT.glob("services/**/schemas.py"), ROOT / "shared/written.py", ROOT / "shared/http/days.py"]
    raised = {
        node.exc.args[0].value
        for path in [*files, ROOT / "shared/messages/values.py"]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func) == "ValueError"
        if isinstance(node.exc.args[0], ast.Constant)
    }
    assert raised == texts()["rules"].keys()


class Asked(BaseModel):
    """A body of a request."""

    model_config = ConfigDict(extra="forbid")

    day: Day | None = None
    text: Written = "x"
    time: Time | None = None
    names: list[str] = []


@pytest.mark.parametrize(
    ("body", "german", "english"),
    [
        ({"names": "geheim"}, "Hier steht eine Liste.", "A list stands here."),
        (
            {"geheim": 1},
            "Ein solches Feld oder einen solchen Parameter gibt es hier nicht.",
            "There is no such field or parameter here.",
        ),
        ({"day": "geheim"}, "Ein Tag wird als JJJJ-MM-TT geschrieben.", "A calendar day is written as YYYY-MM-DD."),
        ({"text": "…"}, "Der Text enthält weder Buchstabe noch Ziffer.", "The text holds no letter and no digit."),
        ({"text": ""}, "Der Text muss mindestens 1 Zeichen lang sein.", "The text must have at least 1 characters."),
        (
            {"time": "2026-01-01T00:00:00"},
            "Der Zeitpunkt nennt seine Zeitzone, etwa Z.",
            "The moment names its time zone, such as Z.",
        ),
    ],
)
def test_a_fault_is_said_in_the_language_of_the_reader(body: dict[str, Any], german: str, english: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Asked).validate_python(body)
    fault = caught.value.errors()[0]
    assert [sentence(fault, it) for it in ("de", "en")] == [german, english]


def test_a_number_of_faults_is_said_in_both() -> None:
    assert count_of(1, 1, "de") == "Ein Wert der Anfrage ist nicht gültig."
    assert count_of(12, 10, "en") == "12 values of the request are not valid. The first 10 are named."


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("de-AT", "de"),
        ("fr, de;q=0.5", "de"),
        ("en;q=0.3, de", "de"),
        ("de;q=0.3, en", "en"),
        ("fr", "en"),
        ("de;q=x", "en"),
        ("de;q=0", "en"),
    ],
)
def test_the_header_chooses_and_english_is_the_default(header: str | None, language: str) -> None:
    headers = [] if header is None else [(b"accept-language", header.encode())]
    assert language_of(Request({"type": "http", "headers": headers})) == language
