"""A Klient of a Vorgang: a body for whom the Bündler orders, once it has confirmed that."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

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
    signed_off_by: str | None = None
    reminded: int = 0

    @property
    def party(self) -> Party:
        """The Klient as it stands in messages."""
        return Party(id=self.id, name=self.name)

    @property
    def is_free(self) -> bool:
        """Whether its last pre-check leaves the way free, a RISK once a person of the Anbieter has signed it off."""
        if self.checked is None:
            return False
        risk = self.checked.verdict is Verdict.RISK and self.signed_off_by is not None
        return self.checked.verdict is Verdict.EXEMPT or risk

    def begin_check(self) -> None:
        """Count the next pre-check and drop the result before it."""
        self.check += 1
        self.checked = None
