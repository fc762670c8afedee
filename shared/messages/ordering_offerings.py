"""What becomes of a Vorgang whose offer has left the catalogue."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import message_type
from shared.messages.ordering import OrderEvent, Why


@message_type("ordering.order.offering-ended.v1")
class OfferingEnded(OrderEvent):
    """The offer of a Vorgang was withdrawn, or closed for good in its channel; the Vorgang goes on as it is."""

    reason: Annotated[Why, Field(examples=["Der Dienst wird zum Jahresende eingestellt."])]
