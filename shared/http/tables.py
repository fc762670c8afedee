"""Lists as tables for people: CSV that German spreadsheet programs open as it is, sent while it is read.

UTF-8 with a byte order mark, semicolons, every cell in quotes, lines end by CR LF. Times are those of Germany. Heads and words
are in the language of the reader; a program reads the same list as JSON, whose names are stable.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias

from starlette.requests import Request
from starlette.responses import StreamingResponse

from shared.calendar import GERMANY
from shared.http.faults import ENGLISH, GERMAN, language_of
from shared.http.negotiation import find_preferred

CSV: Final = "text/csv"
_JSON: Final = "application/json"
VARY: Final = {"Vary": "Accept"}
TABLE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page of the list; as text/csv the whole of it, whatever cursor and limit are, as a table for people: "
        "in German, or in English where Accept-Language prefers it.",
        "content": {CSV: {"schema": {"type": "string"}}},
    }
}
"""What a route states that answers a list as a table too."""
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With these a cell begins that a spreadsheet program takes for a formula; full-width ones too (OWASP)."""
Cell = str | int | date | None
Row = Sequence[Cell]
TableLanguage: TypeAlias = Literal["de", "en"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table in one language: the name of its file, and the heads of its columns."""

    name: str
    columns: tuple[str, ...]


def wants_table(request: Request) -> bool:
    """Return whether the Accept header prefers text/csv to JSON. One that takes neither gets JSON."""
    return find_preferred(request, (_JSON, CSV)) == CSV


def table_language(request: Request) -> TableLanguage:
    """Return the language of a table: German, unless the Accept-Language header prefers English."""
    return "en" if language_of(request, otherwise=GERMAN) == ENGLISH else "de"


async def table_reply(sheet: Sheet, language: TableLanguage, portions: AsyncIterator[Iterable[Row]]) -> StreamingResponse:
    """Return the rows as a file, sent portion by portion. The first portion is read before: its errors still show."""
    first: list[Row] = []
    async for portion in portions:
        first = list(portion)
        break

    async def lines() -> AsyncIterator[bytes]:
        yield b"\xef\xbb\xbf" + _encoded([sheet.columns, *first])
        async for portion in portions:
            if text := _encoded(portion):
                yield text

    headers = {
        "Vary": "Accept, Accept-Language",
        "Content-Language": language,
        "Content-Disposition": f'attachment; filename="{sheet.name}.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(lines(), media_type=f"{CSV}; charset=utf-8", headers=headers)


def cell(value: Cell) -> str:
    """Return the text of a cell, on one line; what a spreadsheet program could take for a formula has an apostrophe before it."""
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(GERMANY).strftime("%Y-%m-%d %H:%M")
        case date() | int():
            return str(value)
    text = " ".join(value.split())
    return f"'{text}" if text.startswith(_FORMULA) else text


def _encoded(rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode()
