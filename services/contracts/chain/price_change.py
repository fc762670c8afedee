"""From when new cost information counts down the chain (PRICE_CHANGE), and who bears the difference until then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.contracts.chain.contract import Contract
from services.contracts.chain.days import Interval, day_before, period_start, plus_months, shown
from services.contracts.chain.given import AskPriceChange
from services.contracts.chain.refusal import RefusedError
from services.contracts.chain.world import Chain, World


def price_change(world: World, asked: AskPriceChange) -> dict[str, Any]:
    """Return a row for each contract that the new price reaches, down the chain. Raises RefusedError."""
    _check(world, asked)
    rows = []
    new_price_days: dict[str, str] = {}
    for contract in sorted(world.chain.contracts.values(), key=lambda item: item.place):
        if not contract.binding or not contract.begins or contract.id in world.chain.cycles:
            continue
        if contract.id == asked.contract:
            reach: str | None = max(asked.effective_from, contract.valid_from)
        else:
            reach = reach_of(world.chain, contract, new_price_days)
        if reach is None:
            continue
        day = new_price_day(contract, reach, asked.issued_on)
        if day is not None:
            new_price_days[contract.id] = day
        rows.append(_row(contract, reach, day))
    return {"price_change": rows}


def _check(world: World, asked: AskPriceChange) -> None:
    contract = world.chain.contracts.get(asked.contract)
    if contract is None:
        raise RefusedError("CONTRACT_UNKNOWN", asked.contract)
    if asked.effective_from < asked.issued_on:
        raise RefusedError("COST_INFO_RETROACTIVE", contract.id)
    if not contract.binding or not contract.begins or contract.end < asked.effective_from:
        raise RefusedError("PRICE_CHANGE_NOT_POSSIBLE", contract.id)


def reach_of(chain: Chain, contract: Contract, new_price_days: Mapping[str, str]) -> str | None:
    """Return the first day on which a contract above passes a new price on, None if none does.

    ``new_price_days`` are the days from which the new price counts in contracts, by their ids.
    """
    days = [
        day
        for above in chain.cover_of(contract)
        if above.id in new_price_days
        for day in [max(new_price_days[above.id], contract.valid_from)]
        if day <= min(above.end, contract.end)
    ]
    return min(days, default=None)


def new_price_day(contract: Contract, reach: str, issued_on: str) -> str | None:
    """Return the first day of the new price by the contract's own terms, None if it has none."""
    if contract.charge == "ENTGELTFREI":
        return None
    earliest = max(reach, plus_months(issued_on, contract.price_notice.months))
    day = period_start(earliest, contract.price_notice.from_)
    return day if day <= contract.end else None


def _row(contract: Contract, reach: str, day: str | None) -> dict[str, str | None]:
    borne = borne_days(contract, reach, day)
    return {
        "contract": contract.id,
        "effective_from": day,
        "borne_by": None if borne is None else contract.grantor,
        "borne_from": None if borne is None else borne.first,
        "borne_to": None if borne is None else shown(borne.last),
    }


def borne_days(contract: Contract, reach: str, day: str | None) -> Interval | None:
    """Return the days on which the grantor bears the difference of a new price that counts from ``day``, None if on none."""
    if day == reach:
        return None
    return Interval(reach, contract.end if day is None else day_before(day))
