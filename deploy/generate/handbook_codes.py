"""The handbook's tables of codes: what each of them means and what is to be done, in German and English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from deploy.generate.codes import codes
from deploy.generate.handbook_settings import table

Language: TypeAlias = Literal["de", "en"]

FOLDER = Path(__file__).parent
TEXTS: Mapping[Language, str] = {"de": "handbook_codes.toml", "en": "handbook_codes_en.toml"}
HEADS: Mapping[Language, tuple[str, str]] = {"de": ("Bedeutung", "Was tun"), "en": ("Meaning", "What to do")}
API = "api"


def code_texts(language: Language) -> dict[str, dict[str, tuple[str, str]]]:
    """Return meaning and remedy of every code in a language, by the part that it belongs to."""
    with (FOLDER / TEXTS[language]).open("rb") as file:
        found: dict[str, dict[str, list[str]]] = tomllib.load(file)
    return {part: {code: (meaning, remedy) for code, (meaning, remedy) in rows.items()} for part, rows in found.items()}


def code_table(part: str, language: Language) -> str:
    """Return the table of one part. Raises KeyError for a code of the source without a text, or a text without its code."""
    found = codes()
    texts = code_texts(language)
    explained = {code for rows in texts.values() for code in rows}
    if unlike := found.keys() ^ explained:
        named = ", ".join(sorted(unlike))
        raise KeyError(f"{TEXTS[language]} and the source name different codes, add or delete these: {named}")
    rows = sorted(texts[part].items())
    if part == API:
        shown = [(f"`{code}`", _statuses(found[code]), meaning, remedy) for code, (meaning, remedy) in rows]
        return table(("Code", "HTTP", *HEADS[language]), shown)
    return table(("Code", *HEADS[language]), [(f"`{code}`", meaning, remedy) for code, (meaning, remedy) in rows])


def _statuses(statuses: set[int]) -> str:
    return ", ".join(str(status) for status in sorted(statuses))
