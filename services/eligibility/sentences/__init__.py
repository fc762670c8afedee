"""Sentences of the pre-check in German and English, made of codes and params; the words are data beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

Language = Literal["de", "en"]

_BODIES: Final = frozenset(
    {"org", "holder", "from", "to", "awarder", "contractor", "mother", "controlling", "controlled", "anbieter"}
)
_WORDS: Final = frozenset({"role", "type", "verdict"})
_MONEY: Final = frozenset({"entrusted", "total", "needed", "market", "largest"})
_DAYS: Final = frozenset({"expired_on", "date", "valid_from", "valid_to"})


@cache
def words(language: Language) -> Mapping[str, Mapping[str, str]]:
    """Return all templates of a language, by kind and code."""
    return tomllib.loads(files(__name__).joinpath(f"{language}.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes sentences in one language. ``names`` of bodies and ``facts`` as recorded are by id."""

    language: Language
    names: Mapping[str, str]
    facts: Mapping[str, Mapping[str, Any]]

    def result(self, result: Mapping[str, Any]) -> str:
        """Return the sentence of a result of the explanation. Raises KeyError for a code without one."""
        params = dict(result["params"]) | ({"years": result["numbers"]["years"]} if result["numbers"] else {})
        return self._filled(words(self.language)["codes"][result["code"]], params)

    def remedy(self, remedy: Mapping[str, Any]) -> str:
        """Return the sentence of a remedy. Raises KeyError for a code without one."""
        return self._filled(words(self.language)["remedies"][remedy["code"]], remedy)

    def fact(self, id_: str) -> str:
        """Return what a fact is about, in a few words."""
        fact = self.facts.get(id_)
        if fact is None:
            return words(self.language)["words"]["unknown_fact"]
        kind = fact["type"] if fact["kind"] == "relation" else fact["kind"]
        return self._filled(words(self.language)["facts"][kind], fact)

    def _filled(self, template: str, params: Mapping[str, Any]) -> str:
        texts = {name: self._text(name, value) for name, value in params.items() if value is not None}
        if {"entrusted", "total"} <= params.keys():
            texts["share"] = per_cent(params["entrusted"], params["total"], self.language)
        return template.format_map(texts)

    def _text(self, name: str, value: Any) -> str:  # noqa: ANN401 - any param
        if name in _BODIES:
            return self.names.get(value, value)
        if name == "parties":
            return words(self.language)["words"]["and"].join(self.names.get(party, party) for party in value)
        if name == "fact":
            return self.fact(value)
        if name == "facts":
            return "; ".join(self._interval(fact) for fact in value)
        if name == "fields":
            return ", ".join(words(self.language)["fields"].get(field, field) for field in value)
        return self._value(name, value)

    def _value(self, name: str, value: Any) -> str:  # noqa: ANN401 - any param
        if name in _WORDS:
            return words(self.language)[name].get(value, str(value))
        if name in _MONEY:
            return euros(value, self.language)
        if name in _DAYS:
            return self._day(value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return ", ".join(str(each) for each in value)
        return str(value)

    def _interval(self, fact: Mapping[str, Any]) -> str:
        word = words(self.language)["words"]
        bounds = ((word["from"], fact["valid_from"]), (word["until"], fact["valid_to"]))
        days = " ".join(f"{prefix} {self._day(day)}" for prefix, day in bounds if day is not None)
        about = self.names.get(fact["fact"]) or self.fact(fact["fact"])
        return f"{about} ({days})" if days else about

    def _day(self, day: str) -> str:
        return f"{day[8:]}.{day[5:7]}.{day[:4]}" if self.language == "de" else day


def refused(language: Language, code: str, params: Mapping[str, str]) -> tuple[str, str]:
    """Return why a question is out of scope, and what would help. Raises KeyError for a code without sentences."""
    found = words(language)
    return found["refusals"][code].format_map(params), found["refusal_remedies"][code].format_map(params)


def euros(cents: int, language: Language) -> str:
    """Return an amount with its currency: grouped by thousands, with two decimals."""
    text = f"{cents // 100:,}.{cents % 100:02}"
    return f"{text.translate(str.maketrans(',.', '.,'))} €" if language == "de" else f"EUR {text}"


def per_cent(part: int, whole: int, language: Language) -> str:
    """Return a share in per cent, rounded down to two decimals so that a share that is too low never looks high enough."""
    hundredths = part * 10_000 // whole
    text = f"{hundredths // 100}.{hundredths % 100:02}"
    return text.replace(".", ",") if language == "de" else text
