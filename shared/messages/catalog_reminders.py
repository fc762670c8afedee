"""Messages about Anbieter who have not decided on an offer, or on a new version of one, that lies before them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, message_type
from shared.messages.catalog import Submission
from shared.messages.values import Time


class ExaminationReminder(Message):
    """Base of the reminders of the Anbieter of one channel."""

    submission: Annotated[
        Submission, Field(description="The offer; its one channel is that whose Anbieter has not decided. Not personal.")
    ]
    new_version: Annotated[
        bool,
        Field(
            description="Whether a new version of a public offer waits; else a form that came for the first time. Not personal.",
            examples=[True],
        ),
    ]
    since: Annotated[
        Time,
        Field(description="Since when it lies before the Anbieter, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"]),
    ]
    at: Annotated[
        Time, Field(description="When the Anbieter was reminded, in UTC. Not personal.", examples=["2026-12-01T07:00:00Z"])
    ]


@message_type("catalog.submission.reminded.v1")
class SubmissionReminded(ExaminationReminder):
    """The Anbieter of a channel has been reminded that an offer waits for its decision."""


@message_type("catalog.submission.escalated.v1")
class SubmissionEscalated(ExaminationReminder):
    """The Anbieter of a channel has been reminded again, its deputies too."""
