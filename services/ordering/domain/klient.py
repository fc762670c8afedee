"""A Klient of a Vorgang: a body for whom the Bündler orders, once it has confirmed that."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.messages.eligibility import ChangeReason
from shared.messages.values import Party, Verdict


class KlientState(StrEnum):
    """Where a Klient stands: it is asked, has confirmed, or has declined."""

    ANGEFRAGT = "ANGEFRAGT"
    BESTAETIGT = "BESTAETIGT"
    ABGELEHNT = "ABGELEHNT"


class KlientCheck(BaseModel):
    """Result of the pre-check of the chain down to a Klient, with the finding that decides."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    verdict: Verdict
    as_of: date
    code: str
    reason: str
    remedy: str | None = None


class KlientLater(KlientCheck):
    """The verdict that was found since the last check of a Klient, without one. It ends nothing by itself.

    ``before`` is the verdict that it replaces. ``fixed``: it rests on the portal's own conditions, beside which nobody decides.
    ``decided_by``: person of the Anbieter who answers for going on.
    """

    at: datetime
    before: Verdict
    because: ChangeReason
    fixed: bool = False
    decided_by: str | None = None


class Klient(BaseModel):
    """One Klient. ``payment`` and ``return_duty``: what it owes the Bündler. ``check`` counts its pre-checks.

    ``signed_off_by``: person of the Anbieter who answers for a RISK. ``reminded`` counts the reminders of its answer.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    name: str
    payment: bool = True
    return_duty: bool = False
    state: KlientState = KlientState.ANGEFRAGT
    named_at: datetime
    answered_at: datetime | None = None
    answered_by: str | None = None
    reason: str | None = None
    check: int = 0
    checked: KlientCheck | None = None
    later: KlientLater | None = None
    signed_off_by: str | None = None
    reminded: int = 0

    @property
    def party(self) -> Party:
        """The Klient as it stands in messages."""
        return Party(id=self.id, name=self.name)

    @property
    def is_free(self) -> bool:
        """Whether its last pre-check leaves the way free, and what was found since as well.

        A RISK does once a person of the Anbieter has signed it off.
        """
        if self.checked is None or self.is_open:
            return False
        risk = self.checked.verdict is Verdict.RISK and self.signed_off_by is not None
        return self.checked.verdict is Verdict.EXEMPT or risk

    @property
    def is_open(self) -> bool:
        """Whether somebody has to act on a verdict that was found since the last check."""
        return self.later is not None and self.later.verdict is not Verdict.EXEMPT and self.later.decided_by is None

    def is_settled(self, day: date) -> bool:
        """Whether nothing about it keeps the Bündler from ordering on a day: it has declined, or its way is free that day."""
        checked_then = self.checked is not None and self.checked.as_of == day
        return self.state is KlientState.ABGELEHNT or (self.state is KlientState.BESTAETIGT and self.is_free and checked_then)

    def begin_check(self) -> None:
        """Count the next pre-check and drop what was found before it."""
        self.check += 1
        self.checked = self.later = None
