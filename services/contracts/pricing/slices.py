"""Windows of items, and the slices in which the same bodies take part and the same year or month counts."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import isleap, monthrange
from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from services.contracts.chain.days import OPEN, Interval, day_after, day_before, days_between
from services.contracts.pricing.given import Input, Item, Participant, Version
from services.contracts.pricing.keys import WHOLE


class Window(NamedTuple):
    """An item in the days on which it counts: those of the item, of its version and of the period."""

    version: Version
    item: Item
    days: Interval


class Slice(NamedTuple):
    """Days with the same bodies, their exact cost in cents and who takes part, by id."""

    days: Interval
    length: int
    basis_days: int
    exact: Fraction
    active: tuple[str, ...]


def windows(given: Input) -> list[Window]:
    """Return the items that count on some day of the period, in the order of versions and items."""
    versions = given.cost_information
    ends = [day_before(version.effective_from) for version in versions[1:]] + [OPEN]
    found = [
        Window(version, item, item.interval.common(Interval(version.effective_from, end)).common(given.period.interval))
        for version, end in zip(versions, ends, strict=False)
        for item in version.items
    ]
    return [window for window in found if not window.days.empty]


def amount_of(item: Item) -> Fraction:
    """Return the exact amount in cents; of a platform fee the EfA share."""
    return item.amount_cents * Fraction(WHOLE if item.efa_share_bp is None else item.efa_share_bp, WHOLE)


def takes_part(participant: Participant, days: Interval) -> bool:
    """Return whether a participant takes part on some of the days."""
    return any(not participation.interval.common(days).empty for participation in participant.participations)


def sums_over(slices: Sequence[Slice], values: Sequence[Fraction]) -> dict[str, Fraction]:
    """Return for everybody who takes part the sum of the values of the slices on which they do.

    Most take part on the same slices as many others: their sum is made once.
    """
    taken: dict[str, list[int]] = {}
    for number, part in enumerate(slices):
        for id_ in part.active:
            taken.setdefault(id_, []).append(number)
    sums: dict[tuple[int, ...], Fraction] = {}
    found: dict[str, Fraction] = {}
    for id_, numbers in taken.items():
        pattern = tuple(numbers)
        if pattern not in sums:
            sums[pattern] = sum((values[number] for number in pattern), Fraction())
        found[id_] = sums[pattern]
    return found


def slices_of(window: Window, participants: Sequence[Participant]) -> list[Slice]:
    """Return the slices of an item in its window, by day. What costs per use has none."""
    item = window.item
    match item.period:
        case "JE_NUTZUNG":
            return []
        case "EINMALIG" if item.key.type == "FEST":
            return _first_days(window, participants)
        case "EINMALIG":
            (active,) = _active(participants, [window.days.first])
            return [Slice(window.days, 1, 1, amount_of(item), active)]
        case _:
            return _cut(window, participants)


def _active(participants: Iterable[Participant], days: Sequence[str]) -> list[tuple[str, ...]]:
    """Return for each of the days, in their order, who takes part on it, by id."""
    active: list[list[str]] = [[] for _ in days]
    for participant in sorted(participants, key=lambda found: found.id):
        for participation in participant.participations:
            first, last = participation.interval
            for ids in active[bisect_left(days, first) : bisect_right(days, last)]:
                ids.append(participant.id)
    return [tuple(ids) for ids in active]


def _first_days(window: Window, participants: Iterable[Participant]) -> list[Slice]:
    joined: dict[str, list[str]] = {}
    for participant in participants:
        first = min((participation.from_ for participation in participant.participations), default=OPEN)
        if window.days.first <= first <= window.days.last:
            joined.setdefault(first, []).append(participant.id)
    amount = amount_of(window.item)
    return [Slice(Interval(day, day), 1, 1, amount * len(ids), tuple(sorted(ids))) for day, ids in sorted(joined.items())]


def _cut(window: Window, participants: Sequence[Participant]) -> list[Slice]:
    amount, own = amount_of(window.item), window.item.key.type == "FEST"
    borders = _borders(window, participants)
    found = []
    for (first, after), active in zip(pairwise(borders), _active(participants, borders[:-1]), strict=True):
        length, basis = days_between(first, after), _basis_days(first, window.item.period)
        exact = amount * length / basis * (len(active) if own else 1)
        found.append(Slice(Interval(first, day_before(after)), length, basis, exact, active))
    return found


def _borders(window: Window, participants: Iterable[Participant]) -> list[str]:
    """Return the first days of the slices and the day after the last one."""
    first, last = window.days
    end = day_after(last)
    intervals = [participation.interval for participant in participants for participation in participant.participations]
    cuts = {interval.first for interval in intervals} | {
        day_after(interval.last) for interval in intervals if interval.last != OPEN
    }
    months = range(1, 13) if window.item.period == "MONAT" else (1,)
    cuts |= {f"{year:04}-{month:02}-01" for year in range(int(first[:4]), int(last[:4]) + 1) for month in months}
    return sorted({first, end} | {cut for cut in cuts if first < cut < end})


def _basis_days(day: str, period: str) -> int:
    at = date.fromisoformat(day)
    if period == "MONAT":
        return monthrange(at.year, at.month)[1]
    return 366 if isleap(at.year) else 365
