"""Bodies of requests and answers about ordering together."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from services.ordering.repository import MOST_TOGETHER
from services.ordering.schemas import Body, PlaceOrder
from services.ordering.views import OrderSummary
from shared.messages.values import EntityId, OrderState


class PlacedEntry(PlaceOrder):
    """A Vorgang that is ordered with others, with the particulars of its Bestellung.

    ``revision`` is that of the Vorgang as it was read (its ETag); with another one by now it is refused.
    """

    order_id: Annotated[EntityId, Field(examples=["3f2b8c1e-7d4a-4f6b-9a51-0c2d3e4f5a6b"])]
    revision: Annotated[int | None, Field(ge=1, le=2**31 - 1, examples=[7])] = None


class PlaceTogether(Body):
    """The Vorgänge that are ordered in one act, each once."""

    orders: Annotated[tuple[PlacedEntry, ...], Field(min_length=1, max_length=MOST_TOGETHER)]

    @model_validator(mode="after")
    def _no_repeats(self) -> Self:
        if len({it.order_id for it in self.orders}) < len(self.orders):
            raise ValueError("a Vorgang is named twice")
        return self


class Outcome(StrEnum):
    """What became of a Vorgang in the act."""

    PLACED = "PLACED"
    REFUSED = "REFUSED"


class PlacementProblem(BaseModel):
    """Why a Vorgang was not ordered: status, code and detail that its own `place` would have answered."""

    status: int
    code: str
    detail: str


class PlacementResult(BaseModel):
    """What became of one Vorgang. ``state`` and ``revision`` where it is ordered, ``problem`` where it was refused."""

    order_id: str
    outcome: Outcome
    state: OrderState | None = None
    revision: int | None = None
    problem: PlacementProblem | None = None


class PlacementView(BaseModel):
    """The act, and what became of each Vorgang, in the order in which they were named."""

    id: str
    results: tuple[PlacementResult, ...]


class TogetherView(BaseModel):
    """The Vorgänge that were ordered in one act, of those that lie with whoever asks."""

    id: str
    orders: tuple[OrderSummary, ...]
