"""What a receipt says of a record that is not accepted: the reason and what helps, in German and English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from shared.errors import RejectedError
from shared.messages.partner import Wording

FILE = Path(__file__).parents[1] / "data" / "refusals.toml"


def words_of(error: RejectedError) -> tuple[Wording, Wording | None]:
    """Return reason and remedy of an error. A code that the file lacks has its English sentence in both languages."""
    row = refusals().get(error.code)
    if row is None:
        return Wording(de=error.detail, en=error.detail), None
    return Wording(de=row["de"], en=error.detail), Wording(de=row["remedy_de"], en=row["remedy_en"])


@cache
def refusals() -> Mapping[str, Mapping[str, str]]:
    """Return the sentences by code."""
    found: dict[str, dict[str, str]] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return found
