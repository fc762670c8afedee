"""Which lines of a price sheet cannot be meant: another currency, days that lie apart, a price that is there twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from shared.errors import InvalidError
from shared.messages.values import CostKind, Period, PriceItem
from shared.written import is_written

CURRENCY = "EUR"
MOST_CENTS = 10**11
"""A billion euros: no line of a price sheet charges more for a period."""
FARTHEST = timedelta(days=50 * 366)
"""How far from today the days of a price may lie: beyond, a digit is wrong."""


@dataclass(frozen=True, slots=True)
class PriceFault:
    """What is wrong with a price sheet, by a stable code; ``item``: the label of the line, where it is one."""

    code: str
    detail: str
    item: str | None = None

    @property
    def point(self) -> dict[str, str]:
        """The fault as a problem names it."""
        named = {} if self.item is None else {"id": self.item}
        return {"field": "price_items", "code": self.code, "detail": self.detail, **named}


def require_plausible(items: Sequence[PriceItem], on: date) -> None:
    """Return if all lines of a price sheet can be meant on a day. Raises InvalidError (``price_sheet_invalid``)."""
    if faults := list(price_faults(items, on)):
        raise InvalidError(
            f"The prices cannot be meant: {' '.join(fault.detail for fault in faults)}",
            code="price_sheet_invalid",
            points=[fault.point for fault in faults],
        )


def price_faults(items: Sequence[PriceItem], today: date) -> Iterator[PriceFault]:
    """Yield what is wrong with a price sheet on a day, line by line, then between lines; nothing of an empty one.

    Codes: ``text_missing``, ``price_currency_unsupported``, ``price_implausible``, ``price_period_invalid``,
    ``price_not_one_off``, ``price_day_implausible``, ``price_sheet_ended``, ``price_repeated``.
    """
    for item in items:
        yield from _line_faults(item, today)
    if items and all(item.valid_to is not None and item.valid_to < today for item in items):
        yield PriceFault("price_sheet_ended", "Every price item has ended: name what is charged from today on.")
    for one, other in combinations(items, 2):
        if _subject(one) == _subject(other) and _overlap(one, other):
            yield PriceFault("price_repeated", f"The price item '{one.label}' is there twice for the same days.", one.label)


def _line_faults(item: PriceItem, today: date) -> Iterator[PriceFault]:
    if not is_written(item.label):
        yield PriceFault("text_missing", "The label of a price item is missing.")
    if item.funding is not None and not is_written(item.funding):
        yield PriceFault("text_missing", f"The funding of the price item '{item.label}' says nothing.", item.label)
    if item.amount.currency != CURRENCY:
        detail = f"The price item '{item.label}' is in {item.amount.currency}; prices are in {CURRENCY}."
        yield PriceFault("price_currency_unsupported", detail, item.label)
    if item.amount.cents > MOST_CENTS:
        yield PriceFault("price_implausible", f"The price item '{item.label}' charges more than a billion euros.", item.label)
    if item.valid_to is not None and item.valid_to < item.valid_from:
        yield PriceFault("price_period_invalid", f"The price item '{item.label}' ends before it begins.", item.label)
    if item.kind is CostKind.ANBINDUNG_EINMALIG and item.period is not Period.EINMALIG:
        detail = f"The price item '{item.label}' is for the Anbindung, which is charged once."
        yield PriceFault("price_not_one_off", detail, item.label)
    if any(day is not None and abs(day - today) > FARTHEST for day in (item.valid_from, item.valid_to)):
        detail = f"A day of the price item '{item.label}' lies more than 50 years away."
        yield PriceFault("price_day_implausible", detail, item.label)


def _subject(item: PriceItem) -> tuple[object, ...]:
    return item.kind, item.label.casefold(), item.period, item.key


def _overlap(one: PriceItem, other: PriceItem) -> bool:
    first, second = sorted((one, other), key=lambda item: item.valid_from)
    return first.valid_to is None or second.valid_from <= first.valid_to
