"""The cost statement: every item derived line by line, sums per payer, and the hashes that pin input and result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, Literal

from services.contracts.chain.days import Interval
from services.contracts.pricing.checks import check
from services.contracts.pricing.given import Input, read
from services.contracts.pricing.keys import written
from services.contracts.pricing.pools import PricedItem, PricedPool, Situation, price_item
from services.contracts.pricing.refusal import RefusedError
from services.contracts.pricing.slices import Slice, windows
from shared.canonical_json import digest

SPEC: Final = "cost-statement/1"
Settled = Literal["CONTRACT", "BUDGET"]
_SUMS: Final = ("contract_cents", "budget_cents", "total_cents")


def statement(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cost statement of an input, with the correction of the previous one if the input asks for it.

    Raises RefusedError with the code of the first check that fails.
    """
    given = read(data)
    result = _statement(given, data, given.known_at)
    if not given.previous_known_at:
        return result
    try:
        previous = _statement(given, data, given.previous_known_at)
    except RefusedError as error:
        raise RefusedError("NO_PREVIOUS_STATEMENT") from error
    return result | {"correction": correction(result, previous)}


def _statement(given: Input, data: Mapping[str, Any], known_at: str | None) -> dict[str, Any]:
    check(given, known_at)
    situation = Situation(given, known_at)
    items = [price_item(window, situation) for window in windows(given)]
    contract = _sums(items, situation.participants, "CONTRACT")
    budget = _sums(items, situation.participants, "BUDGET")
    core = {
        "spec": SPEC,
        "input_sha256": digest(_effective(data, situation)),
        "currency": given.currency,
        "period": _days(given.period.interval),
        "items": [_item(item) for item in items],
        "payers": [
            {"payer": payer, **_triple(contract.get(payer, 0), budget.get(payer, 0))} for payer in sorted({*contract, *budget})
        ],
        **_triple(sum(contract.values()), sum(budget.values())),
    }
    return core | {"hash": digest(core)}


def _effective(data: Mapping[str, Any], situation: Situation) -> dict[str, Any]:
    """Return the input as it counts: without instants, with the uses that count."""
    lasting = {name: value for name, value in data.items() if name not in {"known_at", "previous_known_at"}}
    return lasting | {
        "participants": [
            participant
            | {"uses": [_days(report.interval) | {"count": report.count} for report in situation.reports[participant["id"]]]}
            for participant in data["participants"]
        ]
    }


def _sums(items: Sequence[PricedItem], participants: Iterable[str], settled: Settled) -> dict[str, int]:
    """Return the cents of every participant and every payer of such a line."""
    sums = dict.fromkeys(participants, 0)
    for pool in (pool for item in items for pool in item.pools if pool.pool.settled == settled):
        for payer, line in pool.lines.items():
            sums[payer] = sums.get(payer, 0) + line.cents
    return sums


def _triple(contract: int, budget: int) -> dict[str, int]:
    return {"contract_cents": contract, "budget_cents": budget, "total_cents": contract + budget}


def correction(new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """Return what each payer owes more or less by a new statement than by an old one, with the hash of the latter."""
    rows: list[dict[str, Any]] = []
    after, before = ({row["payer"]: row for row in found["payers"]} for found in (new, old))
    for payer in sorted({*after, *before}):
        differences = {name: after.get(payer, {}).get(name, 0) - before.get(payer, {}).get(name, 0) for name in _SUMS}
        if any(differences.values()):
            rows.append({"payer": payer, **differences})
    return {"previous_hash": old["hash"], "payers": rows}


def _days(days: Interval) -> dict[str, str]:
    return {"from": days.first, "to": days.last}


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _item(item: PricedItem) -> dict[str, Any]:
    return {
        "version": item.window.version.version,
        "item": item.window.item.id,
        "window": _days(item.window.days),
        "effective_key": written(item.key),
        "exact_cents": _fraction(item.exact),
        "total_cents": item.total,
        "slices": [_slice(part) for part in item.slices],
        "pools": [_pool(pool) for pool in item.pools],
    }


def _slice(part: Slice) -> dict[str, Any]:
    return _days(part.days) | {
        "days": part.length,
        "basis_days": part.basis_days,
        "exact_cents": _fraction(part.exact),
        "active": list(part.active),
    }


def _pool(priced: PricedPool) -> dict[str, Any]:
    return {
        "pool": priced.pool.id,
        "settled": priced.pool.settled,
        "share_bp": priced.pool.share_bp,
        "cents": priced.cents,
        "lines": [
            {
                "payer": payer,
                "share": _fraction(line.share),
                "floor_cents": line.floor_cents,
                "extra_cent": line.extra_cent,
                "cents": line.cents,
            }
            for payer, line in priced.lines.items()
        ],
    }
