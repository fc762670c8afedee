"""The whole statement, its sums and hashes."""

import hashlib
import json
from datetime import date
from typing import Any

from tests.support.pricing_oracle.costs import Costs
from tests.support.pricing_oracle.days import ONE
from tests.support.pricing_oracle.ratio import Ratio, handed_out, ratio, rounded, total
from tests.support.pricing_oracle.refusals import LAND_OF, LAST, Refusal, days_of, refuse
from tests.support.pricing_oracle.reports import counting

SUMS = ("contract_cents", "budget_cents", "total_cents")
ALONE: dict[str, Any] = {
    "id": "PARTICIPANTS",
    "share_bp": 10_000,
    "members": {"type": "PARTICIPANTS", "types": None},
    "key": "ITEM",
    "settled": "CONTRACT",
}


def answer_of(given: Any) -> dict[str, Any]:
    """Return the statement, or the refusal as ``error``."""
    try:
        return _answer(given)
    except Refusal as refusal:
        return {"error": refusal.named}


def _answer(given: Any) -> dict[str, Any]:
    refuse(given, given.get("known_at") if isinstance(given, dict) else None)
    new = _statement(given, given.get("known_at"))
    if "previous_known_at" not in given:
        return new
    try:
        refuse(given, given["previous_known_at"])
        old = _statement(given, given["previous_known_at"])
    except Refusal as refusal:
        raise Refusal("NO_PREVIOUS_STATEMENT") from refusal
    payers = []
    for payer in sorted({row["payer"] for statement in (new, old) for row in statement["payers"]}):
        row = {"payer": payer, **{name: _sum(new, payer, name) - _sum(old, payer, name) for name in SUMS}}
        if any(row[name] for name in SUMS):
            payers.append(row)
    return {**new, "correction": {"previous_hash": old["hash"], "payers": payers}}


def _sum(statement: dict[str, Any], payer: str, name: str) -> int:
    return sum(row[name] for row in statement["payers"] if row["payer"] == payer)


def _hash(value: Any) -> str:
    return hashlib.sha256(_written(value).encode()).hexdigest()


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_written(name)}:{_written(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_written(entry) for entry in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _text(value: Ratio) -> str:
    return f"{value[0]}/{value[1]}"


def _statement(given: dict[str, Any], at: str | None) -> dict[str, Any]:
    effective = {name: value for name, value in given.items() if "known_at" not in name}
    effective["participants"] = [
        {**body, "uses": [{name: report[name] for name in ("from", "to", "count")} for report in counting(body, at)]}
        for body in given["participants"]
    ]
    items = []
    for number, version in enumerate(given["cost_information"]):
        following = given["cost_information"][number + 1 : number + 2]
        end = (date.fromisoformat(following[0]["effective_from"]) - ONE).isoformat() if following else LAST
        for item in version["items"]:
            days = days_of(item)
            first = max(days["from"], version["effective_from"], given["period"]["from"])
            last = min(days["to"] or LAST, end, given["period"]["to"])
            if first <= last:
                items.append(_item(Costs(given, at, version["version"], item, (first, last))))
    names = {body["id"] for body in given["participants"]}
    lines = [(pool["settled"], line) for item in items for pool in item["pools"] for line in pool["lines"]]
    payers = [{"payer": payer, **_sums(lines, payer)} for payer in sorted(names | {line["payer"] for _, line in lines})]
    core = {
        "spec": "cost-statement/1",
        "input_sha256": _hash(effective),
        "currency": "EUR",
        "period": given["period"],
        "items": items,
        "payers": payers,
        **_sums(lines, None),
    }
    return {**core, "hash": _hash(core)}


def _sums(lines: list[tuple[str, dict[str, Any]]], payer: str | None) -> dict[str, int]:
    borne = [(settled, line["cents"]) for settled, line in lines if payer in {None, line["payer"]}]
    contract = sum(cents for settled, cents in borne if settled == "CONTRACT")
    return {
        "contract_cents": contract,
        "budget_cents": sum(cents for _, cents in borne) - contract,
        "total_cents": sum(cents for _, cents in borne),
    }


def _key_text(key: dict[str, Any]) -> str:
    if key["type"] == "KOMBINATION":
        return "KOMBINATION:" + "+".join(f"{part['share_bp']}*{_key_text(part['key'])}" for part in key["parts"])
    return ":".join([key["type"], *(key[name] for name in ("table", "participant") if name in key)])


def _item(costs: Costs) -> dict[str, Any]:
    item, given = costs.item, costs.given
    key = item["key"]
    if item["decision"] == "NOT_UNANIMOUS" and key["type"] not in {"FEST", "DIREKT"}:
        key = {"type": "NUTZUNG"}
    pools = [ALONE]
    for rule in given["funding_rules"]:
        if rule["id"] == item["funding"]:
            pools = rule["pools"]
            if (rule["valid_from"] or "0001-01-01") > costs.window[0] or (rule["valid_to"] or LAST) < costs.window[1]:
                raise Refusal("FUNDING_NOT_IN_FORCE", *costs.named)
    if costs.fest:
        own = costs.own()
        exact = total(own.values())
        rows = {
            id_: (
                ratio(amount[0] * exact[1], amount[1] * exact[0]),
                amount[0] // amount[1],
                rounded(amount) - amount[0] // amount[1],
            )
            for id_, amount in own.items()
            if amount[0]
        }
        cents = sum(row[1] + row[2] for row in rows.values())
        shown = [_pool(ALONE, cents, rows)]
    else:
        exact = costs.exact()
        cents = rounded(exact)
        split = handed_out(cents, {pool["id"]: (pool["share_bp"], 1) for pool in pools})
        shown = [_pool(pool, split[pool["id"]][1] + split[pool["id"]][2], None if exact[0] else {}, costs, key) for pool in pools]
    return {
        "version": costs.named[0],
        "item": item["id"],
        "window": {"from": costs.window[0], "to": costs.window[1]},
        "effective_key": _key_text(key),
        "exact_cents": _text(exact),
        "total_cents": cents,
        "slices": [
            {**{name: part[name] for name in ("from", "to", "days", "basis_days", "active")}, "exact_cents": _text(part["exact"])}
            for part in costs.slices
        ],
        "pools": shown,
    }


def _pool(
    pool: dict[str, Any],
    cents: int,
    rows: dict[str, tuple[Ratio, int, int]] | None,
    costs: Costs | None = None,
    key: dict[str, Any] | None = None,
) -> dict[str, Any]:
    if rows is None:
        assert costs is not None
        assert key is not None
        rows = handed_out(cents, _weights(pool, costs, key))
    return {
        "pool": pool["id"],
        "settled": pool["settled"],
        "share_bp": pool["share_bp"],
        "cents": cents,
        "lines": [
            {"payer": payer, "share": _text(share), "floor_cents": floor, "extra_cent": extra, "cents": floor + extra}
            for payer, (share, floor, extra) in sorted(rows.items())
        ],
    }


def _weights(pool: dict[str, Any], costs: Costs, key: dict[str, Any]) -> dict[str, Ratio]:
    members = pool["members"]
    if members["type"] == "PAYER":
        return {members["id"]: (1, 1)}
    if members["type"] == "ALL_LAENDER":
        table = costs.given["tables"][pool["key"]["table"]]
        return {LAND_OF[ars]: (weight, 1) for ars, weight in table.items()}
    bodies = [body for body in costs.bodies if members["types"] is None or body["type"] in members["types"]]
    return costs.weights(key if pool["key"] == "ITEM" else pool["key"], bodies)
