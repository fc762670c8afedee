"""The port to what Kafka knows of a service's consumer groups and their dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from shared.bus.dead_letters.letter import DeadLetter
from shared.release import ClientName

TYPE_HEADER: Final = "ce_type"
"""The header that names the type of an event."""


@dataclass(frozen=True, slots=True)
class FoundLetter:
    """A dead letter as it lies there: whether it was replayed or discarded, and how often its record has died up to here.

    ``has_room``: whether it can be settled now, or those before it must be first.
    """

    letter: DeadLetter
    settled: bool
    attempts: int
    has_room: bool = True

    @property
    def mark(self) -> str:
        """Its name for ever: a topic that is made again counts its offsets anew, but nothing dies twice at one time."""
        reason = self.letter.reason
        return f"{reason.group}/{self.letter.id}/{reason.time.isoformat()}"

    @property
    def position(self) -> tuple[datetime, int, int]:
        """The place in the list: by time of death."""
        return self.letter.reason.time, self.letter.partition, self.letter.offset


@dataclass(frozen=True, slots=True)
class GroupState:
    """A consumer group by what the broker says: its state there (``Stable``, ``Empty``, ...), its members, its lag in records.

    ``open_letters`` counts the dead letters that were neither replayed nor discarded.
    """

    group: str
    state: str
    members: tuple[ClientName, ...]
    lag: int
    open_letters: int


class Desk(Protocol):
    """The groups and their dead letters. Every method raises BusUnavailableError when the broker does not answer.

    Whoever replays or discards holds the turn of the group (``shared.operations.turns``).
    """

    async def groups(self, names: Sequence[str]) -> list[GroupState]:
        """Return the state of groups, in the order of their names given."""

    async def letters(self, group: str) -> list[FoundLetter]:
        """Return all dead letters of a group, by time of death."""

    async def letter(self, group: str, letter_id: str) -> FoundLetter | None:
        """Return one dead letter, None if it does not lie there."""

    async def replay(self, group: str, letter_id: str) -> None:
        """Send a dead letter back to its group."""

    async def discard(self, group: str, letter_id: str) -> None:
        """Settle a dead letter without sending it."""
