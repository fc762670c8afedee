"""Municipal reforms: keys that the Gemeindeverzeichnis has given up between two editions, and which keys followed them.

The files compare two editions and hold no days in between: a former municipality is known to have existed on the day of the
earlier one, a new one on the day of the later one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from shared.csv_rows import read_rows
from shared.errors import InvalidError

FILE = "municipality_changes.csv"
_EDITION = re.compile(r"ars_([0-9]{4})_([0-9]{2})_([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Reform:
    """A key that is no longer in use. ``until`` is the day after the last one for which it is attested.

    ``successor`` is None where the files do not state who followed.
    """

    key: str
    name: str
    until: str
    successor: str | None


@dataclass(frozen=True, slots=True)
class Reforms:
    """All keys that were given up, and the first attested day of the municipalities that are new, by key."""

    given_up: tuple[Reform, ...] = ()
    begun: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    change: str
    before: str
    after: str
    name_before: str
    name_after: str


def reforms(data_dir: Path) -> Reforms:
    """Return what the file of changes states. Raises InvalidError for a file whose header names no two editions."""
    path = data_dir / FILE
    rows = list(read_rows(path, ("change", "ags")))
    if not rows:
        return Reforms()
    editions = sorted({date(*map(int, found.groups())) for name in rows[0] if (found := _EDITION.fullmatch(name))})
    if len(editions) != 2:  # noqa: PLR2004 - the file compares two
        raise InvalidError(
            f"{FILE}: the columns must name two editions, such as ars_2023_11_30.", code="reference_header", file=FILE
        )
    first, last = (day.isoformat().replace("-", "_") for day in editions)
    read = [_Row(r["change"], r[f"ars_{first}"], r[f"ars_{last}"], r[f"name_{first}"], r[f"name_{last}"]) for r in rows]
    begun = dict.fromkeys((row.after for row in read if row.change == "added"), editions[1].isoformat())
    return Reforms(tuple(_given_up(read, (editions[0] + timedelta(days=1)).isoformat())), begun)


def _given_up(rows: Sequence[_Row], until: str) -> Iterator[Reform]:
    added = {(row.after[:5], row.name_after): row.after for row in rows if row.change == "added"}
    for row in rows:
        if row.change == "ars_changed":
            yield Reform(row.before, row.name_before, until, row.after)
        elif row.change == "removed":
            yield Reform(row.before, row.name_before, until, added.get((row.before[:5], row.name_before)))
