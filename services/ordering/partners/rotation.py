"""The port by which the registry reads what a partner asks for with one of its keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.ordering.domain.partner.partner import Partner

ROTATION_TYPE = "partner.key.rotation-requested.v1"
"""Type of the event that asks for a new key. It is sent to the API; on the orders topic there is no such event."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A new key that a partner asks for, and the key that has signed the request."""

    signed_with: str
    jwk: Mapping[str, Any]
    kid: str | None


class RotationReader(Protocol):
    """Reads a request for a new key. Raises RejectedError for one that is not signed by a valid key of the partner."""

    def __call__(self, event: bytes, sender: Partner, at: datetime) -> Rotation:
        """Return what the partner asks for."""
