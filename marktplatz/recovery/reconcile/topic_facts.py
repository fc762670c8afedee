"""What the broker holds, put together: the last event per aggregate, requests, numbers of contracts, positions of groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from services.notify.facts import ExpectedNotification
from shared.messages.values import Channel


@dataclass(frozen=True, slots=True)
class LastEvent:
    """The last event of an aggregate over all topics. ``label`` is the number that people know it by, where an event has it."""

    seq: int
    topic: str
    type: str
    time: datetime
    label: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """A group's place in one partition. ``committed`` is None if the group has committed nothing there."""

    group: str
    topic: str
    partition: int
    begin: int
    committed: int | None
    end: int

    @property
    def waiting(self) -> int:
        """Number of records that the group has still to read."""
        return self.end - min(max(self.begin, self.committed or 0), self.end)


@dataclass(slots=True)
class TopicFacts:
    """All topics. ``last`` is by producing service and id of the aggregate; ``numbers`` by contract id.

    ``requests`` are the ids of the contracts that were asked for.

    ``expected`` are the notifications of the events that notify has read.
    """

    missing: list[str] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    last: dict[tuple[str, str], LastEvent] = field(default_factory=dict)
    requests: set[str] = field(default_factory=set)
    numbers: dict[str, tuple[Channel, str]] = field(default_factory=dict)
    positions: list[Position] = field(default_factory=list)
    expected: list[ExpectedNotification] = field(default_factory=list)
    dead_letters: dict[str, int] = field(default_factory=dict)
