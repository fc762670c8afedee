"""Steps by which a new price comes to a running contract and is passed on to those below it."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.contracts.domain import prices
from services.contracts.domain.contract import Contract
from services.contracts.domain.price_changes import PriceChange
from shared.messages.base import Message
from shared.messages.contracts_changes import PriceAnnounced
from shared.messages.values import PriceItem

MOST: Final = 50
"""New prices that a contract names, the newest ones; the archive has all."""


def announce(contract: Contract, change: PriceChange) -> list[Message]:
    """Record a new price in a contract. One that reaches it no earlier than it did before changes nothing."""
    before = price_change_of(contract, change.id)
    if before is not None and before.reach <= change.reach:
        return []
    others = tuple(it for it in contract.price_changes if it.id != change.id)
    contract.price_changes = (*others, change)[-MOST:]
    return [
        PriceAnnounced(
            contract=contract.head(),
            at=change.announced_at,
            change_id=change.id,
            issued_on=change.issued_on,
            effective_from=change.effective_from,
            borne_by=None if change.borne_from is None else contract.grantor,
            borne_from=change.borne_from,
            borne_to=change.borne_to,
            because=change.because,
        )
    ]


def price_change_of(contract: Contract, change_id: str) -> PriceChange | None:
    """Return a new price of a contract by its id, None if it has none."""
    return next((it for it in contract.price_changes if it.id == change_id), None)


def lines_on(contract: Contract, day: date) -> tuple[PriceItem, ...]:
    """Return the price lines of a contract that are valid on a day: of the newest price that counts by then and stated lines."""
    counting = [it for it in contract.price_changes if it.price_items and it.effective_from and it.effective_from <= day]
    newest = max(counting, key=lambda it: (it.effective_from, it.announced_at), default=contract)
    return prices.valid_on(newest.price_items, day)


def passed_on(contract: Contract, seen: Contract) -> None:
    """Record that what rests on a contract was looked at, as the contract was ``seen`` then."""
    known = {it.id: it.reach for it in seen.price_changes}
    contract.price_changes = tuple(
        it.model_copy(update={"waits": False}) if known.get(it.id) == it.reach else it for it in contract.price_changes
    )
