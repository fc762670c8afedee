"""How rules about one part report what is wrong, and what many of them ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from deploy.checks.generic.objects import Document

Fault = tuple[str, str, str]
"""Code, path below the part, and text."""
Rule = Callable[[Document], Iterable[Fault]]


def one_of(part: Document, *, of: Iterable[str] = (), besides: Iterable[str] = (), least: int = 1) -> Iterator[Fault]:
    """Ask for one of some fields, or of all but some; for one at most with ``least`` 0."""
    known = set(of) or part.keys() - set(besides)
    given = sorted(name for name in known if part.get(name) not in (None, ""))
    if len(given) > 1:
        yield "value-choice", "", f"{', '.join(given)} exclude each other"
    elif len(given) < least:
        yield "value-choice", "", f"needs one of {', '.join(sorted(of))}" if of else "says nothing of its kind"


def needs(part: Document, *fields: str) -> Iterator[Fault]:
    """Ask for fields that are not empty."""
    for field in fields:
        if part.get(field) in (None, "", [], {}):
            yield "value-missing", field, "must be set"


def repeated(where: str, field: str, given: list[str]) -> Iterator[Fault]:
    """Ask that no text of a list is given twice."""
    for name, count in Counter(given).items():
        if name and count > 1:
            yield "value-twice", where, f"hold the {field} '{name}' {count} times"
