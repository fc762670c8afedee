"""When the mails about an event leave, and which of them leave together. Pure: the event's time decides, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from services.notify.domain.parameters import Subject
from shared.calendar import GERMANY, day_of, is_working_day
from shared.ids import derived_id

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Rhythm(StrEnum):
    """How often somebody wants mail. IMMEDIATE: one mail per matter within a short window."""

    IMMEDIATE = "IMMEDIATE"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long mails about one matter are gathered, and at which hour of a working day in Germany digests leave."""

    window: timedelta
    hour: int

    def due(self, rhythm: Rhythm, at: datetime) -> datetime:
        """Return when the mail about an event of that time leaves, in UTC: after the event, the same for all that go with it."""
        if rhythm is Rhythm.IMMEDIATE:
            return at if not self.window else _EPOCH + ((at - _EPOCH) // self.window + 1) * self.window
        day = day_of(at)
        while True:
            due = datetime.combine(day, time(self.hour), GERMANY).astimezone(UTC)
            chosen = is_working_day(day) and (rhythm is Rhythm.DAILY or _is_first_of_week(day))
            if chosen and due > at:
                return due
            day += timedelta(days=1)


def _is_first_of_week(day: date) -> bool:
    """Return whether a working day is the first one of its week."""
    return not any(is_working_day(day - timedelta(days=before)) for before in range(1, day.weekday() + 1))


@dataclass(frozen=True, slots=True)
class Bundle:
    """What leaves in one mail to one person: a matter's news of one window, or all of a day or week (no ``subject``)."""

    organisation: str
    person: str
    due: datetime
    subject: Subject | None

    def notification_id(self, number: int) -> str:
        """Return the id of the n-th mail of the bundle; there is a second one only if the first is full or has left."""
        matter = "" if self.subject is None else f"{self.subject.kind.value} {self.subject.id}"
        return derived_id("digest", self.organisation, self.person, self.due.isoformat(), matter, str(number))
