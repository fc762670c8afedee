"""Who bears how much of an exact cost by a key: the weights of the payers, as exact cents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from services.contracts.chain.days import Interval
from services.contracts.pricing.checks import BEREITSTELLER
from services.contracts.pricing.given import CombinedKey, DirectKey, Key, KoenigsteinKey, Participant, Table
from services.contracts.pricing.keys import WHOLE
from services.contracts.pricing.refusal import RefusedError
from services.contracts.pricing.slices import Slice, takes_part

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
            return _by_day(key, cost, members)


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
    return _sum([_in_slice(cost.fallback, None, part, cost, members) for part in cost.slices])


def _by_day(key: Key, cost: Cost, members: Mapping[str, Participant]) -> Weights:
    return _sum([_in_slice(key, cost.fallback, part, cost, members) for part in cost.slices])


def _in_slice(key: Key, fallback: Key | None, part: Slice, cost: Cost, members: Mapping[str, Participant]) -> Weights:
    active = [members[id_] for id_ in part.active if id_ in members]
    if not active:
        return {BEREITSTELLER: part.exact}
    for tried in (key, fallback):
        if tried is not None:
            bases = _bases(tried, active, cost.tables)
            if any(bases.values()):
                return _proportional(part.exact, bases)
    raise RefusedError("KEY_BASE_ZERO")


def _proportional(exact: Fraction, bases: Mapping[str, int]) -> Weights:
    whole = sum(bases.values())
    return {id_: exact * base / whole for id_, base in bases.items()}


def _bases(key: Key, active: Sequence[Participant], tables: Mapping[str, Table]) -> dict[str, int]:
    bases = {member.id: _base(key, member, tables) for member in active}
    if key.type == "EINWOHNER":
        _check_counted_once(active)
    return bases


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


def _check_counted_once(active: Sequence[Participant]) -> None:
    """Check that no member lies in the territory of another one."""
    territories = sorted(("" if member.type == "BUND" else member.ars, member.id) for member in active if member.ars is not None)
    for (outer, _), (inner, id_) in pairwise(territories):
        if inner.startswith(outer):
            raise RefusedError("POPULATION_DOUBLE_COUNT", participant=id_)
