"""What a notice ends (NOTICE): the contract itself, and down the chain all that rests on it."""

from __future__ import annotations

from typing import Any

from services.contracts.chain.contract import Accession, Contract
from services.contracts.chain.days import (
    Interval,
    day_before,
    days_between,
    latest_receipt,
    period_end,
    plus_months,
    shown,
    uncovered,
)
from services.contracts.chain.given import AskNotice
from services.contracts.chain.refusal import RefusedError
from services.contracts.chain.violations import of_accession
from services.contracts.chain.world import Chain, World


def last_day_of(contract: Contract, received_on: str) -> str | None:
    """Return the last day of a contract whose ordinary notice is received on a day, None if none is agreed."""
    if contract.notice is None:
        return None
    return period_end(plus_months(received_on, contract.notice.months), contract.notice.to)


def notify_by_of(contract: Contract) -> str | None:
    """Return the latest day of receipt for which a contract's own notice ends it on its end or before, None if none is agreed."""
    return None if contract.notice is None else latest_receipt(contract.end, contract.notice.months, contract.notice.to)


def notice(world: World, asked: AskNotice) -> dict[str, Any]:
    """Return what ends by a notice, when, and until when its parties had to be told. Raises RefusedError."""
    contract, last_day = _noticed(world, asked)
    answer: dict[str, Any] = {"contract": contract.id, "effect": "NO_EFFECT", "last_day": shown(contract.end)}
    if contract.end <= last_day:
        return answer | {"cascade": [], "offers_to_withdraw": [], "accessions_ending": []}
    after = _after(world, world.chain.with_changed(contract.model_copy(update={"ends_on": last_day})))
    changed = sorted(
        (now for now in after.contracts.values() if now.id != contract.id and now is not world.chain.contracts[now.id]),
        key=lambda now: now.place,
    )
    return {
        "contract": contract.id,
        "effect": "TERMINATED",
        "last_day": last_day,
        "cascade": [_row(now, asked.received_on) for now in changed if now.live],
        "offers_to_withdraw": sorted(now.id for now in changed if not now.live),
        "accessions_ending": [
            {"accession": accession.id, "last_day": ended}
            for accession in world.accessions
            if not any(of_accession(world, accession))
            and (ended := new_end(world.chain, after, accession, accession.term)) is not None
        ],
    }


def _noticed(world: World, asked: AskNotice) -> tuple[Contract, str]:
    """Return the contract, and the last day that the notice gives it."""
    contract = world.chain.contracts.get(asked.contract)
    if contract is None:
        raise RefusedError("CONTRACT_UNKNOWN", asked.contract)
    if contract.state not in {"GESCHLOSSEN", "GEKUENDIGT"}:
        raise RefusedError("CONTRACT_ILLEGAL_TRANSITION", contract.id)
    if asked.last_day is not None and asked.last_day < asked.received_on:
        raise RefusedError("NOTICE_DATE_INVALID", contract.id)
    last_day = asked.last_day or last_day_of(contract, asked.received_on)
    if last_day is None:
        raise RefusedError("NOTICE_NOT_ALLOWED", contract.id)
    return contract, last_day


def _after(world: World, chain: Chain) -> Chain:
    """Return the chain once everything has ended that lost a day of its cover."""
    resting = [
        contract
        for contract in world.chain.contracts.values()
        if contract.live and contract.parent is not None and contract.id not in world.chain.cycles
    ]
    while True:
        changed = []
        for contract in resting:
            now = chain.contracts[contract.id]
            ended = new_end(world.chain, chain, contract, now.term) if now.live else None
            if ended is not None:
                changed.append(now.model_copy(update={"ends_on": ended} if now.binding else {"state": "ZURUECKGEZOGEN"}))
        if not changed:
            return chain
        chain = chain.with_changed(*changed)


def new_end(before: Chain, after: Chain, resting: Contract | Accession, term: Interval) -> str | None:
    """Return the day before the first day of the term that was covered before and is no longer, None if there is none."""
    covered = [above.term for above in after.cover_of(resting)]
    held = (above.term.common(term) for above in before.cover_of(resting))
    lost = [days.first for interval in held if not interval.empty for days in uncovered(interval, covered)]
    return day_before(min(lost)) if lost else None


def _row(contract: Contract, received_on: str) -> dict[str, Any]:
    """Return the row of a contract that ends with its cover: whom to tell, and by when that had to be done."""
    notify_by = notify_by_of(contract)
    return {
        "contract": contract.id,
        "last_day": contract.end,
        "never_begins": not contract.begins,
        "notify": contract.grantee,
        "notify_by": notify_by,
        "late_days": 0 if notify_by is None else max(0, days_between(notify_by, received_on)),
    }
