"""Both sides of a contract are reminded before it ends: as agreed, so that one may follow; after a notice, once more.

Whoever ends a contract knows the day; the other side was told months ago, and has to be ready by then.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar

from services.contracts.domain.agreed import EndReminders
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import ContractState
from shared.calendar import end_of
from shared.messages.base import Message
from shared.messages.contracts_reminders import ContractEndEscalated, ContractEndReminded
from shared.reminders import BodySchedule, Recipient, ReminderStep, longest_before, morning, planned_before


class Schedule(BodySchedule):
    """When both sides, and their deputies, are reminded before a last day: ``ends`` of an agreed one, ``noticed`` of a notice."""

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


def is_due(contract: Contract, schedule: Schedule, at: datetime) -> bool:
    """Return whether ``remind`` has something to do."""
    return bool(_due(contract, schedule, at))


def remind(contract: Contract, schedule: Schedule, at: datetime) -> list[Message]:
    """Record the reminders that are due and return one event for them; none if all are given.

    Nothing of the contract changes for anybody. A last day that is moved has reminders of its own.
    """
    due = _due(contract, schedule, at)
    if not due or contract.last_day is None:
        return []
    days = {*_given(contract, contract.last_day), *(day for day, _ in due)}
    contract.end_reminders = EndReminders(last_day=contract.last_day, days=tuple(sorted(days)), at=at)
    kind = ContractEndEscalated if any(step.escalates for _, step in due) else ContractEndReminded
    return [kind(contract=contract.head(), at=at)]


def _due(contract: Contract, schedule: Schedule, at: datetime) -> list[tuple[date, ReminderStep]]:
    """Return the reminders that are due and not given yet."""
    last = contract.last_day
    if last is None or contract.state not in (ContractState.GESCHLOSSEN, ContractState.GEKUENDIGT):
        return []
    steps = schedule.noticed if contract.state is ContractState.GEKUENDIGT else schedule.ends
    planned = planned_before(steps, last, schedule.land_of(contract.customer.id), _known_at(contract))
    given = _given(contract, last)
    return [(day, step) for day, step in planned if day not in given and morning(day) <= at]


def _given(contract: Contract, last: date) -> tuple[date, ...]:
    known = contract.end_reminders
    return known.days if known is not None and known.last_day == last else ()


def _known_at(contract: Contract) -> datetime:
    """Return since when it is known that the contract ends on its last day: its notice, its last amendment, its conclusion."""
    if contract.state is ContractState.GEKUENDIGT and contract.ending is not None:
        return end_of(contract.ending.received_on)
    amended = [it.agreed_at for it in contract.amendments]
    return max([contract.concluded_at or contract.recorded_at, *amended])
