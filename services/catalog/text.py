"""Text search in memory for German words: folded tokens, found by beginning or inside a compound, ranked by where they stand."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from enum import IntEnum

_TOKEN = re.compile(r"[^\W_]+")
_MAYBE_COMBINING = re.compile(r"[^\x00-\u02ff]")
"""No character below U+0300 is a combining one: most of a text is never looked at one by one."""
_DIGRAPH = re.compile(r"([aou])e+")
_EXACT = 5
_BEGINNING = 2
_SHORTEST_BEGINNING = 2
_SHORTEST_PART = 4
QUERY_TOKENS = 12


class Weight(IntEnum):
    """Where a token stands: a hit in a higher place outranks any hit in a lower one."""

    TEXT = 10
    KEY = 20
    TITLE = 30


def fold(text: str) -> str:
    """Return text without case, accents and the ways to write an umlaut: Führer, Fuehrer and fuhrer become one; ß is ss."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = _MAYBE_COMBINING.sub(_without_combining, decomposed)
    return _DIGRAPH.sub(r"\1", bare)


def _without_combining(found: re.Match[str]) -> str:
    return "" if unicodedata.combining(found[0]) else found[0]


def tokens(text: str) -> list[str]:
    """Return the folded words and numbers of a text, in order."""
    return _TOKEN.findall(fold(text))


class TextIndex:
    """Documents by their tokens.

    A query finds those that hold each of its words: whole, as the beginning of a word, or (from 4 letters) inside a compound.
    """

    def __init__(self) -> None:
        self._postings: dict[str, dict[str, Weight]] = {}
        self._tokens: dict[str, set[str]] = {}
        self._vocabulary: list[str] = []
        self._sorted = True

    def put(self, document_id: str, fields: Iterable[tuple[Weight, str]]) -> None:
        """Add or replace a document."""
        self.remove(document_id)
        weights: dict[str, Weight] = {}
        for weight, text in fields:
            for token in tokens(text):
                weights[token] = max(weight, weights.get(token, weight))
        for token, weight in weights.items():
            posting = self._postings.get(token)
            if posting is None:
                self._postings[token] = {document_id: weight}
                self._sorted = False
            else:
                posting[document_id] = weight
        self._tokens[document_id] = set(weights)

    def remove(self, document_id: str) -> None:
        """Remove a document, if it is there."""
        for token in self._tokens.pop(document_id, ()):
            posting = self._postings[token]
            del posting[document_id]
            if not posting:
                del self._postings[token]
                self._sorted = False

    def match(self, query: str) -> dict[str, int] | None:
        """Return the score of each document found, None for a query without words (which restricts nothing)."""
        words = tokens(query)[:QUERY_TOKENS]
        if not words:
            return None
        found: dict[str, int] | None = None
        for word in dict.fromkeys(words):
            hits = self._hits(word)
            if found is None:
                found = hits
            else:
                found = {document_id: score + hits[document_id] for document_id, score in found.items() if document_id in hits}
        return found

    def _hits(self, word: str) -> dict[str, int]:
        hits: dict[str, int] = {}
        for token in self._holding(word):
            bonus = _EXACT if token == word else _BEGINNING if token.startswith(word) else 0
            for document_id, weight in self._postings[token].items():
                hits[document_id] = max(hits.get(document_id, 0), weight + bonus)
        return hits

    def _holding(self, word: str) -> Sequence[str]:
        if len(word) < _SHORTEST_BEGINNING:
            return [word] if word in self._postings else []
        if not self._sorted:
            self._vocabulary = sorted(self._postings)
            self._sorted = True
        if len(word) >= _SHORTEST_PART and not word.isdigit():
            return [token for token in self._vocabulary if word in token]
        start = bisect_left(self._vocabulary, word)
        end = start
        while end < len(self._vocabulary) and self._vocabulary[end].startswith(word):
            end += 1
        return self._vocabulary[start:end]
