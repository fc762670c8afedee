"""An invitation to become a member, by a secret that works once; and the change of the authorised person, by two."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

from services.eligibility.domain.registration import Capacity
from shared.messages.base import Value
from shared.messages.values import EntityId, Function, PersonRef, Time


class InvitationState(StrEnum):
    """What has become of an invitation."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class Invitation(Value):
    """An invitation. The secret itself is not stored: only who has it can show it."""

    id: EntityId
    secret_sha256: str
    functions: tuple[Function, ...]
    invited_by: PersonRef
    invited_at: Time
    expires_at: Time
    accepted_by: PersonRef | None = None
    revoked: bool = False

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
