"""The reference data with a part of its long files only: loaded in a fraction of the time."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from marktplatz.people import PEOPLE
from shared.process.files import shipped

DATA = shipped("data")
LEIKA_ROWS = 300
_KEY = re.compile(r"\b\d{12}\b")


def write_excerpt(folder: Path, rules: Mapping[str, Callable[[int, str], bool]]) -> Path:
    """Copy the data into a new folder and return it; of a file with a rule only the rows for which it is true.

    A rule is given the number of a row, 0 for the first one after the head, and its text.
    """
    shutil.copytree(DATA, folder)
    for name, rule in rules.items():
        head, *rows = (folder / name).read_text("utf-8").splitlines(keepends=True)
        kept = [row for number, row in enumerate(rows) if rule(number, row)]
        (folder / name).write_text("".join((head, *kept)), "utf-8")
    return folder


def write_few_municipalities(folder: Path) -> Path:
    """Copy the data with those municipalities only that are a Kreis too, that another file names, or that act in the demo."""
    others = (it for it in (*DATA.glob("*.csv"), *DATA.glob("demo/*.json")) if it.name != "municipalities.csv")
    named = {*(it.organisation for it in PEOPLE), *(key for file in others for key in _KEY.findall(file.read_text("utf-8")))}
    return write_excerpt(
        folder,
        {
            "municipalities.csv": lambda _, row: row[:12] in named or is_kreis(row),
            "leika_services.csv": lambda number, _: number < LEIKA_ROWS,
        },
    )


def is_kreis(row: str) -> bool:
    """Whether a row of a municipality has the key of a whole Kreis: a kreisfreie Stadt."""
    return row[5:12] == "0000000"
