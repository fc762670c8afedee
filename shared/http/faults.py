"""What is wrong with a value of a request, in the language of the reader: English unless ``Accept-Language`` prefers German."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from starlette.requests import Request

from shared.http.languages import find_language

GERMAN, ENGLISH = "de", "en"
HEADERS: Final = {"Vary": "Accept-Language"}
_PREFIX: Final = "Value error, "


@cache
def texts() -> dict[str, Any]:
    """Return the sentences: ``types`` by the type of an error, German and English; ``rules``, German by English."""
    return tomllib.loads((resources.files(__package__) / "faults.toml").read_text("utf-8"))


def language_of(request: Request, otherwise: str = ENGLISH) -> str:
    """Return the language that a request likes best of the two, ``otherwise`` if it prefers neither."""
    return find_language(request.headers.get("Accept-Language"), (ENGLISH, GERMAN)) or otherwise


def sentence(fault: Mapping[str, Any], language: str) -> str:
    """Return what is wrong with a value, by an error of Pydantic; never the value itself."""
    stated = str(fault["msg"])
    rule = stated.removeprefix(_PREFIX)
    if rule in texts()["rules"]:
        return str(texts()["rules"][rule]) if language == GERMAN else f"{rule[:1].upper()}{rule[1:]}."
    german, english = texts()["types"].get(fault["type"], texts()["types"]["value_error"])
    if fault["type"] == "value_error" and language == ENGLISH:
        return stated
    template: str = german if language == GERMAN else english
    try:
        return template.format_map(fault.get("ctx") or {})
    except KeyError:
        return stated


def count_of(number: int, named: int, language: str) -> str:
    """Return how many values are wrong, and how many of them are named."""
    if language == GERMAN:
        text = "Ein Wert der Anfrage ist nicht gültig." if number == 1 else f"{number} Werte der Anfrage sind nicht gültig."
        return f"{text} Genannt sind die ersten {named}." if number > named else text
    text = "One value of the request is not valid." if number == 1 else f"{number} values of the request are not valid."
    return f"{text} The first {named} are named." if number > named else text
