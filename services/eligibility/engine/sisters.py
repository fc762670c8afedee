"""Sisters (R7): awards between two bodies under one mother, § 108 Abs. 3 Satz 1 Alt. 2 GWB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from services.eligibility.engine.bodies import status
from services.eligibility.engine.day import Day
from services.eligibility.engine.paths import Form, Path, best_path, direct_path
from services.eligibility.engine.verdicts import Outcome, Verdict, first_worst

SISTER, HALF_SISTER, SEVERAL_MOTHERS = range(3)
"""Classes of candidates; of equal outcomes the lower class is taken."""


def sister(day: Day, awarder: str, contractor: str, indirect_joint: str, *, on_first_leg: bool) -> Outcome | None:
    """Return the outcome of R7 for the best mother, None if there is no candidate."""
    candidates = [
        (outcome, kind, mother)
        for mother in sorted(_mothers(day, awarder, contractor))
        for kind, outcome in _of_mother(day, mother, awarder, contractor, indirect_joint, on_first_leg=on_first_leg)
    ]
    best = min(candidates, key=lambda found: (found[0].verdict, found[1], found[0].code, found[2]), default=None)
    if best is None:
        return None
    outcome, _, mother = best
    return replace(outcome, params=dict(outcome.params) | {"mother": mother})


def _mothers(day: Day, awarder: str, contractor: str) -> set[str]:
    """Return who may be a mother: all above one of the two by sole edges, and all with a joint edge to one."""
    near = {edge.source for person in (awarder, contractor) for edge in day.edges_into(person) if edge.joint}
    layer = {awarder, contractor}
    above: set[str] = set()
    for _ in range(day.rules.max_depth):
        layer = {edge.source for person in layer for edge in day.edges_into(person) if not edge.joint} - above
        above |= layer
    return (near | above) - {awarder, contractor}


def _of_mother(
    day: Day, mother: str, awarder: str, contractor: str, indirect_joint: str, *, on_first_leg: bool
) -> Iterator[tuple[int, Outcome]]:
    sole = {child: best_path(day, mother, child, Form.SOLE, indirect_joint) for child in (awarder, contractor)}
    direct = {child: direct_path(day, mother, child) for child in (awarder, contractor)}
    to_awarder, to_contractor = sole[awarder], sole[contractor]
    if to_awarder is not None and to_contractor is not None:
        checks = (to_awarder.outcome, to_contractor.outcome, _status(day, mother))
        found = first_worst(checks)
        yield SISTER, replace(found, code="SISTER") if found.verdict is Verdict.EXEMPT else found
    for child, other in ((awarder, contractor), (contractor, awarder)):
        half, whole = direct[child], sole[other]
        if half is not None and whole is not None:
            yield HALF_SISTER, _half_sister(day, mother, half, whole, on_first_leg=on_first_leg)
    first, second = direct[awarder], direct[contractor]
    if first is not None and second is not None:
        facts = (*first.outcome.facts, *second.outcome.facts)
        yield SEVERAL_MOTHERS, Outcome(Verdict.NOT_EXEMPT, "SEVERAL_MOTHERS", facts, {"org": mother})


def _half_sister(day: Day, mother: str, half: Path, whole: Path, *, on_first_leg: bool) -> Outcome:
    rule = day.rules.half_sister
    verdict = Verdict[rule.on_first_leg if on_first_leg else rule.elsewhere]
    facts = (*half.outcome.facts, *whole.outcome.facts)
    by_rule = Outcome(verdict, "HALF_SISTER", facts, {"org": mother})
    return first_worst((by_rule, half.outcome, whole.outcome, _status(day, mother)))


def _status(day: Day, mother: str) -> Outcome:
    found = status(day, mother)
    if found.code != "NOT_AUTHORITY":
        return found
    return replace(found, verdict=Verdict.NOT_EXEMPT, code="MOTHER_NOT_AUTHORITY")
