"""Reminders of those who are waited for, by a schedule that is data: after how many working days of their Land, and who else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, ClassVar, Generic, Self, TypeVar

from pydantic import Field, model_validator

from shared.calendar import GERMANY, day_of
from shared.holidays import Land, land_of, working_day
from shared.messages.base import Value
from shared.messages.values import OrganisationId

HOUR = 8
"""Reminders are due at this hour of a working day in Germany."""
MOST_DAYS = 250
_LONGEST_HOLIDAYS = 14
"""Days that holidays add to twice as many days as working days are counted."""


class Recipient(StrEnum):
    """Who is reminded: the organisation that is waited for, its deputies too, the Anbieter too."""

    HOLDER = "HOLDER"
    DEPUTY = "DEPUTY"
    ANBIETER = "ANBIETER"


Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]
TaskT = TypeVar("TaskT", bound=StrEnum)
ScheduleT = TypeVar("ScheduleT", bound=Value)


class ReminderStep(Value):
    """A reminder after, or before, so many working days of the Land of whoever is waited for."""

    days: Days
    to: Annotated[tuple[Recipient, ...], Field(min_length=1)] = (Recipient.HOLDER,)

    @property
    def escalates(self) -> bool:
        """Whether somebody is told beside the organisation that is waited for."""
        return self.to != (Recipient.HOLDER,)


class WaitRule(Value, Generic[TaskT]):
    """Reminders while somebody is waited for with a task, counted from its beginning."""

    task: TaskT
    after: tuple[ReminderStep, ...]


class BodySchedule(Value):
    """Who is reminded when. ``lands``: Länder of bodies whose key does not show it. ``source``: by what it was laid down.

    ``RECIPIENTS`` are those who can be told: a schedule that names others is refused.
    """

    RECIPIENTS: ClassVar[frozenset[Recipient]] = frozenset(Recipient)

    source: str = ""
    lands: Mapping[OrganisationId, Land]

    @property
    def steps(self) -> tuple[ReminderStep, ...]:
        """All its reminders."""
        return ()

    @model_validator(mode="after")
    def _names_recipients(self) -> Self:
        named = {recipient for step in self.steps for recipient in step.to}
        if unknown := sorted(named - self.RECIPIENTS):
            raise ValueError(f"{', '.join(unknown)} cannot be reminded here; {', '.join(sorted(self.RECIPIENTS))} can")
        return self

    def land_of(self, body: str) -> Land | None:
        """Return the Land of a body, None if nobody has stated it."""
        return self.lands.get(body) or land_of(body)


class WaitSchedule(BodySchedule, Generic[TaskT]):
    """A schedule of reminders while somebody is waited for."""

    waits: tuple[WaitRule[TaskT], ...]

    @property
    def steps(self) -> tuple[ReminderStep, ...]:
        """All its reminders."""
        return tuple(step for rule in self.waits for step in rule.after)

    def steps_of(self, task: TaskT) -> tuple[ReminderStep, ...]:
        """Return the reminders while somebody is waited for with a task."""
        return next((rule.after for rule in self.waits if rule.task == task), ())

    @property
    def first_after(self) -> timedelta | None:
        """How long after the beginning of a wait the first reminder of any is due at the earliest, None if there is none."""
        days = [step.days for rule in self.waits for step in rule.after]
        return timedelta(days=min(days) - 1) if days else None


def morning(day: date) -> datetime:
    """Return the moment of a day at which reminders are due."""
    return datetime.combine(day, time(HOUR), GERMANY)


def new_steps(
    steps: Iterable[ReminderStep], since: datetime, land: Land | None, at: datetime, given: int = 0
) -> list[ReminderStep]:
    """Return the reminders of a wait since a moment that are due, without those that were ``given`` before."""
    began = day_of(since)
    in_turn = sorted(steps, key=lambda step: step.days)
    return [step for step in in_turn if morning(working_day(began, step.days, land)) <= at][given:]


def planned_before(
    steps: Iterable[ReminderStep], last: date, land: Land | None, known: datetime
) -> list[tuple[date, ReminderStep]]:
    """Return the reminders before a last day with their days, the first ones first.

    None is of a morning before the last day was ``known``: nobody is reminded of what they were just told.
    """
    in_turn = sorted(steps, key=lambda step: -step.days)
    planned = [(working_day(last, -step.days, land), step) for step in in_turn]
    return [(day, step) for day, step in planned if known <= morning(day)]


def longest_before(steps: Iterable[ReminderStep]) -> timedelta:
    """Return how long before a last day the first of these reminders is due at the earliest."""
    return timedelta(days=2 * max((step.days for step in steps), default=0) + _LONGEST_HOLIDAYS)


def read_schedule(kind: type[ScheduleT], file: Path | None, package: str) -> ScheduleT:
    """Return the schedule in a file, or the one built into a service. Raises OSError, or ValueError for a malformed file."""
    place = resources.files(package).joinpath("data", "reminders.json") if file is None else file
    return kind.model_validate_json(place.read_text(encoding="utf-8"))
