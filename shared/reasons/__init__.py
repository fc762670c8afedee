"""Reasons in words: for each stable code a sentence and what would help, in German and English, filled in with the facts.

Rules decide on codes and facts only. Whoever shows a reason to a person, or derives the German text that events hold, asks here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Final, Literal

from babel.dates import format_date

from shared.messages.reasons import Fact

FOLDER = Path(__file__).parent
Language = Literal["de", "en"]
_DAYS: Mapping[Language, tuple[str, str]] = {"de": ("dd.MM.y", "de_DE"), "en": ("d MMMM y", "en_GB")}
_KEYS = {"reason", "remedy"}
WRITTEN: Final = frozenset({"offering_withdrawn", "stopped_by_anbieter"})
"""Codes of decisions of people: without facts the reason is what they wrote, in their language, and is shown as it is."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a reader is shown: the reason, and what would help if anything is known to."""

    reason: str
    remedy: str | None


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of one code. ``names`` are the facts that they need."""

    reason: str
    remedy: str | None

    @property
    def names(self) -> frozenset[str]:
        """The names of the facts that the sentences are filled in with."""
        return frozenset(name for text in (self.reason, self.remedy or "") for _, name, _, _ in Formatter().parse(text) if name)

    def filled(self, facts: Iterable[Fact], language: Language) -> Words | None:
        """Return the sentences filled in; None if a fact is missing."""
        values = {fact.name: _shown(fact, language) for fact in facts}
        if self.names - values.keys():
            return None
        return Words(self.reason.format_map(values), None if self.remedy is None else self.remedy.format_map(values))


def words(code: str, facts: Iterable[Fact], language: Language) -> Words | None:
    """Return a reason in words; None for a code that has no sentence in this language, or whose facts are not all there."""
    wording = wordings(language).get(code)
    return None if wording is None else wording.filled(facts, language)


@cache
def wordings(language: Language) -> Mapping[str, Wording]:
    """Return the sentences of one language by code. Raises ValueError for an entry of another form."""
    found: dict[str, Wording] = {}
    for code, entry in tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8")).items():
        if not {"reason"} <= entry.keys() <= _KEYS:
            raise ValueError(f"{language}.toml: {code} must have a reason, may have a remedy, and nothing else")
        found[code] = Wording(entry["reason"], entry.get("remedy"))
    return found


def _shown(fact: Fact, language: Language) -> str:
    if fact.day is not None:
        pattern, locale = _DAYS[language]
        return str(format_date(fact.day, format=pattern, locale=locale))
    return fact.text or ""
