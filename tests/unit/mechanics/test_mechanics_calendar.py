"""Calendar days in Germany and the moments at which they are over."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from shared.calendar import end_of, last_day_before


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 7, 1), date(2026, 10, 25), date(2026, 12, 31)], ids=str)
def test_the_last_day_before_the_end_of_a_day_is_that_day(day: date) -> None:
    assert last_day_before(end_of(day)) == day


def test_a_moment_within_a_day_lies_behind_seconds_of_that_day() -> None:
    assert last_day_before(datetime(2026, 12, 31, 23, 0, 1, tzinfo=UTC)) == date(2027, 1, 1)
