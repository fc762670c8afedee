"""The port through which the registry's API has a record of a partner go its way: the same way as from the topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.ordering.partners.quarantine import Original
from shared.errors import RetryableError
from shared.messages.partner import ReceiptStatus

__all__ = ["Intake", "IntakeMissingError", "Issued", "NoIntake", "ReceiptStatus"]


@dataclass(frozen=True, slots=True)
class Issued:
    """The receipt of a record: its id, what it says, and the signed text as it is on the partner's topic (compact JWS)."""

    id: str
    status: ReceiptStatus
    jws: str
    code: str | None = None
    detail: str | None = None


class Intake(Protocol):
    """Process one record of a partner as if it had just been read from the topic, and returns its receipt.

    A corrected event comes with the place of the record that it stands for, and the time of now as the broker's. Where its
    identity (``iss``, ``jti``) can be read, that decides which receipt it gets; else it gets that of the place.
    Raises RetryableError when it cannot be done just now.
    """

    async def take(self, partner: str, record: Original) -> Issued:
        """Return the receipt of the record: the first one, if it is a repeat."""


class IntakeMissingError(RetryableError):
    """This process cannot take events of partners (HTTP 503)."""

    code = "partner_intake_missing"


class NoIntake:
    """Refuses every record: for a process without keys for receipts."""

    async def take(self, partner: str, record: Original) -> Issued:
        """Raise IntakeMissingError."""
        raise IntakeMissingError(
            f"Events of {partner} cannot be taken here: set ORDERING_RECEIPT_KEYS.", reference=record.reference
        )
