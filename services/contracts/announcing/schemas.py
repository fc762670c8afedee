"""What the routes about new prices take and answer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.days import ChainDay
from services.contracts.domain.contract import Contract
from services.contracts.domain.price_changes import PriceChange
from shared.messages.values import Party, PriceItem, Time


class PriceChangeRequest(BaseModel):
    """New cost information at a contract. ``effective_from`` is its first day, never before today.

    From which day it counts in the contract follows from the agreed period; ``price_items`` are the new lines, if any are stated.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    effective_from: ChainDay
    price_items: Annotated[list[PriceItem], Field(max_length=100)] = []


class PriceChangeView(BaseModel):
    """A new price in a contract: it counts from ``effective_from`` (null: never).

    ``borne_by`` bears the difference from ``borne_from`` to ``borne_to`` (null: open). ``because``: the contract above where it
    was announced.
    """

    id: str
    issued_on: date
    effective_from: date | None
    borne_by: Party | None
    borne_from: date | None
    borne_to: date | None
    because: str | None
    price_items: list[PriceItem]
    announced_at: Time

    @classmethod
    def of(cls, contract: Contract, change: PriceChange) -> PriceChangeView:
        """Return the view of a new price in a contract."""
        own = {name: getattr(change, name) for name in cls.model_fields if name != "borne_by"}
        return cls.model_validate(own | {"borne_by": None if change.borne_from is None else contract.grantor})


class PriceChangesView(BaseModel):
    """The new prices of a contract, the newest last."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "contract_id": "0e0f5f0c-8f0e-5d0a-9d63-6f9a3f0f7a11",
                    "price_changes": [
                        {
                            "id": "7e0c5a0e-91a5-5d53-8c7e-7b8d2a1f6c44",
                            "issued_on": "2027-02-01",
                            "effective_from": "2028-01-01",
                            "borne_by": {"id": "fitko", "name": "FITKO"},
                            "borne_from": "2027-07-01",
                            "borne_to": "2027-12-31",
                            "because": None,
                            "price_items": [],
                            "announced_at": "2027-02-01T09:00:00Z",
                        }
                    ],
                }
            ]
        }
    )

    contract_id: str
    price_changes: list[PriceChangeView]

    @classmethod
    def of(cls, contract: Contract) -> PriceChangesView:
        """Return the view of a contract's new prices."""
        return cls(contract_id=contract.id, price_changes=[PriceChangeView.of(contract, it) for it in contract.price_changes])
