"""What becomes of a Vorgang whose offer has left the catalogue."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import is_absent, message_type
from shared.messages.ordering import OrderEvent, Why


@message_type("ordering.order.offering-ended.v1")
class OfferingEnded(OrderEvent):
    """The offer of a Vorgang was withdrawn, or closed for good in its channel; the Vorgang goes on as it is."""

    reason: Annotated[Why, Field(examples=["Der Dienst wird zum Jahresende eingestellt."])]
    contract_ended_on: Annotated[
        date | None,
        Field(
            exclude_if=is_absent,
            description="Last day, in Germany, of the Bereitstellungsvertrag with which it was closed: then the reason says so "
            "in a German sentence; null or absent: a person has decided it. Not personal.",
            examples=["2027-12-31"],
        ),
    ] = None
