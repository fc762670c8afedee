"""Days and agreed periods of the contract chain."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.contracts.chain.days import (
    OPEN,
    Interval,
    latest_receipt,
    period_end,
    period_start,
    plus_months,
    uncovered,
)

YEAR = Interval("2025-01-01", "2025-12-31")


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2025-01-31", 1, "2025-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2025-02-28", 1, "2025-03-28"),
        ("2025-12-15", 0, "2025-12-15"),
        ("2025-12-15", 1, "2026-01-15"),
        ("2025-11-30", 120, "2035-11-30"),
        ("2025-01-31", -2, "2024-11-30"),
    ],
)
def test_months_on_it_is_the_same_day_or_the_last_of_the_month(day: str, months: int, expected: str) -> None:
    assert plus_months(day, months) == expected


@pytest.mark.parametrize(
    ("day", "to", "expected"),
    [
        ("2025-02-10", "ANY", "2025-02-10"),
        ("2024-02-10", "MONTH_END", "2024-02-29"),
        ("2025-02-28", "MONTH_END", "2025-02-28"),
        ("2025-04-01", "QUARTER_END", "2025-06-30"),
        ("2025-03-31", "QUARTER_END", "2025-03-31"),
        ("2025-01-01", "YEAR_END", "2025-12-31"),
        ("2025-12-31", "YEAR_END", "2025-12-31"),
    ],
)
def test_a_notice_takes_effect_at_the_first_end_of_a_period(day: str, to: str, expected: str) -> None:
    assert period_end(day, to) == expected


@pytest.mark.parametrize(
    ("day", "from_", "expected"),
    [
        ("2025-02-10", "ANY", "2025-02-10"),
        ("2025-02-01", "MONTH_START", "2025-02-01"),
        ("2025-12-02", "MONTH_START", "2026-01-01"),
        ("2025-05-05", "QUARTER_START", "2025-07-01"),
        ("2025-10-01", "QUARTER_START", "2025-10-01"),
        ("2025-01-02", "YEAR_START", "2026-01-01"),
    ],
)
def test_a_price_counts_from_the_first_start_of_a_period(day: str, from_: str, expected: str) -> None:
    assert period_start(day, from_) == expected


@pytest.mark.parametrize("to", ["ANY", "MONTH_END", "QUARTER_END", "YEAR_END"])
@pytest.mark.parametrize("months", [0, 1, 3, 6])
def test_the_latest_receipt_is_the_last_day_whose_notice_ends_in_time(months: int, to: str) -> None:
    for offset in range(0, 400, 7):
        last_day = (date(2024, 1, 25) + timedelta(days=offset)).isoformat()
        latest = latest_receipt(last_day, months, to)
        following = (date.fromisoformat(latest) + timedelta(days=1)).isoformat()
        assert period_end(plus_months(latest, months), to) <= last_day < period_end(plus_months(following, months), to)


@pytest.mark.parametrize(
    ("covers", "expected"),
    [
        ([], [YEAR]),
        ([Interval("2020-01-01", OPEN)], []),
        ([Interval("2020-01-01", "2024-12-31"), Interval("2026-01-01", OPEN)], [YEAR]),
        ([Interval("2025-03-01", "2025-03-31")], [Interval("2025-01-01", "2025-02-28"), Interval("2025-04-01", "2025-12-31")]),
        ([Interval("2025-07-01", "2025-12-31"), Interval("2025-01-01", "2025-06-30")], []),
        ([Interval("2025-01-01", "2025-08-31"), Interval("2025-03-01", "2025-04-30")], [Interval("2025-09-01", "2025-12-31")]),
        ([Interval("2025-06-30", "2025-06-01"), Interval("2024-01-01", "2025-12-30")], [Interval("2025-12-31", "2025-12-31")]),
    ],
)
def test_what_no_interval_holds_is_uncovered(covers: list[Interval], expected: list[Interval]) -> None:
    assert uncovered(YEAR, covers) == expected


def test_an_open_term_stays_uncovered_for_ever() -> None:
    assert uncovered(Interval("2025-01-01", OPEN), [Interval("2025-01-01", "2025-12-31")]) == [Interval("2026-01-01", OPEN)]
