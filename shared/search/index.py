"""Texts in memory that are found by words: SQLite's FTS5 over folded words, stems and the parts of compounds.

A query finds what holds each of its words, in one of the forms that German has, or what these are called officially. If nothing
does, words that nobody has are taken for typing errors; if still nothing does, what holds most of the words is found.
"""

from __future__ import annotations

import difflib
import sqlite3
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from shared.search.compounds import Splitter
from shared.search.lexicon import Lexicon
from shared.search.marks import Piece, cut
from shared.search.words import Word, words

MOST_WORDS = 12
"""Words of a query that count."""
_MOST_CORRECTED = 6
_SHORTEST_CORRECTED = 4
_SHORTEST_BEGINNING = 2
_ALIKE = 0.8
_ALIKE_COMPOUND = 0.88
"""How alike a word must be to stand for one that nobody has; more so if that begins or ends as a known one does."""
_CANDIDATES = 60
_MOST_JOINED = 4
_SHORTEST_PART = 3
_SCORE_BITS = 40
_SCORE_STEPS = 10_000


class Zone(IntEnum):
    """Where a word stands: what a thing is called, its other names, its keys, what is written about it."""

    TITLE = 0
    NAMES = 1
    KEYS = 2
    TEXT = 3


_COLUMNS = ("title", "names", "keys", "body", "title_parts", "names_parts", "body_parts")
_WEIGHTS = (12.0, 2.5, 4.0, 1.0, 5.0, 1.0, 0.4)
_WORDS = {Zone.TITLE: 0, Zone.NAMES: 1, Zone.KEYS: 2, Zone.TEXT: 3}
_PARTS = {Zone.TITLE: 4, Zone.NAMES: 5, Zone.TEXT: 6}
_IN_TITLE = "title title_parts"
_IN_WORDS = "title names keys body"
_IN_ALL = "title names keys body title_parts names_parts body_parts"


class Level(IntEnum):
    """How near a document is. NAMED: its title has the words. CALLED: its title has what they are called. MENTIONED: another."""

    NAMED = 0
    CALLED = 1
    MENTIONED = 2


class Found(StrEnum):
    """How a query was understood. ALL: each word was found. CORRECTED: with typing errors put right. SOME: most words only."""

    ALL = "all"
    CORRECTED = "corrected"
    SOME = "some"


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found, the least level first, then the greatest score. Comparable within one search only."""

    level: Level
    score: float

    @property
    def place(self) -> int:
        """The place among all hits as one number, the least first."""
        return (self.level << _SCORE_BITS) - int(self.score * _SCORE_STEPS)


@dataclass(frozen=True, slots=True)
class Match:
    """What a query found: documents by id, how it was understood, and the query as corrected, None if it was not."""

    hits: Mapping[str, Hit]
    found: Found = Found.ALL
    meant: str | None = None
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """A form of a word: whole or the beginning of a word, or also a part of a compound."""

    text: str
    beginning: bool = False
    inside: bool = False

    def expression(self, columns: str | None = None) -> str:
        """Return the term in FTS5's language."""
        chosen = columns or (_IN_ALL if self.inside else _IN_WORDS)
        return f'{{{chosen}}} : "{self.text}"{" *" if self.beginning else ""}'


@dataclass(frozen=True, slots=True)
class Group:
    """A word of a query, or a phrase: ``ways`` to find it, each a list of terms that must all be there.

    ``official`` are those by what it is called officially. ``short``: a letter or two say little beside other words.
    """

    ways: tuple[tuple[Term, ...], ...]
    official: tuple[tuple[Term, ...], ...] = ()
    needed: bool = True
    short: bool = False

    def expression(self, columns: str | None = None, *, literal: bool = False) -> str:
        """Return the group in FTS5's language, ``literal`` without what it is called officially."""
        ways = self.ways if literal else (*self.ways, *self.official)
        return "(" + " OR ".join("(" + " AND ".join(term.expression(columns) for term in way) + ")" for way in ways) + ")"

    @property
    def loose(self) -> Group:
        """The same, found by any of its terms."""
        return Group(tuple((term,) for way in (*self.ways, *self.official) for term in way))


class TextIndex:
    """Documents by their words. Not for two threads at once."""

    def __init__(self, lexicon: Lexicon | None = None, splitter: Splitter | None = None, *, spread: bool = True) -> None:
        """Index nothing yet. ``spread``: everyday words also mean official ones, as those of services do and names do not."""
        self._spread = spread
        self._learned: set[str] = set()
        self._lexicon = lexicon or Lexicon()
        self._splitter = splitter or Splitter()
        # Built in a thread of its own where it is large, and asked by the loop afterwards.
        self._database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA cache_size = -512")
        self._database.execute("CREATE TABLE documents (number INTEGER PRIMARY KEY, id TEXT UNIQUE)")
        self._database.execute(
            f"CREATE VIRTUAL TABLE texts USING fts5({', '.join(_COLUMNS)}, tokenize = 'unicode61 remove_diacritics 0')"
        )
        self._database.execute("CREATE TABLE vocabulary (word TEXT PRIMARY KEY, shown TEXT) WITHOUT ROWID")
        self._database.execute("CREATE VIRTUAL TABLE spellings USING fts5(word, tokenize = 'trigram', detail = 'none')")
        for phrase in self._lexicon.shown if spread else ():
            self._learn(words(phrase))

    def put(self, document_id: str, fields: Iterable[tuple[Zone, str]]) -> None:
        """Add or replace a document."""
        self.put_all([(document_id, fields)])

    def put_all(self, documents: Iterable[tuple[str, Iterable[tuple[Zone, str]]]]) -> None:
        """Add or replace documents, in one transaction."""
        self._database.execute("BEGIN")
        try:
            for document_id, fields in documents:
                self._remove(document_id)
                row = self._database.execute("INSERT INTO documents (id) VALUES (?)", (document_id,)).lastrowid
                places = ", ".join("?" * len(_COLUMNS))
                self._database.execute(
                    f"INSERT INTO texts (rowid, {', '.join(_COLUMNS)}) VALUES (?, {places})",  # noqa: S608 - names of ours
                    (row, *self._columns(fields)),
                )
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
        self._learned.clear()

    def remove(self, document_id: str) -> None:
        """Remove a document, if it is there."""
        self._remove(document_id)

    def match(self, query: str) -> Match | None:
        """Return what a query finds, None for a query without words (which restricts nothing)."""
        asked = self._asked(query)
        if not asked:
            return None
        groups = self._groups(asked)
        hits, found = self._search(groups)
        if hits:
            return Match(hits, found, groups=groups)
        corrected = self._corrected(asked)
        if corrected is not None:
            other = self._groups(corrected)
            hits, _ = self._search(other)
            meant = " ".join(word.shown for word in corrected)
            if hits:
                return Match(hits, Found.CORRECTED, meant, other)
            groups = other
        some = self._search_some(groups) or self._search_pieces(asked)
        return Match(some, Found.SOME, None if corrected is None or not some else meant, groups)

    def marked(self, text: str, match: Match) -> tuple[Piece, ...]:
        """Return a text in pieces of which those are hits that a query was found by; nothing for a text without any."""
        terms = [term for group in match.groups for way in (*group.ways, *group.official) for term in way]
        composed = unicodedata.normalize("NFC", text)
        hits = [(word.start, word.end) for word in words(composed) if self._is_meant(word, terms)]
        return cut(composed, hits) if hits else ()

    def _is_meant(self, word: Word, terms: Iterable[Term]) -> bool:
        parts = frozenset((*self._splitter.parts(word), self._splitter.head(word)))
        return any(
            term.text in (word.folded, word.stem)
            or (term.beginning and word.folded.startswith(term.text))
            or (term.inside and term.text in parts)
            for term in terms
        )

    def _remove(self, document_id: str) -> None:
        found = self._database.execute("DELETE FROM documents WHERE id = ? RETURNING number", (document_id,)).fetchall()
        self._database.executemany("DELETE FROM texts WHERE rowid = ?", found)

    def _columns(self, fields: Iterable[tuple[Zone, str]]) -> list[str]:
        columns: list[list[str]] = [[] for _ in _COLUMNS]
        for zone, text in fields:
            plain = list(words(text))
            found = self._lexicon.written_out(plain)
            self._learn(found)
            forms, parts = columns[_WORDS[zone]], columns[_PARTS.get(zone, -1)]
            for word in found:
                forms += dict.fromkeys((word.folded, word.stem))
                if zone in _PARTS:
                    parts += self._splitter.parts(word) or filter(None, (self._splitter.head(word),))
            if zone is not Zone.TEXT:
                forms += _joined(plain)
        return [" ".join(column) for column in columns]

    def _learn(self, found: Iterable[Word]) -> None:
        for word in found:
            if not word.is_number and len(word.folded) >= _SHORTEST_CORRECTED and word.folded not in self._learned:
                self._learned.add(word.folded)
                new = self._database.execute("INSERT OR IGNORE INTO vocabulary VALUES (?, ?)", (word.folded, word.shown))
                if new.rowcount:
                    self._database.execute("INSERT INTO spellings (word) VALUES (?)", (word.folded,))

    def _asked(self, query: str) -> list[Word]:
        found = self._lexicon.written_out(list(words(query))[:MOST_WORDS])
        return found[:MOST_WORDS]

    def _groups(self, asked: Sequence[Word]) -> tuple[Group, ...]:
        """Return the words of a query with all ways to find them; phrases stand for the words that make them up."""
        fillers = self._lexicon.fillers
        plain = all(word.stem in fillers for word in asked)
        spans = {
            (at, length): (self._plainly(asked[at : at + length]), self._official(meant))
            for at, length, meant in (self._lexicon.meant(asked) if self._spread else ())
        }
        for at, length, whole in self._joins(asked):
            ways, official = spans.get((at, length), ((), []))
            meant = self._lexicon.everyday.get((whole.stem,), ()) if self._spread else ()
            apart = () if whole.is_number else self._plainly(asked[at : at + length])
            spans[at, length] = ((*ways, *self._ways(whole), *apart), [*official, *self._official(meant)])
        groups: list[Group] = []
        at = 0
        while at < len(asked):
            length = max((length for start, length in spans if start == at), default=1)
            ways, official = spans.get((at, length), ((), []))
            if length == 1:
                ways = tuple(self._ways(asked[at], alone=len(asked) == 1))
                official = [*official, *self._official_parts(asked[at])]
            else:
                # What a whole phrase means is no guess.
                ways, official = (*ways, *official), []
            needed = plain or length > 1 or asked[at].stem not in fillers
            short = length == 1 and len(asked[at].folded) < _SHORTEST_PART and not asked[at].is_number
            groups.append(Group(ways, tuple(official), needed, short))
            at += length
        return tuple(groups)

    def _plainly(self, phrase: Sequence[Word]) -> tuple[tuple[Term, ...], ...]:
        """Return the way to find a phrase by its own words: those that are no fillers."""
        counting = [word for word in phrase if word.stem not in self._lexicon.fillers] or phrase
        return (tuple(way[0] for word in counting for way in self._ways(word)[:1]),)

    def _ways(self, word: Word, *, alone: bool = False) -> list[tuple[Term, ...]]:
        """Return the ways to find a word: it or its beginning, its stem, all its parts; ``alone``: the query has no other."""
        if word.is_number:
            return [(Term(word.folded, beginning=True),)]
        # Names are shortened to a letter: Frankfurt a.d.O.
        shortest = 1 if not self._spread else _SHORTEST_BEGINNING if alone else _SHORTEST_PART
        ways: list[tuple[Term, ...]] = [(Term(word.folded, beginning=len(word.folded) >= shortest, inside=True),)]
        if word.stem and word.stem != word.folded:
            ways.append((Term(word.stem, inside=True),))
        parts = [part for part in self._splitter.parts(word) if part not in self._lexicon.fillers]
        if parts:
            ways.append(tuple(Term(part, inside=True) for part in parts))
        return ways

    def _official(self, meant: Iterable[str]) -> list[tuple[Term, ...]]:
        """Return the ways to find what an everyday phrase means."""
        found = []
        for text in meant:
            named = [word for word in words(text) if word.stem not in self._lexicon.fillers]
            whole = tuple(Term(word.stem, inside=True) for word in named)
            apart = tuple(Term(part, inside=True) for word in named for part in self._splitter.parts(word) or (word.stem,))
            found += [whole, *([apart] if apart != whole else [])]
        return [way for way in found if way]

    def _official_parts(self, word: Word) -> list[tuple[Term, ...]]:
        """Return the ways to find a compound by what one of its parts means, such as Taxi of Taxigenehmigung."""
        parts = self._splitter.parts(word) if self._spread else ()
        found = []
        for at, part in enumerate(parts):
            others = tuple(Term(it, inside=True) for it in (*parts[:at], *parts[at + 1 :]) if it not in self._lexicon.fillers)
            found += [(*way, *others) for way in self._official(self._lexicon.everyday.get((part,), ()))]
        return found

    def _joins(self, asked: Sequence[Word]) -> list[tuple[int, int, Word]]:
        """Return numbers written with blanks as one, and neighbours that are one word of the vocabulary."""
        spans = []
        at = 0
        while at < len(asked):
            end = at
            while end < len(asked) and asked[end].is_number:
                end += 1
            if end - at > 1:
                spans.append((at, end - at, _as_one(asked[at:end])))
            elif at + 1 < len(asked):
                pair = asked[at : at + 2]
                whole = _as_one(pair)
                if all(self._may_be_part(word) for word in pair) and self._is_word(whole.folded):
                    spans.append((at, 2, whole))
            at = max(end, at + 1)
        return spans

    def _search(self, groups: Sequence[Group]) -> tuple[dict[str, Hit], Found]:
        """Return what holds all words; if no title does, what holds all but the short ones: a class of licence is no name."""
        hits = self._search_all(groups)
        main = [replace(group, needed=group.needed and not group.short) for group in groups]
        if _is_titled(hits) or main == list(groups) or not any(group.needed for group in main):
            return hits, Found.ALL
        others = self._search_all(main)
        return (others, Found.SOME) if _is_titled(others) or not hits else (hits, Found.ALL)

    def _search_all(self, groups: Sequence[Group]) -> dict[str, Hit]:
        needed = [group for group in groups if group.needed]
        strict = " AND ".join(group.expression() for group in needed)
        extra = [group.expression() for group in groups if not group.needed]
        # A word that need not be found raises what has it.
        expression = " OR ".join([f"({strict})", *(f"(({strict}) AND {it})" for it in extra)])
        literal = " AND ".join(group.expression(_IN_TITLE, literal=True) for group in needed)
        return self._ranked(expression, literal, " AND ".join(group.expression(_IN_TITLE) for group in needed))

    def _search_some(self, groups: Sequence[Group]) -> dict[str, Hit]:
        loose = [group.loose for group in groups if group.needed]
        titled = " OR ".join(group.expression(_IN_TITLE) for group in loose)
        return self._ranked(" OR ".join(group.expression() for group in loose), None, titled)

    def _search_pieces(self, asked: Sequence[Word]) -> dict[str, Hit]:
        """Return what holds the known beginning or end of a word that nobody has: Bußgeldbescheid begins with Bußgeld."""
        pieces = {piece for word in asked for piece in self._splitter.pieces(word) if piece not in self._lexicon.fillers}
        groups = [Group(((Term(piece, inside=True),),)) for piece in sorted(pieces)]
        return self._search_some(groups) if groups else {}

    def _ranked(self, expression: str, named: str | None, called: str) -> dict[str, Hit]:
        levels = {Level.CALLED: self._numbers(called), Level.NAMED: self._numbers(named) if named else frozenset()}
        weights = ", ".join(map(str, _WEIGHTS))
        rows = self._database.execute(
            f"SELECT d.number, d.id, bm25(texts, {weights}) FROM texts JOIN documents d ON d.number = texts.rowid"  # noqa: S608
            " WHERE texts MATCH ?",
            (expression,),
        )
        hits = {}
        for number, document_id, score in rows:
            level = next((it for it in (Level.NAMED, Level.CALLED) if number in levels[it]), Level.MENTIONED)
            hits[document_id] = Hit(level, -score)
        return hits

    def _numbers(self, expression: str) -> frozenset[int]:
        return frozenset(row[0] for row in self._database.execute("SELECT rowid FROM texts WHERE texts MATCH ?", (expression,)))

    def _may_be_part(self, word: Word) -> bool:
        return len(word.folded) >= _SHORTEST_PART and word.stem not in self._lexicon.fillers

    def _is_word(self, folded: str) -> bool:
        return self._database.execute("SELECT 1 FROM vocabulary WHERE word = ?", (folded,)).fetchone() is not None

    def _is_known(self, beginning: str) -> bool:
        """Return whether a word of the vocabulary begins like this."""
        found = self._database.execute(
            "SELECT 1 FROM vocabulary WHERE word >= ? AND word < ? LIMIT 1", (beginning, f"{beginning}\U0010ffff")
        )
        return found.fetchone() is not None

    def _corrected(self, asked: Sequence[Word]) -> list[Word] | None:
        """Return the query with each word that nobody has replaced by the one most like it, None if there is none to replace."""
        unknown = [at for at, word in enumerate(asked) if self._is_strange(word)][:_MOST_CORRECTED]
        corrected = list(asked)
        for at in unknown:
            if self._splitter.parts(asked[at]):
                continue  # a compound that stands nowhere is no typing error
            nearest = self._nearest(asked[at].folded, _ALIKE_COMPOUND if self._splitter.pieces(asked[at]) else _ALIKE)
            if nearest is not None and nearest.stem != asked[at].stem:
                corrected[at] = replace(nearest, start=asked[at].start, end=asked[at].end)
        return None if corrected == list(asked) else corrected

    def _is_strange(self, word: Word) -> bool:
        if word.is_number or len(word.folded) < _SHORTEST_CORRECTED or word.stem in self._lexicon.fillers:
            return False
        return not self._is_known(word.folded)

    def _nearest(self, folded: str, alike: float) -> Word | None:
        grams = dict.fromkeys(folded[at : at + 3] for at in range(len(folded) - 2))
        query = " OR ".join(f'"{gram}"' for gram in grams)
        rows = self._database.execute(
            "SELECT word FROM spellings WHERE spellings MATCH ? ORDER BY bm25(spellings) LIMIT ?", (query, _CANDIDATES)
        ).fetchall()
        best = difflib.get_close_matches(folded, [row[0] for row in rows], 1, alike)
        if not best:
            return None
        shown = self._database.execute("SELECT shown FROM vocabulary WHERE word = ?", (best[0],)).fetchone()
        return next(words(shown[0]))


def _is_titled(hits: Mapping[str, Hit]) -> bool:
    """Return whether something was found by its title."""
    return any(hit.level is not Level.MENTIONED for hit in hits.values())


def _as_one(found: Sequence[Word]) -> Word:
    """Return neighbours as the word that they are without blanks."""
    whole = next(words("".join(word.shown for word in found)))
    return replace(whole, start=found[0].start, end=found[-1].end)


def _joined(found: Sequence[Word]) -> list[str]:
    """Return words between which no blank lies as one: Online-Dienst, Komm.ONE."""
    out: list[str] = []
    run: list[str] = []
    for word in (*found, None):
        if word is not None and word.joined and len(run) < _MOST_JOINED:
            run.append(word.folded)
            continue
        if len(run) > 1:
            out.append("".join(run))
        run = [] if word is None else [word.folded]
    return out
