"""Working days in each of the Länder: public holidays by their laws on Sundays and holidays, as in force since 2023.

Holidays that only some municipalities of a Land have (Mariä Himmelfahrt in Bavaria, Fronleichnam in Saxony and Thuringia) count
as working days.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from shared.calendar import easter, is_working_day
from shared.laender import LAENDER


class Land(StrEnum):
    """The Länder, by the codes of ISO 3166-2:DE."""

    BW = "BW"
    BY = "BY"
    BE = "BE"
    BB = "BB"
    HB = "HB"
    HH = "HH"
    HE = "HE"
    MV = "MV"
    NI = "NI"
    NW = "NW"
    RP = "RP"
    SL = "SL"
    SN = "SN"
    ST = "ST"
    SH = "SH"
    TH = "TH"


L = Land
_LENGTHS_OF_KEYS = (2, 5, 9, 12)
_FIXED = {
    (1, 6): frozenset({L.BW, L.BY, L.ST}),
    (3, 8): frozenset({L.BE, L.MV}),
    (8, 15): frozenset({L.SL}),
    (9, 20): frozenset({L.TH}),
    (10, 31): frozenset({L.BB, L.HB, L.HH, L.MV, L.NI, L.SN, L.ST, L.SH, L.TH}),
    (11, 1): frozenset({L.BW, L.BY, L.NW, L.RP, L.SL}),
}
_FRONLEICHNAM_AFTER_EASTER = 60
_FRONLEICHNAM = frozenset({L.BW, L.BY, L.HE, L.NW, L.RP, L.SL})


def land_of(body: str) -> Land | None:
    """Return the Land of a body by its key, an Amtlicher Regionalschlüssel or ``DE-SH``; None if its key does not show it."""
    key = LAENDER.get(body[:2], "") if body.isdigit() and len(body) in _LENGTHS_OF_KEYS else body
    return Land(key.removeprefix("DE-")) if key in LAENDER.values() else None


def works(day: date, land: Land | None) -> bool:
    """Return whether a day is a working day in a Land; without one only holidays of all of Germany count."""
    return is_working_day(day) and (land is None or not _is_holiday(day, land))


def working_day(start: date, count: int, land: Land | None) -> date:
    """Return the ``count``-th working day after a day, or before it if ``count`` is negative; the day itself if 0."""
    step = timedelta(days=1 if count > 0 else -1)
    day, left = start, abs(count)
    while left:
        day += step
        left -= works(day, land)
    return day


def _is_holiday(day: date, land: Land) -> bool:
    if land in _FIXED.get((day.month, day.day), ()):
        return True
    if land is L.SN and _is_buss_und_bettag(day):
        return True
    return land in _FRONLEICHNAM and (day - easter(day.year)).days == _FRONLEICHNAM_AFTER_EASTER


def _is_buss_und_bettag(day: date) -> bool:
    """Return whether a day is the last Wednesday before 23 November."""
    last = date(day.year, 11, 22)
    return day == last - timedelta(days=(last.weekday() - 2) % 7)
