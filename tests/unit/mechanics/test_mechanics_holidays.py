"""Working days in the Länder, by the calendars that the Länder have published for 2026 and 2027."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from shared.holidays import Land, land_of, working_day, works

BW, BY, BE, BB, HB, HH, HE, MV, NI, NW, RP, SL, SN, ST, SH, TH = Land
OF_SOME = {
    date(2026, 1, 6): {BW, BY, ST},
    date(2027, 3, 8): {BE, MV},
    date(2026, 6, 4): {BW, BY, HE, NW, RP, SL},
    date(2027, 5, 27): {BW, BY, HE, NW, RP, SL},
    date(2028, 8, 15): {SL},
    date(2027, 9, 20): {TH},
    date(2028, 10, 31): {BB, HB, HH, MV, NI, SN, ST, SH, TH},
    date(2027, 11, 1): {BW, BY, NW, RP, SL},
    date(2026, 11, 18): {SN},
    date(2027, 11, 17): {SN},
}


@pytest.mark.parametrize("day", OF_SOME, ids=str)
def test_a_holiday_of_some_laender_is_a_working_day_in_the_others(day: date) -> None:
    assert {land for land in Land if not works(day, land)} == OF_SOME[day]
    assert works(day, None)


@pytest.mark.parametrize("year", [2026, 2027])
def test_each_land_has_its_number_of_holidays(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=count) for count in range(365)]
    weekdays = [day for day in days if day.weekday() < 5]
    of_all = sum(not works(day, None) for day in weekdays)
    fewer = {land: sum(not works(day, land) for day in weekdays) - of_all for land in Land}
    expected = {
        2026: {BW: 2, BY: 2, BE: 0, BB: 0, HE: 1, NW: 1, SN: 1, TH: 0},
        2027: {BW: 3, BY: 3, BE: 1, HE: 1, NW: 2, SN: 1, TH: 1},
    }
    assert {land: fewer[land] for land in expected[year]} == expected[year]


def test_working_days_are_counted_over_weekends_and_holidays_to_either_side() -> None:
    friday = date(2026, 12, 18)
    assert working_day(friday, 5, SH) == date(2026, 12, 28)
    assert working_day(date(2026, 12, 28), -5, SH) == friday
    assert working_day(date(2026, 12, 19), 0, SH) == date(2026, 12, 19)


@pytest.mark.parametrize(
    ("body", "land"),
    [
        ("01", SH),
        ("08416", BW),
        ("010540056056", SH),
        ("160520000000", TH),
        ("DE-SN", SN),
        ("DE", None),
        ("DE-XX", None),
        ("17", None),
        ("0105", None),
        ("komm_one", None),
    ],
)
def test_a_key_shows_the_land(body: str, land: Land | None) -> None:
    assert land_of(body) is land
