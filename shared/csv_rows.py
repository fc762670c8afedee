"""CSV files as typed, frozen records. Nothing is read before it is asked for.

The files are RFC 4180: UTF-8, comma, one header line. Keys are text (leading zeros count), an empty cell is ``None`` or an
empty tuple, lists inside a cell are separated by ``;``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, TypeAdapter, ValidationError

from shared.errors import InvalidError


def _split(cell: object) -> object:
    return tuple(part for part in (piece.strip() for piece in cell.split(";")) if part) if isinstance(cell, str) else cell


def _blank(cell: object) -> object:
    return None if cell == "" else cell


def _day(cell: object) -> object:
    """Return the first day of a month or year that a source names no day of."""
    if isinstance(cell, str) and len(cell) in (4, 7):
        return f"{cell}-01-01" if len(cell) == 4 else f"{cell}-01"  # noqa: PLR2004 - lengths of YYYY and YYYY-MM
    return _blank(cell)


def _partial(text: str | None) -> str | None:
    day = _day(text)
    if isinstance(day, str):
        date.fromisoformat(day)
    return text


Items = Annotated[tuple[str, ...], BeforeValidator(_split)]
OptionalText = Annotated[str | None, BeforeValidator(_blank)]
OptionalNumber = Annotated[Decimal | None, BeforeValidator(_blank)]
OptionalDay = Annotated[date | None, BeforeValidator(_day)]
PartialDay = Annotated[str | None, BeforeValidator(_blank), AfterValidator(_partial)]
"""A day, month or year as the source gives it, as text; what it means for a claim is for the reader to decide."""
YesNoUnknown = Annotated[Literal["yes", "no", "unknown"] | None, BeforeValidator(_blank)]

R = TypeVar("R")
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def first_day(text: str | None) -> date | None:
    """Return the first day of a day, month or year that a source gives."""
    day = _day(text)
    return date.fromisoformat(day) if isinstance(day, str) else None


def read_rows(path: Path, needed: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file as dictionaries of text; a byte order mark is passed over.

    Raises InvalidError: ``reference_encoding``, ``reference_header`` that names the missing ones of the
    ``needed`` columns; FileNotFoundError if there is no such file.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            _check_header(path, reader.fieldnames or (), needed)
            yield from reader
    except UnicodeDecodeError as error:
        raise InvalidError(
            f"{path.name} is not UTF-8 (byte {error.start}: 0x{error.object[error.start]:02x}). "
            "Save it again as UTF-8, in a spreadsheet program as 'CSV UTF-8'.",
            code="reference_encoding",
            file=path.name,
        ) from error


def read_csv(path: Path, row_type: type[R]) -> Iterator[R]:
    """Yield the rows of a CSV file as records; columns that ``row_type`` does not name are passed over.

    Raises what ``read_rows`` raises, and InvalidError (``reference_row``) that names file, line and column.
    """
    adapter = TypeAdapter(row_type)
    needed = [field.name for field in fields(row_type)]  # type: ignore[arg-type] # every R is a dataclass
    for line, row in enumerate(read_rows(path, needed), start=2):
        try:
            yield adapter.validate_python(row)
        except ValidationError as error:
            first = error.errors()[0]
            column = ".".join(str(part) for part in first["loc"])
            raise InvalidError(
                f"{path.name}, line {line}, column {column}: {first['msg']}.",
                code="reference_row",
                file=path.name,
                line=line,
                column=column,
            ) from error


def _check_header(path: Path, found: Sequence[str], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in found]
    if not missing:
        return
    used = next((name for sign, name in _OTHER_DELIMITERS.items() if len(found) == 1 and sign in found[0]), None)
    hint = f" The columns seem to be separated by {used}; they must be separated by commas." if used else ""
    raise InvalidError(
        f"{path.name}: the header line lacks {', '.join(missing)}.{hint}",
        code="reference_header",
        file=path.name,
        missing=missing,
    )
