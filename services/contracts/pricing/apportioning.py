"""Whole cents by weights: largest remainder, so that the parts always sum to the whole."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor, lcm
from typing import NamedTuple


class Part(NamedTuple):
    """What one gets: the floor of its quota, one cent more or none, and its exact share of the whole."""

    share: Fraction
    floor_cents: int
    extra_cent: int

    @property
    def cents(self) -> int:
        """Floor and extra cent together."""
        return self.floor_cents + self.extra_cent


def half_up(amount: Fraction) -> int:
    """Return an amount that is not negative in whole cents, half a cent up."""
    return floor(amount + Fraction(1, 2))


def apportioned(total: int, weights: Mapping[str, Fraction]) -> dict[str, Part]:
    """Return the parts of those with a weight, sorted by id.

    The cents that the floors leave go to the greatest remainders; ties to the larger weight, then to the smaller id.
    """
    borne = {id_: weight for id_, weight in sorted(weights.items()) if weight}
    # In integers over one denominator: fractions would reduce at every step.
    denominator = lcm(*{weight.denominator for weight in borne.values()})
    shares = {id_: weight.numerator * (denominator // weight.denominator) for id_, weight in borne.items()}
    whole = sum(shares.values())
    quotas = {id_: divmod(total * share, whole) for id_, share in shares.items()}
    left = total - sum(floor_cents for floor_cents, _ in quotas.values())
    ranked = sorted(shares, key=lambda id_: (-quotas[id_][1], -shares[id_], id_))
    extra = set(ranked[:left])
    return {id_: Part(Fraction(share, whole), quotas[id_][0], int(id_ in extra)) for id_, share in shares.items()}
