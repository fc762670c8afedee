"""The Bereitstellungsvertrag of an offer with one Anbieter, as far as the catalog knows of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.messages.base import Value
from shared.messages.values import Channel, EntityId, Line, PersonRef, Text, Time


class ProvisionState(StrEnum):
    """How far a Bereitstellungsvertrag is. After ABGELEHNT and ZURUECKGEZOGEN a further attempt asks for another contract."""

    ANGEFRAGT = "ANGEFRAGT"
    GESCHLOSSEN = "GESCHLOSSEN"
    ABGELEHNT = "ABGELEHNT"
    ZURUECKGEZOGEN = "ZURUECKGEZOGEN"


class Provision(Value):
    """What was asked of ``contracts`` and what came of it. ``number`` is for the parties alone, and in no public message.

    ``reason`` is why it came to nothing; ``decided_at`` when contracts concluded or refused it.
    """

    channel: Channel
    attempt: Annotated[int, Field(ge=1)]
    contract_id: EntityId
    state: ProvisionState
    asked_at: Time
    asked_by: PersonRef | None = None
    number: Line | None = None
    decided_at: Time | None = None
    reason: Text | None = None

    @property
    def waits(self) -> bool:
        """Whether contracts has not decided yet."""
        return self.state is ProvisionState.ANGEFRAGT
