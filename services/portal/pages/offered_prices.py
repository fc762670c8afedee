"""The prices of an offer in a Vorgang: those of the price sheet, of which the Anbieter changes amounts or leaves lines out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from services.portal.apis.catalog import PriceItem
from services.portal.apis.ordering import Order
from services.portal.fields import Field, Kind
from services.portal.language import Language
from services.portal.pages.offer_drafting import decimal, in_hundredths
from services.portal.texts import Words

FREE: Final = "free"
"""Ticked: the offer costs nothing. An offering that is financed otherwise may name no price, and a contract needs one."""
LINES: Final = "price_items"
_FREE_LINE: Final = {
    "label": "Nutzung ohne Entgelt",
    "kind": "BETRIEB_ONLINEDIENST",
    "amount": {"cents": 0, "currency": "EUR"},
    "period": "JAHR",
    "key": "FEST",
}


def price_fields(
    order: Order, words: Words, language: Language, label: Callable[[str, str], str], today: date
) -> tuple[Field, ...]:
    """Return an amount for each line, filled in where the line is valid today."""
    return tuple(
        Field(
            f"{LINES}.{place}",
            Kind.LINE,
            words("step.price", label=item.label, period=label("Period", item.period)),
            "" if _holds(item, today) else words("step.price_not_today"),
            optional=True,
            value=decimal(item.amount.cents, language) if _holds(item, today) else (),
        )
        for place, item in enumerate(_lines(order))
    )


def stated_prices(
    order: Order, filled: Mapping[str, Any], language: Language, today: date
) -> tuple[list[dict[str, Any]] | None, list[int]]:
    """Return the lines that the offer states, and which line of the form each is of; None where it keeps those that there are.

    A line that is not valid today, and has an amount, is from today on.
    """
    if filled.get(FREE):
        return [_FREE_LINE | {"valid_from": today.isoformat()}], []
    before = [item.model_dump(mode="json") if _holds(item, today) else None for item in _lines(order)]
    after = [_stated(item, filled.get(f"{LINES}.{place}"), language, today) for place, item in enumerate(_lines(order))]
    if before == after:
        return None, []
    places = [place for place, line in enumerate(after) if line is not None]
    return [line for line in after if line is not None], places


def _lines(order: Order) -> Sequence[PriceItem]:
    """Return the lines of the offer that there is, or else of the price sheet."""
    return order.price_items or order.price_sheet


def _holds(item: PriceItem, today: date) -> bool:
    return item.valid_from <= today and (item.valid_to is None or today <= item.valid_to)


def _stated(item: PriceItem, amount: object, language: Language, today: date) -> dict[str, Any] | None:
    if amount is None:
        return None
    line = item.model_dump(mode="json")
    line["amount"] = {"currency": item.amount.currency, "cents": in_hundredths(str(amount), "€", language)}
    return line if _holds(item, today) else line | {"valid_from": today.isoformat(), "valid_to": None}
