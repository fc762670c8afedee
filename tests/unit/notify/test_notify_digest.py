"""When mails leave: at the end of a short window, or at a set hour of a working day in Germany."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.notify.domain.digest import Bundle, Pace, Rhythm
from services.notify.domain.parameters import Subject, SubjectKind
from shared.calendar import GERMANY, is_working_day
from shared.ids import derived_id

PACE = Pace(timedelta(minutes=2), 7)


def german(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=GERMANY).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-03-02T06:59", "2026-03-02T07:00"),  # Monday
        ("2026-03-02T07:00", "2026-03-03T07:00"),  # what happens at the hour goes with the next one
        ("2026-03-06T12:00", "2026-03-09T07:00"),  # Friday noon: Monday
        ("2026-04-02T12:00", "2026-04-07T07:00"),  # before Easter: Tuesday after it
        ("2026-12-24T12:00", "2026-12-28T07:00"),
        ("2026-12-31T23:59", "2027-01-04T07:00"),
        ("2026-03-27T12:00", "2026-03-30T07:00"),  # over the change to summer time
    ],
)
def test_a_daily_digest_leaves_at_the_hour_of_the_next_working_day(at: str, due: str) -> None:
    assert PACE.due(Rhythm.DAILY, german(at)) == german(due)


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-03-02T06:59", "2026-03-02T07:00"),
        ("2026-03-02T07:00", "2026-03-09T07:00"),
        ("2026-03-04T12:00", "2026-03-09T07:00"),
        ("2026-04-01T12:00", "2026-04-07T07:00"),  # Easter Monday: Tuesday begins the week
        ("2026-05-20T12:00", "2026-05-26T07:00"),  # Pfingstmontag
    ],
)
def test_a_weekly_digest_leaves_on_the_first_working_day_of_a_week(at: str, due: str) -> None:
    assert PACE.due(Rhythm.WEEKLY, german(at)) == german(due)


def test_what_happens_within_a_window_leaves_at_its_end() -> None:
    begin = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    dues = {PACE.due(Rhythm.IMMEDIATE, begin + timedelta(seconds=seconds)) for seconds in range(120)}
    assert dues == {begin + timedelta(minutes=2)}
    assert PACE.due(Rhythm.IMMEDIATE, begin + timedelta(minutes=2)) == begin + timedelta(minutes=4)


def test_without_a_window_a_mail_leaves_at_once() -> None:
    at = datetime(2026, 3, 2, 10, 0, 1, tzinfo=UTC)
    assert Pace(timedelta(0), 7).due(Rhythm.IMMEDIATE, at) == at


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 1, 1), False),
        (date(2026, 4, 3), False),
        (date(2026, 4, 6), False),
        (date(2026, 5, 1), False),
        (date(2026, 5, 14), False),
        (date(2026, 5, 25), False),
        (date(2026, 10, 3), False),
        (date(2026, 12, 25), False),
        (date(2025, 4, 18), False),
        (date(2038, 4, 23), False),
        (date(2038, 4, 26), False),
        (date(2024, 3, 29), False),
        (date(2026, 3, 7), False),
        (date(2026, 3, 8), False),
        (date(2026, 3, 9), True),
        (date(2026, 4, 7), True),
        (date(2026, 6, 4), True),  # Fronleichnam is no holiday in all of Germany
        (date(2026, 12, 24), True),
    ],
)
def test_working_days_are_those_of_all_of_germany(day: date, works: bool) -> None:  # noqa: FBT001
    assert is_working_day(day) is works


def test_each_bundle_and_each_of_its_mails_has_an_id_of_its_own() -> None:
    due = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    order = Subject(kind=SubjectKind.ORDER, id=derived_id("test", "order"))
    other = Subject(kind=SubjectKind.CONTRACT, id=derived_id("test", "order"))
    bundles = [
        Bundle("a", "erika", due, None),
        Bundle("a", "john", due, None),
        Bundle("b", "erika", due, None),
        Bundle("a", "erika", due + timedelta(days=1), None),
        Bundle("a", "erika", due, order),
        Bundle("a", "erika", due, other),
    ]
    assert len({bundle.notification_id(number) for bundle in bundles for number in range(3)}) == len(bundles) * 3
