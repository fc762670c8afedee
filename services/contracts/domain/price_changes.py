"""A new price in a running contract: from which day it counts there, and who bears the difference until then."""

from __future__ import annotations

from datetime import date

from services.contracts.chain.contract import Contract as Link
from services.contracts.chain.days import shown
from services.contracts.chain.price_change import borne_days, new_price_day
from shared.messages.base import Value
from shared.messages.values import EntityId, PriceItem, Time


class PriceChange(Value):
    """A new price that has reached a contract, by ``issued_on`` and the contract's own terms.

    It has reached the contract on ``reach`` and counts from ``effective_from`` (None: never); in between the grantor bears the
    difference, from ``borne_from`` (None: on no day) to ``borne_to`` (None: without an end). ``because``: the contract above
    where it was announced. ``price_items`` are the new lines, where they were stated. ``waits``: what rests on the contract was
    not looked at yet.
    """

    id: EntityId
    issued_on: date
    reach: date
    effective_from: date | None
    borne_from: date | None = None
    borne_to: date | None = None
    because: EntityId | None = None
    price_items: tuple[PriceItem, ...] = ()
    announced_at: Time
    waits: bool = False

    @classmethod
    def reaching(
        cls,
        link: Link,
        change_id: str,
        issued_on: date,
        reach: str,
        at: Time,
        because: str | None,
        items: tuple[PriceItem, ...] = (),
    ) -> PriceChange:
        """Return what a new price means in a contract that it reaches on a day, by the rule PRICE_CHANGE."""
        day = new_price_day(link, reach, issued_on.isoformat())
        borne = borne_days(link, reach, day)
        last = None if borne is None else shown(borne.last)
        return cls(
            id=change_id,
            issued_on=issued_on,
            reach=date.fromisoformat(reach),
            effective_from=None if day is None else date.fromisoformat(day),
            borne_from=None if borne is None else date.fromisoformat(borne.first),
            borne_to=None if last is None else date.fromisoformat(last),
            because=because,
            price_items=items,
            announced_at=at,
            waits=day is not None and link.leg != "SUB_SUB_NACHNUTZUNG",
        )
