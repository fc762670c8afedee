"""The request for the end of a contract: a side of a Vorgang gives notice, and the channel's processor decides on it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, message_type
from shared.messages.ordering import OrderHead, OrderParty
from shared.messages.values import EntityId, Time


@message_type("ordering.contract-notice.requested.v1")
class NoticeRequested(Message):
    """Ordering asks the processor of one channel to end the contract of one Vorgang. Repeats have the same notice id."""

    order: Annotated[OrderHead, Field(description="The Vorgang. Not personal.")]
    contract_id: Annotated[
        EntityId, Field(description="The contract to be ended. Not personal.", examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"])
    ]
    notice_id: Annotated[
        EntityId,
        Field(
            description="Id of the notice, the same in every repeat. Not personal.",
            examples=["0c9a1f6e-3b0d-5f8e-9a53-1f0f6a2b7c11"],
        ),
    ]
    ends_on: Annotated[
        date,
        Field(
            description="Day, in Germany, from which on the contract is to have ended; the agreed period may give a later last "
            "day. Not personal.",
            examples=["2027-12-31"],
        ),
    ]
    by: Annotated[OrderParty, Field(description="Side that gives notice. Not personal.", examples=["KUNDE"])]
    requested_at: Annotated[
        Time,
        Field(
            description="When notice was given, in UTC: its day in Germany is the day of receipt, in repeats too. Not personal.",
            examples=["2026-11-24T09:00:00Z"],
        ),
    ]
