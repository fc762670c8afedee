"""An invitation to become a member, by a secret that works once; and the change of the authorised person, by two."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.eligibility.domain.registration import Capacity
from shared.messages.base import Value
from shared.messages.values import EntityId, Function, Line, PersonRef, Time

MOST_MAILS = 5
"""How often one invitation is sent by mail at most, whatever the addresses: its link works once."""


class InvitationState(StrEnum):
    """What has become of an invitation."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class InvitationMail:
    """Where an invitation is to be sent: the address is encrypted by the key that the secret follows from."""

    address: str
    language: str


class Invitation(Value):
    """An invitation. The secret itself is not stored: only who has it can show it. The address that it goes to is not, either.

    ``key``: id of the key that the secret follows from, None if it follows from none and cannot be sent by mail. ``mails``: how
    often it was sent, ``mailed_at`` the last time.
    """

    id: EntityId
    secret_sha256: str
    functions: tuple[Function, ...]
    invited_by: PersonRef
    invited_at: Time
    expires_at: Time
    accepted_by: PersonRef | None = None
    revoked: bool = False
    key: Line | None = None
    mails: int = 0
    mailed_at: Time | None = None

    def state(self, at: datetime) -> InvitationState:
        """Return what has become of it by a moment."""
        if self.accepted_by is not None:
            return InvitationState.ACCEPTED
        if self.revoked:
            return InvitationState.REVOKED
        return InvitationState.OPEN if at < self.expires_at else InvitationState.EXPIRED


class AuthorisedProposal(Value):
    """A new authorised person whom a second member has still to confirm (four eyes)."""

    person: PersonRef
    capacity: Capacity
    proposed_by: PersonRef
    proposed_at: Time


def digest_of(secret: str) -> str:
    """Return by what a secret is recognised: its SHA-256, which does not give it away."""
    return hashlib.sha256(secret.encode()).hexdigest()
