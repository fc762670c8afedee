"""Every sentence of the pages, in both languages, from ``<language>.toml`` beside this module."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from services.portal.language import Language

FOLDER = Path(__file__).parent


class Words:
    """The sentences of one language: called with a key, such as ``start.title``, and the values of its placeholders."""

    def __init__(self, language: Language, sentences: Mapping[str, str]) -> None:
        self.language = language
        self.sentences = sentences

    def __call__(self, key: str, **values: object) -> str:
        return self.sentences[key].format(**values)

    def count(self, key: str, number: int, **values: object) -> str:
        """Return the sentence for one thing or for several: ``<key>.one`` or ``<key>.other``."""
        shown = f"{number:,}".replace(",", "." if self.language is Language.DE else ",")
        return self(f"{key}.{'one' if number == 1 else 'other'}", number=shown, **values)

    def has(self, key: str) -> bool:
        """Return whether there is a sentence of this key."""
        return key in self.sentences


def every_key(words: Words, prefix: str) -> list[str]:
    """Return the keys that begin like this, in the order of the file."""
    return [key for key in words.sentences if key.startswith(prefix)]


def read_texts(folder: Path = FOLDER) -> Mapping[Language, Words]:
    """Return the sentences of both languages.

    Raises ValueError if one language lacks a key, or uses other placeholders than the other language.
    """
    found = {it: dict(_flat(tomllib.loads((folder / f"{it}.toml").read_text(encoding="utf-8")))) for it in Language}
    german, english = found[Language.DE], found[Language.EN]
    if lone := german.keys() ^ english.keys():
        raise ValueError(f"sentences in one language only: {', '.join(sorted(lone))}")
    if different := [key for key in german if _placeholders(german[key]) != _placeholders(english[key])]:
        raise ValueError(f"sentences with different placeholders: {', '.join(sorted(different))}")
    return {language: Words(language, sentences) for language, sentences in found.items()}


def _flat(table: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", str(value)


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
