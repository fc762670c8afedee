"""German compounds and their parts by a vocabulary: Schiffsbauregister is Schiff, Bau and Register."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from shared.search.words import Word, words

_SHORTEST = 4
_SHORTEST_NOUN = 3
_LINKS = ("", "s", "es", "n", "en", "er", "e", "ns")
"""What German puts between the parts of a compound."""
_MOST_PARTS = 5
_SHORTEST_HEAD = 5
_SHORTEST_MODIFIER = 7


class Splitter:
    """Parts of compounds, by the words that texts hold by themselves."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Learn the words of texts, of three letters only as nouns (Bau, Ehe), and what stands before the last part of one.

        Immissionsschutz is a word by itself in no text, but in Immissionsschutzgesetz, whose Gesetz is known.
        """
        stems: dict[str, str] = {}
        for text in texts:
            for word in words(text):
                noun = word.shown[0].isupper() and not word.shown.isupper()
                if len(word.folded) >= (_SHORTEST_NOUN if noun else _SHORTEST) and not word.is_number:
                    stems[word.folded] = word.stem
        for stem in list(stems.values()):
            if len(stem) >= _SHORTEST:
                stems.setdefault(stem, stem)
        self._stems = stems
        modifiers = {modifier for word in stems if (modifier := self._modifier(word)) is not None}
        stems |= {modifier: modifier for modifier in modifiers if modifier not in stems and not self._divided(modifier)}
        self._split = lru_cache(maxsize=8192)(self._divided)

    def parts(self, word: Word) -> tuple[str, ...]:
        """Return the stems of the parts of a word, the fewest that make it up; nothing for a word that is no compound."""
        return self._split(word.folded) or (self._split(word.stem) if word.stem != word.folded else ())

    def head(self, word: Word) -> str | None:
        """Return the stem of the longest word that another ends in, which says what it is: Markt of Spezialmarkt."""
        for start in range(_SHORTEST_NOUN, len(word.stem) - _SHORTEST_HEAD + 1):
            if word.stem[start:] in self._stems:
                return self._stems[word.stem[start:]]
        return None

    def _modifier(self, folded: str) -> str | None:
        """Return what stands before the longest known word that another ends in, without the link between them."""
        for start in range(_SHORTEST_MODIFIER, len(folded) - _SHORTEST_HEAD + 1):
            if folded[start:] in self._stems:
                modifier = folded[:start].removesuffix("s")
                return modifier if len(modifier) >= _SHORTEST_MODIFIER else None
        return None

    def pieces(self, word: Word) -> tuple[str, ...]:
        """Return the stems of the longest known words that another begins and ends with; nothing for one without either."""
        found = [
            self._stems[word.folded[:end]]
            for end in range(len(word.folded) - 1, _SHORTEST_HEAD - 1, -1)
            if word.folded[:end] in self._stems
        ]
        head = self.head(word)
        return (*found[:1], *(() if head is None else (head,)))

    def _divided(self, text: str) -> tuple[str, ...]:
        # Shortest path over the places at which a part may begin: per place the parts so far, the fewest of them.
        reached: dict[int, tuple[str, ...]] = {0: ()}
        for start in range(len(text) - _SHORTEST_NOUN + 1):
            before = reached.get(start)
            if before is None or len(before) == _MOST_PARTS:
                continue
            for end in range(start + _SHORTEST_NOUN, len(text) + 1):
                stem = self._stems.get(text[start:end])
                if stem is None or (start, end) == (0, len(text)):
                    continue
                for link in _LINKS:
                    after = end + len(link)
                    if text.startswith(link, end) and (after < len(text) or not link):
                        known = reached.get(after)
                        if known is None or len(known) > len(before) + 1:
                            reached[after] = (*before, stem)
        found = reached.get(len(text), ())
        return found if len(found) > 1 else ()
