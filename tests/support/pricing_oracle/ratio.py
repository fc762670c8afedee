"""Ratios of two integers, and cents handed out one by one."""

from collections.abc import Iterable
from math import gcd

Ratio = tuple[int, int]
ZERO: Ratio = (0, 1)


def ratio(numerator: int, denominator: int = 1) -> Ratio:
    """Return a ratio in lowest terms."""
    common = gcd(numerator, denominator)
    return numerator // common, denominator // common


def plus(first: Ratio, second: Ratio) -> Ratio:
    """Return the sum."""
    return ratio(first[0] * second[1] + second[0] * first[1], first[1] * second[1])


def times(first: Ratio, numerator: int, denominator: int = 1) -> Ratio:
    """Return a multiple."""
    return ratio(first[0] * numerator, first[1] * denominator)


def total(ratios: Iterable[Ratio]) -> Ratio:
    """Return the sum of all."""
    found = ZERO
    for entry in ratios:
        found = plus(found, entry)
    return found


def rounded(value: Ratio) -> int:
    """Return whole cents, half a cent up."""
    whole, rest = divmod(value[0], value[1])
    return whole + (2 * rest >= value[1])


def handed_out(cents: int, weights: dict[str, Ratio]) -> dict[str, tuple[Ratio, int, int]]:
    """Return share, floor and extra cent by id: whoever is furthest below the quota gets the next cent."""
    denominator = 1
    for _, below in weights.values():
        denominator = denominator * below // gcd(denominator, below)
    whole = {id_: above * (denominator // below) for id_, (above, below) in weights.items() if above}
    everything = sum(whole.values())
    floors = {id_: cents * weight // everything for id_, weight in whole.items()}
    extra = dict.fromkeys(whole, 0)
    for _ in range(cents - sum(floors.values())):
        best = None
        for id_ in sorted(whole):
            claim = (cents * whole[id_] % everything, whole[id_])
            if not extra[id_] and (best is None or claim > best[0]):
                best = (claim, id_)
        assert best is not None
        extra[best[1]] = 1
    return {id_: (ratio(whole[id_], everything), floors[id_], extra[id_]) for id_ in sorted(whole)}
