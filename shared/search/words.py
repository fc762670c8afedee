"""Words of a text as search compares them: without case, accents and the ways to write an umlaut, and as their stems."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

LONGEST = 60
"""Letters of a word that count: no German word of an administration is longer, and work grows with them."""
_WORD = re.compile(r"[^\W\d_]+(?=\d{5})|[^\W_]+")
"""A word or number; letters before a long number, such as that of a key, are a word of their own."""
_MAYBE_COMBINING = re.compile(r"[^\x00-\u02ff]")
"""No character below U+0300 is a combining one: most of a text is never looked at one by one."""
_DIGRAPH = re.compile(r"([aou])e+")


class _Stemmers(threading.local):
    """A stemmer for each thread: one is not to be used by two at once."""

    def __init__(self) -> None:
        self.german = Stemmer.Stemmer("german")


_STEMMERS = _Stemmers()


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text. ``folded`` and ``stem`` are compared; ``joined``: no blank lies between it and the word before."""

    shown: str
    folded: str
    stem: str
    start: int
    end: int
    joined: bool

    @property
    def is_number(self) -> bool:
        """Whether the word has digits only."""
        return self.folded.isdigit()


def fold(text: str) -> str:
    """Return text without case, accents and the ways to write an umlaut: Führer, Fuehrer and fuhrer become one; ß is ss."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = _MAYBE_COMBINING.sub(_without_combining, decomposed)
    return _DIGRAPH.sub(r"\1", bare)


@lru_cache(maxsize=16_384)
def forms(word: str) -> tuple[str, str]:
    """Return a word folded, and its stem (Snowball's German stemmer) folded."""
    lower = unicodedata.normalize("NFC", word.casefold())
    return fold(lower), fold(_STEMMERS.german.stemWord(lower))


def words(text: str) -> Iterator[Word]:
    """Yield the words and numbers of a text in order; ``start`` and ``end`` are places in the text in form NFC."""
    composed = unicodedata.normalize("NFC", text)
    before = -1
    for found in _WORD.finditer(composed):
        shown = found[0]
        folded, stem = forms(shown[:LONGEST])
        gap = composed[before : found.start()] if before >= 0 else " "
        before = found.end()
        # A letter that folds to several characters, or to none, such as a lone accent: only what can be compared counts.
        parts = _WORD.findall(folded)
        if parts:
            yield Word(
                shown, "".join(parts), "".join(_WORD.findall(stem)), found.start(), found.end(), not any(map(str.isspace, gap))
            )


def _without_combining(found: re.Match[str]) -> str:
    return "" if unicodedata.combining(found[0]) else found[0]
