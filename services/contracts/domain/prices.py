"""Price lines of a contract: those valid on the day of conclusion, and what they come to per period."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.messages.base import Value
from shared.messages.values import Period, PriceItem


class Total(Value):
    """Sum of the price lines of one period and currency, exact, in whole cents. Wider than one line's amount may be."""

    period: Period
    cents: Annotated[int, Field(ge=0, lt=2**63)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


def valid_on(items: Iterable[PriceItem], day: date) -> tuple[PriceItem, ...]:
    """Return the lines that are valid on a day, in their order. ``valid_to`` is the last valid day."""
    return tuple(item for item in items if item.valid_from <= day and (item.valid_to is None or day <= item.valid_to))


def totals(items: Iterable[PriceItem]) -> tuple[Total, ...]:
    """Return the sums per period and currency, in the order of ``Period``, then of the currency code.

    Periods of a later version stand last; with them no contract is formed.
    """
    sums: dict[tuple[Period, str], int] = {}
    for item in items:
        key = (item.period, item.amount.currency)
        sums[key] = sums.get(key, 0) + item.amount.cents
    order = list(Period)
    keys = sorted(sums, key=lambda key: (order.index(key[0]) if key[0].known else len(order), key))
    return tuple(Total(period=period, cents=sums[period, currency], currency=currency) for period, currency in keys)
