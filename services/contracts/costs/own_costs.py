"""What a body will pay if it takes part, and why: its lines of a statement on days to come, each with the way to its cents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from services.contracts.chain.days import Interval
from services.contracts.costs.inputs import Joining, Priced, forecast
from services.contracts.costs.participants import TakingPart
from services.contracts.costs.reference import Json, ReferenceData
from services.contracts.pricing.refusal import RefusedError
from services.contracts.pricing.statement import statement
from shared.errors import ConflictError


@dataclass(frozen=True, slots=True)
class RestOfPool:
    """What others pay of an item: the pool, how it is settled, their cents and how many they are."""

    pool: str
    settled: str
    cents: int
    payers: int


@dataclass(frozen=True, slots=True)
class OwnLine:
    """An item as the body bears it. ``base`` of ``base_total`` is what the key goes by, None where it is no one number.

    ``share`` is the exact share of its pool as ``n/d``; ``days`` are those of the window on which it takes part.
    ``financed``: it is paid from a joint budget and costs the body nothing.
    """

    version: int
    item: Mapping[str, Any]
    key: str
    window: Interval
    days: int
    basis_days: int
    base: int | None
    base_total: int | None
    share: str
    cents: int
    total_cents: int
    financed: bool
    rest: tuple[RestOfPool, ...]


@dataclass(frozen=True, slots=True)
class OwnYear:
    """What the body pays in a period: lines, what is invoiced to it, what is financed for all, and how many take part."""

    period: Interval
    participants: int
    lines: tuple[OwnLine, ...]
    invoiced_cents: int
    financed_cents: int


def own_year(
    period: Interval, priced: Priced, found: Mapping[str, TakingPart], joining: Joining, reference: ReferenceData
) -> OwnYear:
    """Return what a body pays in a period, with the participants of the day on which it joins and itself.

    Raises ConflictError (``costs_not_statable``) with the rule of the cost statement that fails.
    """
    given = forecast(period, priced, found, joining, reference)
    try:
        result = statement(given)
    except RefusedError as refused:
        raise not_statable(refused, joining.organisation) from refused
    bodies = {body["id"]: body for body in given["participants"]}
    items = {(version["version"], item["id"]): item for version in given["cost_information"] for item in version["items"]}
    lines = [_line(item, items[item["version"], item["item"]], joining, bodies, reference) for item in result["items"]]
    payer = next(row for row in result["payers"] if row["payer"] == joining.organisation)
    return OwnYear(
        period=period,
        participants=sum(1 for body in bodies.values() if body["participations"]),
        lines=tuple(line for line in lines if line is not None),
        invoiced_cents=payer["contract_cents"],
        financed_cents=result["budget_cents"],
    )


def not_statable(refused: RefusedError, organisation: str | None) -> ConflictError:
    """Return a refusal of a cost statement as the error of a request; a body is named to itself only."""
    return ConflictError(
        f"No cost statement can be made: {refused.code}.",
        code="costs_not_statable",
        rule=refused.code,
        version=refused.version,
        item=refused.item,
        participant=refused.participant if refused.participant == organisation else None,
    )


def periods(first: date) -> tuple[Interval, Interval]:
    """Return the calendar year in which a body joins, and the next one."""
    return (
        Interval(f"{first.year}-01-01", f"{first.year}-12-31"),
        Interval(f"{first.year + 1}-01-01", f"{first.year + 1}-12-31"),
    )


def _line(
    priced: Mapping[str, Any],
    item: Mapping[str, Any],
    joining: Joining,
    bodies: Mapping[str, Json],
    reference: ReferenceData,
) -> OwnLine | None:
    """Return what a body bears of an item: its line, or that others bear it for all; None if it is none of its business."""
    own = [(pool, line) for pool in priced["pools"] for line in pool["lines"] if line["payer"] == joining.organisation]
    financed = all(pool["settled"] == "BUDGET" for pool in priced["pools"])
    if not own and not financed:
        return None
    taking_part = [part for part in priced["slices"] if joining.organisation in part["active"]]
    last = taking_part[-1]["active"] if taking_part else [id_ for id_, body in bodies.items() if body["participations"]]
    bases = _bases(priced["effective_key"], last, bodies, reference)
    rest = [_rest(pool, joining.organisation) for pool in priced["pools"]]
    return OwnLine(
        version=priced["version"],
        item=item,
        key=priced["effective_key"],
        window=Interval(priced["window"]["from"], priced["window"]["to"]),
        days=sum(part["days"] for part in taking_part),
        basis_days=sum(part["days"] for part in priced["slices"]),
        base=None if bases is None else bases.get(joining.organisation),
        base_total=None if bases is None else sum(bases.values()),
        share=_sum_of(line["share"] for _, line in own),
        cents=sum(line["cents"] for _, line in own),
        total_cents=priced["total_cents"],
        financed=financed,
        rest=tuple(found for found in rest if found.cents),
    )


def _sum_of(shares: Iterable[str]) -> str:
    total = sum((Fraction(share) for share in shares), Fraction())
    return f"{total.numerator}/{total.denominator}"


def _rest(pool: Mapping[str, Any], organisation: str) -> RestOfPool:
    others = [line for line in pool["lines"] if line["payer"] != organisation]
    return RestOfPool(pool["pool"], pool["settled"], sum(line["cents"] for line in others), len(others))


def _bases(key: str, active: Iterable[str], bodies: Mapping[str, Json], reference: ReferenceData) -> dict[str, int] | None:
    """Return what a key goes by, by body; None for a key that goes by several things or by nothing."""
    name, _, table = key.partition(":")
    known = [bodies[id_] for id_ in active if id_ in bodies]
    match name:
        case "EINWOHNER":
            return {body["id"]: body["population"] or 0 for body in known}
        case "ZIELGRUPPE":
            return {body["id"]: body["target_group"] or 0 for body in known}
        case "GLEICH":
            return {body["id"]: 1 for body in known}
        case "KOENIGSTEIN":
            return {body["id"]: reference.tables[table].get(body["ars"] or "", 0) for body in known}
        case "NUTZUNG":
            return {body["id"]: sum(report["count"] for report in body["uses"]) for body in known}
        case _:
            return None
