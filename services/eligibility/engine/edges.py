"""Tests of one relation: sole control (R2) and part in joint control (R3)."""

from __future__ import annotations

from collections.abc import Mapping

from services.eligibility.engine.bodies import examined
from services.eligibility.engine.day import Day, Edge
from services.eligibility.engine.facts import JointRelation, SoleRelation
from services.eligibility.engine.verdicts import Outcome, Verdict


def edge_outcome(day: Day, edge: Edge) -> Outcome:
    """Return what a relation is worth on the day, by itself."""
    key = ("edge", edge.fact.id)
    if key not in day.remembered:
        day.remembered[key] = _outcome(day, edge)
    return day.remembered[key]


def _outcome(day: Day, edge: Edge) -> Outcome:
    fact = edge.fact
    against, fields = _sole(fact) if isinstance(fact, SoleRelation) else _joint(day, edge, fact)
    if day.organisation(edge.source).sector == "PRIVATE":
        against = ("PRIVATE_CONTROLLER", ())
    params = {"fact": fact.id, "from": edge.source, "to": edge.target}
    if against is not None:
        code, failing = against
        return Outcome(Verdict.NOT_EXEMPT, code, (fact.id,), params | {"fields": failing})
    code = "JOINT_CONTROL" if edge.joint else "CONTROL"
    return examined(day, fact, fields, Outcome(Verdict.EXEMPT, code, (fact.id,), params))


AGAINST: Mapping[str, bool | str] = {
    "strategic": False,
    "significant": False,
    "organ_seat": "NONE",
    "joint_influence": False,
    "contrary_interests": True,
    "all_fields": False,
}
"""What of the findings of an examination speaks against a relation: one is enough, whatever the others say."""
Failing = tuple[str, tuple[str, ...]] | None
"""Code of the first condition that is not met, with the fields that say so; None if nothing speaks against it."""


def _sole(fact: SoleRelation) -> tuple[Failing, tuple[str, ...]]:
    fields = ("strategic", "significant", "all_fields")
    failing = tuple(field for field in ("strategic", "significant") if getattr(fact, field) == AGAINST[field])
    if failing:
        return ("NO_DECISIVE_INFLUENCE", failing), fields
    return (("PARTIAL_CONTROL", ("all_fields",)) if fact.all_fields == AGAINST["all_fields"] else None), fields


def _joint(day: Day, edge: Edge, fact: JointRelation) -> tuple[Failing, tuple[str, ...]]:
    fields = ("organ_seat", "joint_influence", "contrary_interests", "all_fields")
    if _has_other_controller(day, edge):
        return ("SOLE_CONTROLLER", ()), fields
    codes = ("NO_ORGAN_SEAT", "NO_JOINT_INFLUENCE", "CONTRARY_INTERESTS", "PARTIAL_CONTROL")
    failing = ((code, (field,)) for code, field in zip(codes, fields, strict=True) if getattr(fact, field) == AGAINST[field])
    return next(failing, None), fields


def _has_other_controller(day: Day, edge: Edge) -> bool:
    return any(
        other.source != edge.source and other.fact.strategic is True and other.fact.significant is True
        for other in day.sole_into(edge.target)
        if isinstance(other.fact, SoleRelation)
    )
