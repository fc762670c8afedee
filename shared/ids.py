"""Ids that are derived from their cause, so that a repeat creates the same id."""

from __future__ import annotations

import uuid

_ROOT = uuid.UUID("6f0f3f5e-61b6-5f6b-9a57-0d8b2d3c7a10")


def derived_id(*cause: str) -> str:
    """Return the UUIDv5 of the cause, its parts joined by a character that ids never hold."""
    return str(uuid.uuid5(_ROOT, "\x1f".join(cause)))
