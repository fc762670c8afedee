"""A record of a partner that could not be taken: where it stood, why it lies here, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from shared.aggregate.base import Aggregate, StateMachine, Transition
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.ordering_partners import (
    QuarantinedRecord,
    QuarantineState,
    RecordDiscarded,
    RecordQuarantined,
    RecordReplayed,
    RecordResubmitted,
)


class QuarantineCommand(StrEnum):
    """What can be done with a record in quarantine."""

    RESUBMIT = "resubmit"
    REPLAY = "replay"
    DISCARD = "discard"


class QuarantineActor(StrEnum):
    """Who decides about a record in quarantine."""

    OPERATOR = "OPERATOR"
    PARTNER = "PARTNER"


S = QuarantineState
_OPEN = frozenset({S.OPEN})
QUARANTINE_TRANSITIONS: StateMachine[QuarantineCommand, QuarantineState, QuarantineActor] = StateMachine(
    (
        Transition(QuarantineCommand.RESUBMIT, _OPEN, S.RESUBMITTED, frozenset({QuarantineActor.PARTNER})),
        Transition(QuarantineCommand.REPLAY, _OPEN, S.REPLAYED, frozenset({QuarantineActor.OPERATOR})),
        Transition(QuarantineCommand.DISCARD, _OPEN, S.DISCARDED, frozenset({QuarantineActor.OPERATOR})),
    )
)


def reference_of(topic: str, partition: int, offset: int) -> str:
    """Return the reference of a record: the UUIDv5 of its place, so that a repeat finds what is there."""
    return derived_id("quarantine", topic, str(partition), str(offset))


class Quarantined(Aggregate):
    """State of a record in quarantine; its bytes lie beside it. ``purge_at``: after that it is deleted.

    ``size`` is that of the value, ``sha256`` its hash; the bytes are ``shortened`` where they were too many to be stored.
    """

    partner: str
    topic: str
    partition: int
    offset: int
    appended_at: datetime
    size: int
    sha256: str
    shortened: bool = False
    code: str
    detail: str
    state: QuarantineState = QuarantineState.OPEN
    quarantined_at: datetime
    purge_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None
    receipt: str | None = None
    """Id of the receipt that the corrected or replayed event has got."""

    def record_quarantined(self) -> Sequence[Message]:
        """Return the event of a record that has just come here."""
        return [RecordQuarantined(record=self.head())]

    def resubmit(self, receipt: str, person: str, at: datetime) -> list[Message]:
        """Record that the partner has sent a corrected event instead. A repeat changes nothing."""
        if not self._lead(QuarantineCommand.RESUBMIT, QuarantineActor.PARTNER, person, at):
            return []
        self.receipt = receipt
        return [RecordResubmitted(record=self.head(), at=at)]

    def replay(self, receipt: str, person: str, at: datetime) -> list[Message]:
        """Record that the record went its way once more and was taken, or refused by a rule. A repeat changes nothing."""
        if not self._lead(QuarantineCommand.REPLAY, QuarantineActor.OPERATOR, person, at):
            return []
        self.receipt = receipt
        return [RecordReplayed(record=self.head(), at=at)]

    def discard(self, reason: str, person: str, at: datetime) -> list[Message]:
        """Record that nothing is to come of the record. A repeat changes nothing."""
        if not self._lead(QuarantineCommand.DISCARD, QuarantineActor.OPERATOR, person, at):
            return []
        self.reason = reason
        return [RecordDiscarded(record=self.head(), reason=reason, at=at)]

    def require_open(self, command: QuarantineCommand, actor: QuarantineActor) -> None:
        """Return if the command is possible now. Raises IllegalMoveError, ForbiddenError."""
        QUARANTINE_TRANSITIONS.check(command, self.state, actor)

    def head(self) -> QuarantinedRecord:
        """Return what every event holds of the record."""
        return QuarantinedRecord(
            reference=self.id,
            partner=self.partner,
            topic=self.topic,
            partition=self.partition,
            offset=self.offset,
            appended_at=self.appended_at,
            size=self.size,
            code=self.code,
            state=self.state,
            quarantined_at=self.quarantined_at,
        )

    def _lead(self, command: QuarantineCommand, actor: QuarantineActor, person: str, at: datetime) -> bool:
        target = QUARANTINE_TRANSITIONS.check(command, self.state, actor)
        if target is None:
            return False
        self.state, self.decided_by, self.decided_at = target, person, at
        return True
