"""Fields of a form: how each looks, what was filled in, and what is wrong with it by the word of the service."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from services.portal.apis.client import ApiUnavailableError
from services.portal.forms import Given
from services.portal.texts import Words
from shared.errors import MarktplatzError

DAY_PARTS = ("year", "month", "day")
_WHOLE = re.compile(r"[0-9]{1,18}")
_MONEY = frozenset({"cents", "amount_cents"})
_RULE = "value_error"
_LENGTHS = frozenset({"string_too_short", "string_too_long"})
_BOUNDS = frozenset({"less_than", "less_than_equal", "greater_than", "greater_than_equal"})
LEITWEG_FAULTS = ("leitweg_id_form", "leitweg_id_region", "leitweg_id_check_digits")
"""What a Leitweg-ID is refused for."""


class Kind(StrEnum):
    """What a field looks like.

    LINES: one value a line; DAY: day, month and year; TICK: one box; FILE: of the own machine; HIDDEN: what was shown; BODY and
    BODIES: one public body, or several, to be found by a search.
    """

    LINE = "line"
    AREA = "area"
    LINES = "lines"
    DAY = "day"
    SELECT = "select"
    RADIOS = "radios"
    CHECKS = "checks"
    TICK = "tick"
    FILE = "file"
    HIDDEN = "hidden"
    BODY = "body"
    BODIES = "bodies"


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that can be chosen."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form, filled in with ``value`` (of a DAY: year, month, day).

    ``german``: label and hint are in German only. ``whole``: a whole number is sent; what is none goes as it is, to be refused.
    ``heading``: of a group of fields that begins with this one; ``folded``: that group is closed at first, and this stands beside
    its heading. ``blank``: what a SELECT says where nothing is chosen. ``query``: what a body is searched for by, ``note``: what
    is to be said of the search. ``regions``: bodies are meant by what they cover, and sent by their regional keys (ARS).
    """

    name: str
    kind: Kind
    label: str
    hint: str = ""
    optional: bool = False
    choices: tuple[Choice, ...] = ()
    value: tuple[str, ...] = ()
    error: str = ""
    german: bool = False
    whole: bool = False
    heading: str = ""
    folded: str = ""
    blank: str = ""
    query: str = ""
    note: str = ""
    regions: bool = False

    @property
    def names_bodies(self) -> bool:
        """Whether it is a public body, or several."""
        return self.kind in (Kind.BODY, Kind.BODIES)

    @property
    def search(self) -> str:
        """Name of the search for a body, which is sent with the form."""
        return f"{self.name}.q"

    @property
    def text(self) -> str:
        """What a field of text holds."""
        return "\n".join(self.value)

    @property
    def place(self) -> str:
        """Id of the element that a link from the summary of errors leads to."""
        if self.kind is Kind.DAY:
            return f"{self.name}.day"
        if self.names_bodies and not self.choices:
            return self.search
        return self.name if self.kind not in (Kind.RADIOS, Kind.CHECKS, Kind.BODY, Kind.BODIES) else f"{self.name}-1"

    def part(self, name: str) -> str:
        """Return the year, month or day that a DAY was filled in with."""
        return self.value[DAY_PARTS.index(name)] if self.value else ""

    def filled(self, given: Given) -> Field:
        """Return the field with what was filled in; a file is chosen anew each time, and goes no way but its own."""
        if self.kind is Kind.FILE:
            return self
        if self.kind is Kind.DAY:
            return replace(self, value=tuple(given.one(f"{self.name}.{part}") for part in DAY_PARTS))
        if self.kind is Kind.LINES:
            lines = (it.strip() for it in given.one(self.name).splitlines())
            return replace(self, value=tuple(it for it in lines if it))
        if self.kind is Kind.CHECKS:
            return replace(self, value=given.all(self.name))
        if self.names_bodies:
            return replace(self, value=tuple(it for it in given.all(self.name) if it), query=given.one(self.search))
        return replace(self, value=(given.one(self.name),) if self.name in given.values else ())

    def content(self) -> object | None:
        """Return the value as it is sent, None where nothing was filled in: whether that may be, the service decides."""
        if self.kind is Kind.TICK:
            return bool(self.value)
        if self.kind in (Kind.CHECKS, Kind.LINES, Kind.BODIES):
            return list(self.value)
        if self.kind is Kind.DAY:
            return "-".join(it.zfill(2) for it in self.value) if any(self.value) else None
        text = (self.value[0] or None) if self.value else None
        return int(text) if text and self.whole and _WHOLE.fullmatch(text) else text


def day_value(iso: str | None) -> tuple[str, ...]:
    """Return what a DAY is filled in with for a day ``YYYY-MM-DD``."""
    return () if iso is None else tuple(it.lstrip("0") for it in iso.split("-"))


def body_of(fields: Sequence[Field]) -> dict[str, Any]:
    """Return the body that is sent for fields that were filled in."""
    contents = {it.name: it.content() for it in fields}
    return {name: content for name, content in contents.items() if content is not None}


@dataclass(frozen=True, slots=True)
class Fault:
    """What a service found wrong: words for it, and the place in the form, "" where it belongs to no field of it."""

    text: str
    place: str = ""


def faults_of(
    error: MarktplatzError, fields: Sequence[Field], words: Words, field_of: Mapping[str, str], below: str = ""
) -> tuple[list[Field], list[Fault]]:
    """Return the fields with what is wrong with them, and all faults for the summary.

    A fault belongs to the field that the problem points at, under the pointer ``below``, such as ``/price_items/2``; where a
    whole request is refused by a code, to ``field_of`` it. ``field_of`` also knows members that are asked for by another name, by
    their path without places in lists, such as ``evidence/title``. A field that is named by a path with places, such as
    ``items.2.label``, has the faults of what lies there.
    """
    wrong: dict[str, str] = {}
    others: list[Fault] = []
    names = {it.name: it for it in fields}
    for item in errors_of(error):
        name = _name_of(item, below, field_of, names)
        text = _rule_of(item, names.get(name)) or words_of_fault(words, _code_of(item, names.get(name)))
        if name in names:
            wrong.setdefault(name, text)
        else:
            others.append(Fault(text))
    if not wrong and not others:
        name, text = field_of.get(error.code, ""), words_of_problem(words, error)
        if name in names:
            wrong[name] = text
        else:
            others.append(Fault(text))
    marked = [replace(it, error=wrong.get(it.name, "")) for it in fields]
    return marked, [*others, *(Fault(f"{it.label.rstrip('?.')}: {it.error}", it.place) for it in marked if it.error)]


def words_of_problem(words: Words, error: MarktplatzError) -> str:
    """Return the sentence for the code of a problem."""
    if isinstance(error, ApiUnavailableError):
        reason = f"problem.{error.context.get('reason')}"
        return words(reason if words.has(reason) else "form.away")
    key = f"problem.{error.code}"
    return words(key) if words.has(key) else words("problem.unknown", code=error.code)


def words_of_fault(words: Words, code: str) -> str:
    """Return the sentence for what is wrong with one value, by the code that the service gives it."""
    known = [it for it in (f"fault.{code}", f"problem.{code}") if words.has(it)]
    return words(known[0] if known else "fault.unknown")


def words_for(words: Words, prefix: str) -> Callable[[str], str]:
    """Return what gives the sentence ``<prefix>.<name>``, "" where there is none."""

    def word(name: str) -> str:
        key = f"{prefix}.{name}"
        return words(key) if words.has(key) else ""

    return word


def errors_of(error: MarktplatzError) -> list[Mapping[str, Any]]:
    """Return what a service found wrong with single values, each with its code and pointer."""
    found = error.context.get("errors")
    return [it for it in found if isinstance(it, Mapping)] if isinstance(found, list) else []


def _code_of(item: Mapping[str, Any], field: Field | None) -> str:
    """Return the code of a fault: people write no whole number of cents, and a day by day, month and year."""
    code, member = str(item.get("code", "")), str(item.get("pointer", "")).rpartition("/")[2]
    if field is not None and field.kind is Kind.DAY and code == _RULE:
        return "no_such_day"
    return "amount" if member in _MONEY and code.startswith("int_") else code


def _rule_of(item: Mapping[str, Any], field: Field | None) -> str:
    """Return the service's sentence where it states the rule or limit that was broken, "" else: of money it counts cents."""
    code = item.get("code")
    kind, whole = (None, False) if field is None else (field.kind, field.whole)
    listed = code == "too_long" and kind in (Kind.LINES, Kind.BODIES)
    stated = code in _LENGTHS or listed or (code == _RULE and kind is not Kind.DAY) or (code in _BOUNDS and whole)
    return str(item.get("message", "")) if stated else ""


def _name_of(item: Mapping[str, Any], below: str, field_of: Mapping[str, str], names: Collection[str]) -> str:
    pointer = str(item.get("pointer", "")).removeprefix("#").removeprefix(below)
    parts = [it for it in pointer.split("/") if it]
    path = [it for it in parts if not it.isdecimal()]
    named = field_of.get("/".join(path))
    if named is not None:
        return named
    placed = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((it for it in placed if it in names), path[0] if path else "")
