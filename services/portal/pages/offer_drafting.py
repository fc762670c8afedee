"""What the sections of the form of an offer are made of: fields with their words, lists, and numbers as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from babel.numbers import NumberFormatError, format_decimal, parse_decimal

from services.portal.apis.catalog import Requirement, Topic
from services.portal.fields import Choice, Field, Kind, body_of
from services.portal.language import Language
from services.portal.texts import Words, every_key

SEARCH = "q"
_HUNDREDTHS = 100
_WRITTEN = re.compile(r"[+-]?[0-9.,]{1,25}")


@dataclass(frozen=True, slots=True)
class Drafting:
    """What the fields of a section are made of. ``names``: of keys that are chosen or were found; ``labels``: of enumerations."""

    form: Mapping[str, Any]
    words: Words
    language: Language
    labels: Callable[[str], Mapping[str, str]]
    channels: Sequence[str] = ()
    topics: Sequence[Topic] = ()
    checklist: Sequence[Requirement] = ()
    ozg: Mapping[str, str] = field(default_factory=dict)
    leika: Mapping[str, str] = field(default_factory=dict)
    query: str = ""

    def field(
        self,
        name: str,
        kind: Kind,
        value: Sequence[str] = (),
        choices: Sequence[Choice] = (),
        *,
        optional: bool = False,
        called: str = "",
    ) -> Field:
        """Return a field with its words, those of ``called`` where members of one name mean different things."""
        key = f"edit.field.{called or name}"
        hint = self.words(f"{key}_hint") if self.words.has(f"{key}_hint") else ""
        return Field(name, kind, self.words(key), hint, optional, tuple(choices), tuple(value))

    def text(self, name: str, kind: Kind = Kind.AREA, *, optional: bool = False) -> Field:
        """Return a field of text that holds what the form has."""
        held = self.form.get(name)
        return self.field(name, kind, () if held is None else (str(held),), optional=optional)

    def choices(self, enumeration: str) -> tuple[Choice, ...]:
        """Return all values of an enumeration to choose from."""
        return tuple(Choice(value, label) for value, label in self.labels(enumeration).items())


Content = Callable[[Sequence[Field], Language], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """A list of the form, each entry of which has a page of its own. ``field_of``: fields by the members that they give."""

    member: str
    fields: Callable[[Drafting, Mapping[str, Any]], tuple[Field, ...]]
    content: Content
    label: Callable[[Mapping[str, Any], Drafting], str]
    field_of: Mapping[str, str] = field(default_factory=dict)


def plain(fields: Sequence[Field], _language: Language) -> dict[str, Any]:
    """Return what fields were filled in with, as it is sent."""
    return {name: content for name, content in body_of(fields).items() if name != SEARCH}


def decimal(hundredths: object, language: Language) -> tuple[str, ...]:
    """Return what a field is filled in with for hundredths of a unit, nothing for what is no number."""
    if not isinstance(hundredths, int):
        return ()
    return (format_decimal(Decimal(hundredths) / _HUNDREDTHS, format="#,##0.00", locale=language.locale),)


def in_hundredths(number: str, unit: str, language: Language) -> int | str:
    """Return a number as people write it in hundredths of its unit; what is none as it is, for the service to refuse."""
    text = number.removesuffix(unit).strip()
    if not _WRITTEN.fullmatch(text):
        # Babel also reads what only programs write, such as Infinity and 1e99.
        return number
    try:
        hundredths = parse_decimal(text, locale=language.locale, strict=True) * _HUNDREDTHS
    except NumberFormatError:
        return number
    return int(hundredths) if hundredths == hundredths.to_integral_value() else number


def laender(it: Drafting) -> tuple[Choice, ...]:
    """Return the Länder to choose from."""
    return tuple(Choice(key.removeprefix("land."), it.words(key)) for key in every_key(it.words, "land."))
