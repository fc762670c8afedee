"""The handbook's tables of codes: what each of them means and what is to be done, in German."""

from __future__ import annotations

import tomllib
from pathlib import Path

from deploy.generate.codes import codes
from deploy.generate.handbook_settings import table

TEXTS = Path(__file__).with_name("handbook_codes.toml")
API = "api"


def code_texts() -> dict[str, dict[str, tuple[str, str]]]:
    """Return meaning and remedy of every code, by the part that it belongs to."""
    with TEXTS.open("rb") as file:
        found: dict[str, dict[str, list[str]]] = tomllib.load(file)
    return {part: {code: (meaning, remedy) for code, (meaning, remedy) in rows.items()} for part, rows in found.items()}


def code_table(part: str) -> str:
    """Return the table of one part. Raises KeyError for a code of the source without a text, or a text without its code."""
    found = codes()
    texts = code_texts()
    explained = {code for rows in texts.values() for code in rows}
    if unlike := found.keys() ^ explained:
        raise KeyError(f"{TEXTS.name} and the source name different codes, add or delete these: {', '.join(sorted(unlike))}")
    rows = sorted(texts[part].items())
    if part == API:
        shown = [(f"`{code}`", _statuses(found[code]), meaning, remedy) for code, (meaning, remedy) in rows]
        return table(("Code", "HTTP", "Bedeutung", "Was tun"), shown)
    return table(("Code", "Bedeutung", "Was tun"), [(f"`{code}`", meaning, remedy) for code, (meaning, remedy) in rows])


def _statuses(statuses: set[int]) -> str:
    return ", ".join(str(status) for status in sorted(statuses))
