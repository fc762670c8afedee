"""Search over the register of public bodies: by key or by name, the nearest first, with tolerance where nothing fits.

The register is read into memory once and again whenever another edition of it has been loaded: it is small (13,000 entries).
"""

from __future__ import annotations

import difflib
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from services.eligibility.names import fold
from shared.messages.values import OrganisationType

SIMILAR = 0.8
"""How alike a word must be to stand for another that nobody has."""
MOST_SIMILAR = 5
MOST_WORDS = 6
"""Of a longer text no similar words are looked for, which costs a comparison with each word of the register."""
_KIND_WORDS = {"KREIS": "kreis landkreis", "LAND": "land bundesland", "KOMMUNE": "stadt gemeinde", "VERBAND": "verband amt"}
_ALL_KIND_WORDS = frozenset(" ".join(_KIND_WORDS.values()).split())
_KINDS = ("BUND", "LAND", "KOMMUNE", "KREIS", "VERBAND", "ANBIETER", "IT_PROVIDER")
_ARS_LENGTH = 12
_KEY_LENGTH = 5


class Nearness(IntEnum):
    """How well an entry fits, best first."""

    KEY = 0
    NAME = 1
    BEGINNING = 2
    WORDS = 3
    JOINED = 4
    SIMILAR = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """A body as it is searched. ``names`` are its name without what follows a comma or a bracket, in each folding."""

    id: str
    type: str
    state_code: str | None
    keys: frozenset[str]
    names: frozenset[str]
    words: frozenset[str]
    kinds: frozenset[str]
    joined: frozenset[str]
    order: tuple[int, str, str]

    @classmethod
    def of(cls, document: Mapping[str, str | None]) -> Entry:
        """Return the entry of a stored body."""
        body_id, name, kind = str(document["_id"]), str(document["name"]), str(document["type"])
        ars = str(document["ars"] or "")
        municipal = len(ars) == _ARS_LENGTH
        ags = ars[:5] + ars[9:] if municipal else ""
        short = name.partition(",")[0].partition("(")[0]
        foldings = frozenset({fold(name), _bare(name)})
        words = {word for folded in foldings for word in folded.split(" ")}
        place = _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
        return cls(
            id=body_id,
            type=kind,
            state_code=document["state_code"],
            keys=frozenset(key for key in (body_id.lower(), ars, ags) if key),
            names=frozenset({fold(short), _bare(short)}) | foldings,
            words=frozenset(words),
            kinds=frozenset(_KIND_WORDS.get(kind, "").split()),
            joined=frozenset(folded.replace(" ", "") for folded in foldings),
            order=(place, fold(name), body_id),
        )

    def nearness(self, query: Query) -> Nearness | None:
        """Return how well the entry fits the query, None if it does not; similar words are not looked at here."""
        fits: tuple[tuple[Nearness, Callable[[], bool]], ...] = (
            (Nearness.KEY, lambda: query.key in self.keys),
            (Nearness.NAME, lambda: not query.foldings.isdisjoint(self.names)),
            (Nearness.BEGINNING, lambda: self._begins(query)),
            (Nearness.WORDS, lambda: any(self._has_all(parts) for parts in query.parts)),
            (Nearness.JOINED, lambda: any(name.startswith(text) for name in self.joined for text in query.joined)),
        )
        return next((near for near, fit in fits if fit()), None)

    def _begins(self, query: Query) -> bool:
        if query.key.isdigit() and len(query.key) >= _KEY_LENGTH:
            return any(key.startswith(query.key) for key in self.keys)
        return any(name.startswith(folded) for name in self.names for folded in query.foldings)

    def _has_all(self, parts: Iterable[str]) -> bool:
        return all(part in self.kinds or any(word.startswith(part) for word in self.words) for part in parts)

    @property
    def terms(self) -> frozenset[str]:
        """Everything whose beginning may be searched for."""
        return self.keys | self.names | self.words | self.joined


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for, in each folding: whole, in words, and joined."""

    key: str
    foldings: frozenset[str]
    parts: tuple[tuple[str, ...], ...]
    joined: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Query:
        """Return the query of a text; blanks and separators inside a key of digits do not count."""
        plain = "".join(text.split()).lower()
        digits = plain.translate(str.maketrans("", "", "-./"))
        foldings = frozenset({fold(text), _bare(text)})
        return cls(
            key=digits if digits.isdigit() else plain,
            foldings=foldings,
            parts=tuple(tuple(folded.split(" ")) for folded in sorted(foldings)),
            joined=frozenset(folded.replace(" ", "") for folded in foldings),
        )


Place = tuple[int, int, str, str]


class BodyIndex:
    """All bodies of one edition of the register."""

    def __init__(self, documents: Iterable[Mapping[str, str | None]]) -> None:
        self.entries = [Entry.of(document) for document in documents]
        self.vocabulary = sorted({word for entry in self.entries for word in entry.words})
        self.terms = sorted((term, number) for number, entry in enumerate(self.entries) for term in entry.terms)

    def search(
        self, text: str, kind: OrganisationType | None, state_code: str | None, after: Place | None, limit: int
    ) -> tuple[list[str], Place | None]:
        """Return ids of one page of bodies, the nearest first, and the place after it, None at the end."""
        found = self._found(text, kind, state_code)
        rest = found if after is None else [place for place in found if place > after]
        page = rest[:limit]
        return [place[3] for place in page], page[-1] if len(rest) > limit else None

    def _found(self, text: str, kind: OrganisationType | None, state_code: str | None) -> list[Place]:
        def asked(entry: Entry) -> bool:
            return (kind is None or entry.type == kind) and state_code in (None, entry.state_code)

        if not fold(text):
            return sorted((Nearness.WORDS, *entry.order) for entry in self.entries if asked(entry))
        query = Query.of(text)
        near = ((entry.nearness(query), entry) for entry in self._candidates(query) if asked(entry))
        places = [(nearness, *entry.order) for nearness, entry in near if nearness is not None]
        return sorted(places or self._similar(query, filter(asked, self.entries)))

    def _candidates(self, query: Query) -> list[Entry]:
        """Return every entry that may fit: one of its terms begins with the key, the text, or a word of it."""
        heads = {query.key, *query.foldings, *query.joined}
        for parts in query.parts:
            words = [part for part in parts if part not in _ALL_KIND_WORDS] or list(parts)
            heads.add(max(words, key=len))
        numbers: set[int] = set()
        for head in filter(None, heads):
            start, end = bisect_left(self.terms, (head, -1)), bisect_left(self.terms, (f"{head}\uffff", -1))
            numbers.update(number for _, number in self.terms[start:end])
        return [self.entries[number] for number in numbers]

    def _similar(self, query: Query, entries: Iterable[Entry]) -> list[Place]:
        """Return the bodies that have for each word of the query one that is much alike."""
        if any(len(parts) > MOST_WORDS for parts in query.parts):
            return []
        alike = [
            [set(difflib.get_close_matches(part, self.vocabulary, MOST_SIMILAR, SIMILAR)) for part in parts]
            for parts in query.parts
        ]
        return [
            (Nearness.SIMILAR, *entry.order)
            for entry in entries
            if any(all(words & entry.words for words in choice) for choice in alike)
        ]


def _bare(text: str) -> str:
    """Return the text folded without its accents: what somebody types who has no umlauts."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return fold(plain)
