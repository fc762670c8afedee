"""Both sides of a contract or an accession are reminded before it ends: as agreed, so that one may follow; as ended, once more.

Whoever ends one knows the day; the other side was told months ago, and has to be ready by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from services.contracts.domain.accession import Accession
from services.contracts.domain.agreed import EndReminders
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import ContractState
from shared.calendar import end_of
from shared.messages.base import Message
from shared.messages.contracts_reminders import (
    AccessionEndEscalated,
    AccessionEndReminded,
    ContractEndEscalated,
    ContractEndReminded,
)
from shared.reminders import BodySchedule, Recipient, ReminderStep, longest_before, morning, planned_before


class Schedule(BodySchedule):
    """When both sides, and deputies, are reminded before a last day: ``ends`` of an agreed one, ``noticed`` of a later one."""

    RECIPIENTS: ClassVar[frozenset[Recipient]] = frozenset({Recipient.HOLDER, Recipient.DEPUTY})

    ends: tuple[ReminderStep, ...] = ()
    noticed: tuple[ReminderStep, ...] = ()

    @property
    def steps(self) -> tuple[ReminderStep, ...]:
        """All its reminders."""
        return (*self.ends, *self.noticed)

    @property
    def ahead(self) -> timedelta:
        """How long before a last day the first reminder is due at the earliest."""
        return longest_before(self.steps)


@dataclass(frozen=True, slots=True)
class _End:
    """The last day that something has, since when it is known, and whether a side or another end has set it (``noticed``)."""

    last_day: date
    known: datetime
    noticed: bool


def is_due(subject: Contract | Accession, schedule: Schedule, at: datetime) -> bool:
    """Return whether ``remind`` has something to do."""
    return bool(_due(subject, schedule, at))


def remind(subject: Contract | Accession, schedule: Schedule, at: datetime) -> list[Message]:
    """Record the reminders that are due and return one event for them; none if all are given.

    Nothing of the contract or accession changes for anybody. A last day that is moved has reminders of its own.
    """
    due, end = _due(subject, schedule, at), _end_of(subject)
    if not due or end is None:
        return []
    days = {*_given(subject, end.last_day), *(day for day, _ in due)}
    subject.end_reminders = EndReminders(last_day=end.last_day, days=tuple(sorted(days)), at=at)
    escalates = any(step.escalates for _, step in due)
    if isinstance(subject, Accession):
        return [(AccessionEndEscalated if escalates else AccessionEndReminded)(accession=subject.head(), at=at)]
    return [(ContractEndEscalated if escalates else ContractEndReminded)(contract=subject.head(), at=at)]


def _due(subject: Contract | Accession, schedule: Schedule, at: datetime) -> list[tuple[date, ReminderStep]]:
    """Return the reminders that are due and not given yet."""
    end = _end_of(subject)
    if end is None:
        return []
    user = subject.organisation if isinstance(subject, Accession) else subject.customer
    steps = schedule.noticed if end.noticed else schedule.ends
    planned = planned_before(steps, end.last_day, schedule.land_of(user.id), end.known)
    given = _given(subject, end.last_day)
    return [(day, step) for day, step in planned if day not in given and morning(day) <= at]


def _given(subject: Contract | Accession, last: date) -> tuple[date, ...]:
    known = subject.end_reminders
    return known.days if known is not None and known.last_day == last else ()


def _end_of(subject: Contract | Accession) -> _End | None:
    """Return the end of what runs and has a last day: known since its notice, its last amendment, its conclusion."""
    if isinstance(subject, Accession):
        known = subject.ended_at or subject.declared_at
        return None if subject.valid_to is None else _End(subject.valid_to, known, subject.ended_at is not None)
    if subject.last_day is None or subject.state not in (ContractState.GESCHLOSSEN, ContractState.GEKUENDIGT):
        return None
    noticed = subject.state is ContractState.GEKUENDIGT
    if noticed and subject.ending is not None:
        return _End(subject.last_day, end_of(subject.ending.received_on), noticed)
    amended = [it.agreed_at for it in subject.amendments]
    return _End(subject.last_day, max([subject.concluded_at or subject.recorded_at, *amended]), noticed)
