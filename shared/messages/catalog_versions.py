"""Messages about new versions of public offers, which the Anbieter of their channels examine before they are in force."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, message_type
from shared.messages.catalog import Author, Submission
from shared.messages.values import Channel, Text, Time

Examined = Annotated[
    Submission, Field(description="The offer; its channels are those whose Anbieter examine the version. Not personal.")
]
Examining = Annotated[
    Channel, Field(description="The channel whose Anbieter has decided. Not personal.", examples=["govdigital"])
]


@message_type("catalog.submission.version-submitted.v1")
class VersionSubmitted(Message):
    """The Bereitsteller has changed a public offer; the Anbieter of its channels examine the new version."""

    submission: Examined
    changed_fields: Annotated[
        tuple[str, ...],
        Field(
            description="Names of the form's fields that differ from the version in force. Not personal.",
            examples=[["price_items"]],
        ),
    ]
    submitted_at: Annotated[
        Time, Field(description="When the version was handed in, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]


@message_type("catalog.submission.version-accepted.v1")
class VersionAccepted(Message):
    """The Anbieter of a channel finds the new version in order; it is in force once the last one does."""

    submission: Examined
    channel: Examining
    accepted_at: Annotated[
        Time, Field(description="When the version was accepted, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    waiting_for: Annotated[
        tuple[Channel, ...],
        Field(
            description="Channels whose Anbieter have still to decide; empty: the version is in force. Not personal.",
            examples=[["fitko"]],
        ),
    ]
    by: Author = None


@message_type("catalog.submission.version-returned.v1")
class VersionReturned(Message):
    """The Anbieter of a channel has given the new version back with remarks; the version in force stays."""

    submission: Examined
    channel: Examining
    remarks: Annotated[
        Text,
        Field(
            description="What the Anbieter asks to mend. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Der Preis weicht vom Bereitstellungsvertrag ab."],
        ),
    ]
    returned_at: Annotated[
        Time, Field(description="When the version was given back, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    by: Author = None


@message_type("catalog.submission.version-discarded.v1")
class VersionDiscarded(Message):
    """The Bereitsteller has taken the new version back; nobody has to examine it any more."""

    submission: Examined
    discarded_at: Annotated[
        Time, Field(description="When the version was taken back, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
