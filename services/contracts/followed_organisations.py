"""The events with the state of an organisation, by which what it registers for its invoices is followed."""

from __future__ import annotations

from typing import Final

from shared.messages.base import Message
from shared.messages.eligibility import (
    AccreditationAnswered,
    AccreditationDecided,
    AccreditationQueried,
    AccreditationRequested,
    OrganisationChanged,
    OrganisationRegistered,
    OrganisationRestated,
)
from shared.messages.eligibility_reminders import AccreditationEscalated, AccreditationReminded

WITH_STATE: Final = (
    OrganisationRegistered,
    OrganisationChanged,
    OrganisationRestated,
    AccreditationRequested,
    AccreditationQueried,
    AccreditationAnswered,
    AccreditationDecided,
    AccreditationReminded,
    AccreditationEscalated,
)
FOLLOWED: frozenset[type[Message]] = frozenset(WITH_STATE)
"""The events with the state of an organisation; on the compacted topic any of them may be the last one left."""
