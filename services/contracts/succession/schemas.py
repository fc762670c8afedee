"""What the route of succession takes."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.amending.schemas import TextRequest
from services.contracts.days import ChainDay
from shared.messages.values import PriceItem
from shared.written import WrittenLine


class SuccessorRequest(BaseModel):
    """A contract that follows a running one. Without ``valid_from`` it begins on the day after the last one of that.

    ``text``: what is agreed otherwise than in the former contract; without ``valid_to`` in it there is no agreed last day.
    Without ``price_items`` the lines of the former one, or of a new price that counts by then, go on that are valid then.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    valid_from: ChainDay | None = None
    text: TextRequest = TextRequest()
    price_items: Annotated[list[PriceItem] | None, Field(max_length=100)] = None
    order_reference: WrittenLine | None = None
