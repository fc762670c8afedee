"""Search over the register of public bodies: by key or by name, the nearest first.

The register is read into memory once and again whenever another edition of it has been loaded: it is small (13,000 entries).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from shared.messages.values import OrganisationType
from shared.search.index import Found, Level, TextIndex, Zone
from shared.search.lexicon import Lexicon
from shared.search.words import Word, fold, words

_KINDS = ("BUND", "LAND", "KOMMUNE", "KREIS", "VERBAND", "ANBIETER", "IT_PROVIDER")
_ARS_LENGTH = 12
_VERBAND_LENGTH = 9
_AGS_LENGTH = 8
_KEY_LENGTH = 5
_KREISFREI = "0000000"
_OF_LAND = "de-"
"""What stands before the code of a Land in its key."""
_AREAS = frozenset({"LAND", "KREIS"})
"""Kinds of bodies that towns lie in, by their regional key."""
_MOST_WITHIN = 8
"""Words of a town and of what it lies in: longer names are not taken apart, as work grows with them."""
_SUFFIXES = {"St": "Stadt", "M": "Markt", "GKSt": "Große Kreisstadt"}
"""What the Gemeindeverzeichnis of Bayern puts behind a comma."""
_TAILS = frozenset(("an", "am", "auf", "im", "in", "ob", "bei", "vor"))
"""Words with which a name begins to say where its town lies."""


class Nearness(IntEnum):
    """How well an entry fits, best first."""

    KEY = 0
    NAME = 1
    BEGINNING = 2
    WORDS = 3
    MENTIONED = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A body as it is searched. ``core``: the words of its name without what says where it lies or what it is."""

    id: str
    type: str
    state_code: str | None
    ars: str
    core: tuple[str, ...]
    kinds: frozenset[str]
    order: tuple[int, str, str]

    def misfit(self, kinds: frozenset[str]) -> int:
        """Return how many of the kinds of body that a query names this one is not."""
        return len(kinds - self.kinds)


Place = tuple[int, int, int, int, str, str]
"""Place in a list: nearness, misfit, distance, kind, folded name, id."""


@dataclass(frozen=True, slots=True)
class BodyQuery:
    """What is searched for: words or a key, a kind, a Land, and the regional key of whoever searches."""

    text: str = ""
    kind: OrganisationType | None = None
    state_code: str | None = None
    near: str = ""


class BodyIndex:
    """All bodies of one edition of the register."""

    def __init__(
        self,
        documents: Iterable[Mapping[str, str | None]],
        lexicon: Lexicon | None = None,
        successors: Mapping[str, str] | None = None,
    ) -> None:
        """Index the bodies. ``successors``: which body followed a regional key that a reform has given up."""
        self._lexicon = lexicon or Lexicon()
        self._entries: dict[str, Entry] = {}
        self._of_bodies = frozenset[str]().union(*self._lexicon.kinds.values())
        self._sets: dict[frozenset[str], frozenset[str]] = {}
        self._keys: list[tuple[str, str]] = []
        self._cores: set[tuple[str, ...]] = set()
        self._text = TextIndex(self._lexicon, spread=False)
        self._text.put_all([self._added(document) for document in documents])
        for former, body_id in (successors or {}).items():
            if body_id in self._entries:
                self._keys += [(key, body_id) for key in _regional_keys("KOMMUNE", former)]
        self._keys = sorted(set(self._keys))

    def search(self, asked: BodyQuery, after: Place | None, limit: int) -> BodyPage:
        """Return one page of bodies, the nearest first.

        Of bodies whose names fit alike, those come first that share more of the regional key ``near``, then a Land before a
        town, a kreisfreie Stadt before others, a town before a Kreis.
        """
        found, understood, meant = self._found(asked.text)
        places = sorted(
            (nearness, misfit, _distance(asked.near, entry.ars), *entry.order)
            for nearness, misfit, entry in found
            if (asked.kind is None or entry.type == asked.kind) and asked.state_code in (None, entry.state_code)
        )
        start = 0 if after is None else bisect_right(places, after)
        page = places[start : start + limit]
        return BodyPage([it[-1] for it in page], page[-1] if start + limit < len(places) else None, understood, meant)

    def _added(self, document: Mapping[str, str | None]) -> tuple[str, tuple[tuple[Zone, str], ...]]:
        body_id, name, kind = str(document["_id"]), str(document["name"]), str(document["type"])
        ars = str(document["ars"] or "")
        short, _, suffix = name.partition(",")
        suffix = _SUFFIXES.get(suffix.strip(), suffix)
        entry = Entry(
            id=body_id,
            type=kind,
            state_code=document["state_code"],
            ars=ars,
            core=self._core(short.partition("(")[0].partition("/")[0]),
            # In brackets stands what a Verband is, but of a town where it lies: Rosenheim (Landkreis Altenkirchen).
            kinds=self._kinds(kind, f"{short if kind == 'VERBAND' else short.partition('(')[0]} {suffix}"),
            order=(_rank(kind, ars, suffix), fold(name), body_id),
        )
        self._entries[body_id] = entry
        self._cores.add(entry.core)
        self._keys += [(key, body_id) for key in {fold(body_id), *_regional_keys(kind, ars)}]
        # The name as one word, for who writes Kommone or Badhomburg.
        joined = "".join(word.folded for word in words(short.partition("(")[0]))
        return body_id, (
            (Zone.TITLE, short),
            (Zone.NAMES, f"{suffix} {joined}"),
            (Zone.KEYS, body_id),
        )

    def _kinds(self, kind: str, text: str) -> frozenset[str]:
        """Return the words of ``_of_bodies`` that fit a body by its kind or its name, one set for all that are alike."""
        found = self._lexicon.kinds.get(kind, frozenset()).union(
            word.folded for word in words(text) if word.folded in self._of_bodies
        )
        return self._sets.setdefault(found, found)

    def _words(self, text: str) -> list[Word]:
        return self._lexicon.written_out(list(words(text)))

    def _core(self, text: str) -> tuple[str, ...]:
        found = [word.folded for word in self._words(text)]
        named = [word for word in found if word not in self._of_bodies] or found
        end = next((at for at, word in enumerate(named) if at and word in _TAILS), len(named))
        return tuple(named[:end])

    def _found(self, text: str) -> tuple[list[tuple[Nearness, int, Entry]], Found, str | None]:
        by_key = self._by_key(text)
        if by_key:
            return by_key, Found.ALL, None
        asked = self._words(text)
        # A kind of body is no part of its name: who writes Landkreis looks for a name among the Kreise first.
        kinds = frozenset(word.folded for word in asked if word.folded in self._of_bodies)
        rest = " ".join(word.shown for word in asked if word.folded not in self._of_bodies)
        match = self._text.match(rest)
        if match is None:
            return [(Nearness.WORDS, entry.misfit(kinds), entry) for entry in self._entries.values()], Found.ALL, None
        if match.found is Found.SOME:
            # Half a name is none: Husum is not what Husum-Süd means to say. It may be a town and what it lies in.
            return self._within(rest.split()), Found.ALL, None
        core, by_code = self._core(match.meant or rest), f"{_OF_LAND}{fold(rest)}"
        near = []
        for body_id, hit in match.hits.items():
            entry = self._entries[body_id]
            nearness = Nearness.KEY if entry.type == "LAND" and fold(body_id) == by_code else _nearness(entry, core, hit.level)
            near.append((nearness, entry.misfit(kinds), entry))
        return near, match.found, match.meant

    def _within(self, asked: list[str]) -> list[tuple[Nearness, int, Entry]]:
        """Return towns by their name before or behind that of their Kreis or Land: Husum Nordfriesland."""
        if len(asked) > _MOST_WITHIN:
            return []
        for at in range(1, len(asked)):
            for named, lies_in in ((asked[:at], asked[at:]), (asked[at:], asked[:at])):
                areas = {it.ars or it.id for it in self._named(lies_in) if it.type in _AREAS}
                towns = (
                    [it for it in self._named(named) if it.ars.startswith(tuple(areas)) and it.ars not in areas] if areas else []
                )
                if towns:
                    return [(Nearness.NAME, 0, it) for it in towns]
        return []

    def _named(self, asked: list[str]) -> list[Entry]:
        """Return the bodies of exactly this name; a text that is the name of none is not searched for."""
        text = " ".join(asked)
        core = self._core(text)
        match = self._text.match(text) if core in self._cores else None
        hits = () if match is None or match.found is Found.SOME else match.hits
        return [entry for entry in map(self._entries.__getitem__, hits) if entry.core == core]

    def _by_key(self, text: str) -> list[tuple[Nearness, int, Entry]]:
        """Return what has a key: exactly, or for at least a Kreis beginning like this."""
        plain = fold("".join(text.split())).translate(str.maketrans("", "", "./"))
        digits = plain.replace("-", "")
        key = digits if digits.isdigit() else plain
        if not key:
            return []
        start = bisect_left(self._keys, (key, ""))
        end = bisect_left(self._keys, (f"{key}\U0010ffff", "")) if key.isdigit() and len(key) >= _KEY_LENGTH else start
        exact = {body_id for found, body_id in self._keys[start : start + 4] if found == key}
        others = {body_id for _, body_id in self._keys[start:end]} - exact
        return [
            *((Nearness.KEY, 0, self._entries[it]) for it in exact),
            *((Nearness.BEGINNING, 0, self._entries[it]) for it in others),
        ]


@dataclass(frozen=True, slots=True)
class BodyPage:
    """Ids of one page of bodies, the place after it (None at the end), and how the words were understood."""

    ids: list[str]
    place: Place | None
    understood: Found = Found.ALL
    meant: str | None = None


def _regional_keys(kind: str, ars: str) -> frozenset[str]:
    """Return how the regional key of a body is written; none for a body without one.

    A Gemeinde is known without its Verband too (AGS), a Verband without the zeros behind it, an area also with them.
    """
    if not ars:
        return frozenset()
    if kind == "KOMMUNE":
        return frozenset((ars, ars[:_KEY_LENGTH] + ars[_VERBAND_LENGTH:]))
    if kind == "VERBAND":
        return frozenset((ars, ars[:_VERBAND_LENGTH]))
    return frozenset((ars, *(ars.ljust(length, "0") for length in (_AGS_LENGTH, _ARS_LENGTH))))


def _rank(kind: str, ars: str, suffix: str) -> int:
    """Return the place of a kind of body: a kreisfreie Stadt, a town and a village each behind the one before."""
    place = _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
    size = 0 if ars.endswith(_KREISFREI) else 1 if "stadt" in fold(suffix) else 2
    return 3 * place + (size if kind == "KOMMUNE" else 0)


def _nearness(entry: Entry, core: tuple[str, ...], level: Level) -> Nearness:
    if core and entry.core == core:
        return Nearness.NAME
    if core and entry.core[: len(core) - 1] == core[:-1] and "".join(entry.core[len(core) - 1 : len(core)]).startswith(core[-1]):
        return Nearness.BEGINNING
    return Nearness.WORDS if level is not Level.MENTIONED else Nearness.MENTIONED


def _distance(near: str, ars: str) -> int:
    """Return how little of a regional key another shares: nothing lies nearer than the same Gemeinde."""
    if not near or not ars:
        return _ARS_LENGTH if near else 0
    shared = next((at for at, (one, other) in enumerate(zip(near, ars, strict=False)) if one != other), min(len(near), len(ars)))
    return _ARS_LENGTH - shared
