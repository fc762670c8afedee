"""Why a record is not accepted and what helps, in German and English: for receipts and for whoever looks at quarantine."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from shared.messages.partner import Wording

FILE = Path(__file__).parents[1] / "data" / "refusals.toml"


def words_of(code: str, detail: str) -> tuple[Wording, Wording | None]:
    """Return reason and remedy of a code. One that the file lacks has its English sentence in both languages."""
    row = refusals().get(code)
    if row is None:
        return Wording(de=detail, en=detail), None
    return Wording(de=row["de"], en=detail), Wording(de=row["remedy_de"], en=row["remedy_en"])


@cache
def refusals() -> Mapping[str, Mapping[str, str]]:
    """Return the sentences by code."""
    found: dict[str, dict[str, str]] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return found
