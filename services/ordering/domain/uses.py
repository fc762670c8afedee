"""Reported use: how often the Kunde used the service in a month, from productive use on."""

from __future__ import annotations

from datetime import datetime

from services.ordering.domain.order import Order
from services.ordering.domain.parts import Actor, UsesEntry
from services.ordering.domain.steps import check_step
from services.ordering.domain.transitions import Command
from shared.calendar import day_of
from shared.errors import InvalidError
from shared.messages.base import Message
from shared.messages.ordering import UsesReported

MOST_PERIODS = 240
"""Months for which uses are stored: twenty years."""


def report(order: Order, actor: Actor, at: datetime, period: str, count: int) -> list[Message]:
    """Report the uses of a month, ``YYYY-MM``; a new report for the month replaces the one before, the same one changes nothing.

    It stands in ``uses``, and not in the timeline: a report a month would push the steps out of it.
    Raises what ``check_step`` raises, and InvalidError (``period_in_future``, ``too_many_periods``).
    """
    check_step(order, Command.REPORT_USES, actor, at)
    if period > day_of(at).strftime("%Y-%m"):
        raise InvalidError(f"The month {period} has not begun yet.", code="period_in_future", period=period)
    entries = order.uses.value
    earlier = next((entry for entry in entries if entry.period == period), None)
    if earlier is not None and earlier.count == count:
        return []
    if earlier is None and len(entries) >= MOST_PERIODS:
        raise InvalidError(f"Uses of {MOST_PERIODS} months are reported, which is the most.", code="too_many_periods")
    entry = UsesEntry(period=period, count=count, reported_at=at, reported_by=actor.person)
    order.uses.value = sorted([it for it in entries if it is not earlier] + [entry], key=lambda it: it.period)
    return [UsesReported(order=order.head(), at=at, period=period, count=count, corrected=earlier is not None)]
