"""Who bears how much of an exact cost by a key: the weights of the payers, as exact cents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from services.contracts.chain.days import Interval
from services.contracts.pricing.checks import BEREITSTELLER
from services.contracts.pricing.given import CombinedKey, DirectKey, Key, KoenigsteinKey, Participant, Table
from services.contracts.pricing.keys import WHOLE
from services.contracts.pricing.refusal import RefusedError
from services.contracts.pricing.slices import Slice, sums_over, takes_part

Weights = dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class Cost:
    """The exact cost of an item and what its distribution needs to know."""

    exact: Fraction
    slices: Sequence[Slice]
    once: bool
    """Due once, on one day."""
    window: Interval
    """The days whose uses count: those of the window; of what is due once those of the whole period."""
    fallback: Key | None
    tables: Mapping[str, Table]
    uses_in: Callable[[Participant, Interval], int]


def weights_of(key: Key, cost: Cost, members: Mapping[str, Participant]) -> Weights:
    """Return the exact cents by payer; they sum to the exact cost.

    ``members`` are sorted by id. Raises RefusedError: KEY_BASE_ZERO, KEY_BASE_MISSING, KEY_NOT_APPLICABLE,
    POPULATION_DOUBLE_COUNT, USES_REPORT_MISSING, USES_REPORT_STRADDLES.
    """
    match key:
        case CombinedKey():
            parts = [(Fraction(part.share_bp, WHOLE), weights_of(part.key, cost, members)) for part in key.parts]
            return _sum([{id_: share * weight for id_, weight in weights.items()} for share, weights in parts])
        case DirectKey():
            return _direct(key.participant, cost)
        case _ if key.type == "NUTZUNG":
            return _by_uses(cost, members)
        case _:
            return _by_day(key, cost.fallback, cost, members)


def _sum(several: Sequence[Mapping[str, Fraction]]) -> Weights:
    found: Weights = {}
    for weights in several:
        for id_, weight in weights.items():
            found[id_] = found.get(id_, Fraction()) + weight
    return found


def _direct(participant: str, cost: Cost) -> Weights:
    if cost.once:
        return {participant: cost.exact}
    return _sum([{participant if participant in part.active else BEREITSTELLER: part.exact} for part in cost.slices])


def _by_uses(cost: Cost, members: Mapping[str, Participant]) -> Weights:
    taking_part = [member for member in members.values() if takes_part(member, cost.window)]
    if not taking_part:
        return {BEREITSTELLER: cost.exact}
    uses = {member.id: cost.uses_in(member, cost.window) for member in taking_part}
    if any(uses.values()):
        return _proportional(cost.exact, uses)
    if cost.fallback is None:
        raise RefusedError("KEY_BASE_ZERO")
    return _by_day(cost.fallback, None, cost, members)


def _by_day(key: Key, fallback: Key | None, cost: Cost, members: Mapping[str, Participant]) -> Weights:
    bases = [_Bases(tried, members, cost.tables) for tried in (key, fallback) if tried is not None]
    found: Weights = {}
    by_key: dict[int, list[tuple[Slice, Fraction]]] = {}
    for part in cost.slices:
        active = tuple(id_ for id_ in part.active if id_ in members)
        if not active:
            found[BEREITSTELLER] = found.get(BEREITSTELLER, Fraction()) + part.exact
            continue
        number, whole = _first_above_zero(bases, active)
        by_key.setdefault(number, []).append((part._replace(active=active), part.exact / whole))
    for number, parts in by_key.items():
        for id_, per_base in sums_over([part for part, _ in parts], [value for _, value in parts]).items():
            found[id_] = found.get(id_, Fraction()) + per_base * bases[number].of(id_)
    return found


def _first_above_zero(several: Sequence[_Bases], active: Sequence[str]) -> tuple[int, int]:
    """Return the first key whose bases do not sum to zero, and their sum. Raises RefusedError."""
    for number, bases in enumerate(several):
        if whole := bases.sum_of(active):
            return number, whole
    raise RefusedError("KEY_BASE_ZERO")


class _Bases:
    """The bases of one key, each looked up once."""

    def __init__(self, key: Key, members: Mapping[str, Participant], tables: Mapping[str, Table]) -> None:
        self._key = key
        self._members = members
        self._tables = tables
        self._known: dict[str, int] = {}
        # Part of a set of bodies of which nobody is counted twice is such a set.
        self._counted_once = key.type != "EINWOHNER" or _twice(members.values()) is None

    def of(self, id_: str) -> int:
        """Return the base of a member. Raises RefusedError: KEY_NOT_APPLICABLE, KEY_BASE_MISSING."""
        base = self._known.get(id_)
        if base is None:
            base = self._known[id_] = _base(self._key, self._members[id_], self._tables)
        return base

    def sum_of(self, active: Sequence[str]) -> int:
        """Return the sum of the bases. Raises RefusedError as ``of``, and POPULATION_DOUBLE_COUNT."""
        whole = sum(map(self.of, active))
        if not self._counted_once and (id_ := _twice([self._members[one] for one in active])) is not None:
            raise RefusedError("POPULATION_DOUBLE_COUNT", participant=id_)
        return whole


def _proportional(exact: Fraction, bases: Mapping[str, int]) -> Weights:
    whole = sum(bases.values())
    return {id_: exact * base / whole for id_, base in bases.items()}


def _base(key: Key, member: Participant, tables: Mapping[str, Table]) -> int:
    base: int | None
    match key:
        case KoenigsteinKey():
            if member.type != "LAND" or member.ars is None:
                raise RefusedError("KEY_NOT_APPLICABLE", participant=member.id)
            base = tables[key.table].weights[member.ars]
        case _ if key.type == "EINWOHNER":
            base = member.population
        case _ if key.type == "ZIELGRUPPE":
            base = member.target_group
        case _:
            base = 1
    if base is None:
        raise RefusedError("KEY_BASE_MISSING", participant=member.id)
    return base


def _twice(members: Iterable[Participant]) -> str | None:
    """Return the first member, by ARS and id, that lies in the territory of another one, None if there is none."""
    territories = sorted(("" if member.type == "BUND" else member.ars, member.id) for member in members if member.ars is not None)
    return next((id_ for (outer, _), (inner, id_) in pairwise(territories) if inner.startswith(outer)), None)
