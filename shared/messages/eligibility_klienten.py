"""Messages of eligibility about the Klienten of a Vorgang that a Bündler orders for several bodies."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, message_type
from shared.messages.eligibility import Assessment, ChangeReason
from shared.messages.values import EntityId, Party, Time, Verdict


@message_type("eligibility.verdict.klient-judged.v1")
class KlientJudged(Message):
    """The pre-check of the chain from the Bereitsteller over Anbieter and Bündler to one Klient has a result."""

    order_id: Annotated[
        EntityId,
        Field(description="The Vorgang, the record's key. Not personal.", examples=["6567c570-29f9-5802-be12-1ed9f73a83ae"]),
    ]
    klient: Annotated[Party, Field(description="The Klient. Not personal.")]
    check: Annotated[int, Field(ge=1, description="Number of the check of this Klient, from 1. Not personal.", examples=[1])]
    assessment: Annotated[Assessment, Field(description="The verdict with its reasoning. Not personal.")]
    given_at: Annotated[
        Time, Field(description="When the verdict was given, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]


@message_type("eligibility.verdict.klient-changed.v1")
class KlientVerdictChanged(Message):
    """The verdict on the chain down to a Klient is another one now, of an open Vorgang or a running contract of its Bündler."""

    order_id: Annotated[
        EntityId,
        Field(description="The Vorgang, the record's key. Not personal.", examples=["6567c570-29f9-5802-be12-1ed9f73a83ae"]),
    ]
    klient: Annotated[Party, Field(description="The Klient. Not personal.")]
    check: Annotated[int, Field(ge=1, description="Number of the last check of this Klient. Not personal.", examples=[1])]
    before: Annotated[Verdict, Field(description="The verdict until now. Not personal.", examples=["EXEMPT"])]
    because: Annotated[
        ChangeReason,
        Field(
            description="What has changed it: facts or evidence, the calendar, or the rules. Not personal.", examples=["CALENDAR"]
        ),
    ]
    assessment: Annotated[Assessment, Field(description="The verdict with its reasoning. Not personal.")]
    found_at: Annotated[Time, Field(description="When it was found, in UTC. Not personal.", examples=["2027-07-01T00:00:30Z"])]
