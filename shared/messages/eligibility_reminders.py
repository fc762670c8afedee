"""Messages about accreditations that somebody has not moved on for long, the Anbieter or the organisation, or that end soon."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, message_type
from shared.messages.eligibility import Accreditation, Organisation
from shared.messages.values import Time


class AccreditationReminder(Message):
    """Base of the reminders: in RUECKFRAGE the organisation has not answered, before it the Anbieter has not decided.

    In ERTEILT it ends soon: the Anbieter may renew it, else the organisation applies again.
    """

    organisation: Annotated[
        Organisation,
        Field(description="State of the organisation, which the event leaves as it is. Personal: former_users only."),
    ]
    accreditation: Annotated[
        Accreditation,
        Field(description="The accreditation; its state shows who is waited for, ERTEILT that it ends soon. Not personal."),
    ]
    since: Annotated[
        Time,
        Field(
            description="Since when they are waited for, of one that ends when it was granted; in UTC. Not personal.",
            examples=["2026-11-24T09:00:00Z"],
        ),
    ]
    at: Annotated[Time, Field(description="When they were reminded, in UTC. Not personal.", examples=["2026-12-08T07:00:00Z"])]


@message_type("eligibility.organisation.accreditation-reminded.v1")
class AccreditationReminded(AccreditationReminder):
    """Whoever an accreditation waits for has been reminded, or both sides of its end."""


@message_type("eligibility.organisation.accreditation-escalated.v1")
class AccreditationEscalated(AccreditationReminder):
    """Whoever an accreditation waits for has been reminded again, or both sides of its end, their deputies too."""
