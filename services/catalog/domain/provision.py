"""The Bereitstellungsvertrag of an offer with one Anbieter, as far as the catalog knows of it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.messages.base import Value
from shared.messages.reasons import Fact
from shared.messages.values import Channel, Code, EntityId, Line, Party, PersonRef, Text, Time


class ProvisionState(StrEnum):
    """How far a Bereitstellungsvertrag is. After ABGELEHNT and ZURUECKGEZOGEN a further attempt asks for another contract."""

    ANGEFRAGT = "ANGEFRAGT"
    GESCHLOSSEN = "GESCHLOSSEN"
    ABGELEHNT = "ABGELEHNT"
    ZURUECKGEZOGEN = "ZURUECKGEZOGEN"


class Ending(Value):
    """What contracts has told of the end of a Bereitstellungsvertrag, or of one that follows it in time.

    ``last_day`` None: it is open. ``by`` is the party that gave notice; None: none did, or it is not known.
    """

    contract_id: EntityId
    last_day: date | None
    notice: bool = False
    by: Party | None = None


class Provision(Value):
    """What was asked of ``contracts`` and what came of it. ``number`` is for the parties alone, and in no public message.

    ``reason`` is why it came to nothing, ``code`` and ``facts`` say the same for any language; ``decided_at`` when contracts
    concluded or refused it. ``endings`` are those of the contract and of what follows it in time, one each.
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
    code: Code | None = None
    facts: tuple[Fact, ...] | None = None
    endings: tuple[Ending, ...] = ()

    @property
    def ending(self) -> Ending | None:
        """The end of the last of its contracts, None if none is known or one goes on without an end."""
        days = {it.last_day: it for it in self.endings}
        known = [day for day in days if day is not None]
        return days[max(known)] if known and len(known) == len(days) else None

    @property
    def ends_on(self) -> date | None:
        """Last day on which contracts can rest on it, None if it is open."""
        return None if self.ending is None else self.ending.last_day

    @property
    def waits(self) -> bool:
        """Whether contracts has not decided yet."""
        return self.state is ProvisionState.ANGEFRAGT
