"""What people say and what it is called officially, as the data file states it: ``data/search_words.csv``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from shared.csv_rows import Items, read_csv
from shared.search.words import Word, words

FILE = "search_words.csv"
Phrase = tuple[str, ...]


class Use(StrEnum):
    """ABBREVIATION: written out in texts and queries. EVERYDAY: a query means these too. FILLER: need not be found.

    KIND: says what kind of body somebody means (``meant`` is its code), and is no part of its name.
    """

    ABBREVIATION = "abbreviation"
    EVERYDAY = "everyday"
    FILLER = "filler"
    KIND = "kind"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of search_words.csv. ``meant`` are texts; a filler has none."""

    said: str
    meant: Items
    use: Use
    source: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Abbreviations, everyday words and fillers, by the folded words or stems that are said; words for each kind of body."""

    abbreviations: dict[Phrase, str] = field(default_factory=dict)
    everyday: dict[Phrase, tuple[str, ...]] = field(default_factory=dict)
    fillers: frozenset[str] = frozenset()
    shown: tuple[str, ...] = ()
    beginnings: frozenset[str] = frozenset()
    kinds: dict[str, frozenset[str]] = field(default_factory=dict)

    def written_out(self, text: Sequence[Word]) -> list[Word]:
        """Return the words with each abbreviation written out, the longest first; what stands last alone is none.

        ``Neustadt a.d.Donau, St`` ends in a kind of town, ``St. Augustin`` begins with a saint.
        """
        out: list[Word] = []
        at = 0
        while at < len(text):
            length, meant = self._abbreviated(text, at)
            if meant is None:
                out.append(text[at])
                at += 1
                continue
            first, last = text[at], text[at + length - 1]
            out += [Word(it.shown, it.folded, it.stem, first.start, last.end, joined=False) for it in words(meant)]
            at += length
        return out

    def meant(self, text: Sequence[Word]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """Yield what phrases of a query mean officially: first word, number of words, texts."""
        stems = [word.stem for word in text]
        for at in range(len(text)):
            for length in range(1, min(_MOST_WORDS, len(text) - at) + 1):
                meant = self.everyday.get(tuple(stems[at : at + length]))
                if meant is not None:
                    yield at, length, meant

    def _abbreviated(self, text: Sequence[Word], at: int) -> tuple[int, str | None]:
        if text[at].folded not in self.beginnings:
            return 1, None
        for length in range(min(_MOST_WORDS, len(text) - at), 0, -1):
            meant = self.abbreviations.get(tuple(word.folded for word in text[at : at + length]))
            if meant is not None and not (length == 1 and at == len(text) - 1 and len(text[at].folded) < _SHORTEST_ALONE):
                return length, meant
        return 1, None


_MOST_WORDS = 4
_SHORTEST_ALONE = 3


def read_lexicon(data_dir: Path) -> Lexicon:
    """Return the lexicon of a folder of reference data. Raises what ``read_csv`` raises."""
    lexicon = Lexicon()
    fillers: set[str] = set()
    shown: list[str] = []
    for row in read_csv(data_dir / FILE, Row):
        said = list(words(row.said))
        if row.use is Use.ABBREVIATION:
            lexicon.abbreviations[tuple(word.folded for word in said)] = row.meant[0]
        elif row.use is Use.EVERYDAY:
            phrase = tuple(word.stem for word in said)
            lexicon.everyday[phrase] = (*lexicon.everyday.get(phrase, ()), *row.meant)
            shown.append(row.said)
        elif row.use is Use.KIND:
            for kind in row.meant:
                lexicon.kinds[kind] = lexicon.kinds.get(kind, frozenset()).union(word.folded for word in said)
        else:
            fillers.update(word.stem for word in said)
    beginnings = frozenset(phrase[0] for phrase in lexicon.abbreviations)
    return Lexicon(lexicon.abbreviations, lexicon.everyday, frozenset(fillers), tuple(shown), beginnings, lexicon.kinds)
