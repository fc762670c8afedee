"""The pools of an item and their lines: who pays which share, floor and extra cent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import floor
from typing import Final

from services.contracts.chain.days import Interval
from services.contracts.pricing.apportioning import Part, apportioned, half_up
from services.contracts.pricing.checks import PARTICIPANTS
from services.contracts.pricing.given import AllLaender, Input, Key, Participant, Payer, Pool, Report, SomeParticipants
from services.contracts.pricing.keys import WHOLE, effective_key
from services.contracts.pricing.refusal import RefusedError
from services.contracts.pricing.slices import Slice, Window, amount_of, slices_of, sums_over, takes_part
from services.contracts.pricing.uses import reports_that_count, uses_in
from services.contracts.pricing.weights import Cost, Weights, weights_of
from shared.laender import LAENDER

_ALL: Final = Pool(
    id=PARTICIPANTS,
    share_bp=WHOLE,
    members=SomeParticipants(type="PARTICIPANTS", types=None),
    key="ITEM",
    settled="CONTRACT",
)


@dataclass(frozen=True)
class Situation:
    """An input with the reports of uses that count at an instant."""

    given: Input
    known_at: str | None

    @cached_property
    def participants(self) -> dict[str, Participant]:
        """The participants by id, sorted."""
        return {participant.id: participant for participant in sorted(self.given.participants, key=lambda found: found.id)}

    @cached_property
    def reports(self) -> dict[str, list[Report]]:
        """The reports that count, by participant."""
        return {id_: reports_that_count(participant, self.known_at) for id_, participant in self.participants.items()}

    def uses_in(self, participant: Participant, window: Interval) -> int:
        """Return the uses of a participant in a window. Raises RefusedError if reports straddle it or are missing."""
        return uses_in(participant, self.reports[participant.id], window)


@dataclass(frozen=True, slots=True)
class PricedPool:
    """A pool with its cents and its lines by payer, sorted."""

    pool: Pool
    cents: int
    lines: Mapping[str, Part]


@dataclass(frozen=True, slots=True)
class PricedItem:
    """An item with its window, key, slices, exact cost, whole cents and pools."""

    window: Window
    key: Key
    slices: list[Slice]
    exact: Fraction
    total: int
    pools: list[PricedPool]


def price_item(window: Window, situation: Situation) -> PricedItem:
    """Return what an item costs and who pays it. Raises RefusedError with version, item and, of a participant, its id."""
    try:
        return _price(window, situation)
    except RefusedError as error:
        raise RefusedError(
            error.code, version=window.version.version, item=window.item.id, participant=error.participant
        ) from error


def _price(window: Window, situation: Situation) -> PricedItem:
    item, key = window.item, effective_key(window.item)
    pools = _pools(window, situation.given)
    slices = slices_of(window, situation.given.participants)
    if key.type == "FEST":
        return _own_prices(window, key, slices, _own_amounts(window, slices, situation))
    exact = sum((part.exact for part in slices), Fraction())
    total = half_up(exact)
    shares = apportioned(total, {pool.id: Fraction(pool.share_bp) for pool in pools})
    lines: list[Mapping[str, Part]] = [{} for _ in pools]
    if exact:
        once = item.period == "EINMALIG"
        days = situation.given.period.interval if once else window.days
        cost = Cost(exact, slices, once, days, item.fallback_key, situation.given.tables, situation.uses_in)
        lines = [apportioned(shares[pool.id].cents, _weights(pool, key, cost, situation)) for pool in pools]
    priced = [PricedPool(pool, shares[pool.id].cents, found) for pool, found in zip(pools, lines, strict=True)]
    return PricedItem(window, key, slices, exact, total, priced)


def _pools(window: Window, given: Input) -> tuple[Pool, ...]:
    if window.item.funding == PARTICIPANTS:
        return (_ALL,)
    rule = next(rule for rule in given.funding_rules if rule.id == window.item.funding)
    if rule.interval.common(window.days) != window.days:
        raise RefusedError("FUNDING_NOT_IN_FORCE")
    return rule.pools


def _own_amounts(window: Window, slices: list[Slice], situation: Situation) -> Weights:
    """Return the exact own price of each participant: nothing is distributed."""
    amount = amount_of(window.item)
    if window.item.period == "JE_NUTZUNG":
        taking_part = [found for found in situation.participants.values() if takes_part(found, window.days)]
        return {found.id: amount * situation.uses_in(found, window.days) for found in taking_part}
    shared = [part for part in slices if part.active]
    return sums_over(shared, [part.exact / len(part.active) for part in shared])


def _own_prices(window: Window, key: Key, slices: list[Slice], amounts: Weights) -> PricedItem:
    exact = sum(amounts.values(), Fraction())
    parts = {amount: _own(amount, exact) for amount in set(amounts.values()) if amount}
    lines = {id_: parts[amount] for id_, amount in sorted(amounts.items()) if amount}
    total = sum(line.cents for line in lines.values())
    return PricedItem(window, key, slices, exact, total, [PricedPool(_ALL, total, lines)])


def _own(amount: Fraction, exact: Fraction) -> Part:
    return Part(amount / exact, floor(amount), half_up(amount) - floor(amount))


def _weights(pool: Pool, key: Key, cost: Cost, situation: Situation) -> Weights:
    match pool.members:
        case Payer():
            return {pool.members.id: Fraction(1)}
        case AllLaender():
            return _weights_of_laender(pool.key, cost)
        case SomeParticipants():
            types = pool.members.types
            members = {id_: found for id_, found in situation.participants.items() if types is None or found.type in types}
            return weights_of(key if pool.key is None or pool.key == "ITEM" else pool.key, cost, members)


def _weights_of_laender(key: object, cost: Cost) -> Weights:
    table = cost.tables[key.table]  # type: ignore[attr-defined] # checked: a Königstein key
    return {LAENDER[ars]: Fraction(weight) for ars, weight in table.weights.items()}
