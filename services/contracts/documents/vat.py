"""Value added tax of a statement: category by UNTDID 5305, rate, and why none is owed."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.messages.values import Line


class VatCategory(BaseModel):
    """The category, the rate in basis points, why none is owed.

    Raises ValidationError for a rate without category S, or the reverse, and without the reason in E and O.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    category: Literal["S", "E", "O", "Z"]
    rate_bp: Annotated[int, Field(ge=0, le=10_000)] = 0
    reason: Line | None = None

    @model_validator(mode="after")
    def _states_rate_or_reason(self) -> Self:
        if (self.category == "S") != (self.rate_bp > 0):
            raise ValueError("a rate belongs to category S, and no other has one")
        if self.category in {"E", "O"} and self.reason is None:
            raise ValueError("without tax the reason is needed")
        return self

    def on(self, net: int) -> int:
        """Return the tax in cents on a net amount, half up (EN 16931, BT-117)."""
        return (abs(net) * self.rate_bp * 2 + 10_000) // 20_000 * (1 if net >= 0 else -1)
