"""Reachability from and to one body on one day: what paths.py finds for one pair, for all bodies at once, verdicts only.

A walk is never better than the simple path within it, so that nothing need be known of the bodies on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from services.eligibility.engine.day import Day, Edge
from services.eligibility.engine.edges import edge_outcome
from services.eligibility.engine.verdicts import Verdict

INDIRECT: Final = 2
"""Joint edges from which on control is indirect joint control; more are counted as so many."""

Grades = dict[int, Verdict]
"""Best verdict of the walks found, by the number of their joint edges, at most ``INDIRECT``."""
Ways = dict[str, Grades]


def ways_to(day: Day, target: str) -> Ways:
    """Return who has a path to the body, with the best verdict of its edges by number of joint ones. O(depth x edges)."""
    return _spread(day, target, day.edges_into, lambda edge: edge.source)


def ways_from(day: Day, source: str) -> Ways:
    """Return to whom the body has a path, graded as ``ways_to``."""
    return _spread(day, source, day.edges_from, lambda edge: edge.target)


def sole_ways_to(day: Day, target: str) -> dict[str, Verdict]:
    """Return who alone controls the body, directly or through others, with the best verdict."""
    return _alone(_spread(day, target, lambda person: _sole(day.edges_into(person)), lambda edge: edge.source))


def sole_ways_from(day: Day, source: str) -> dict[str, Verdict]:
    """Return whom the body controls alone, directly or through others, with the best verdict."""
    return _alone(_spread(day, source, lambda person: _sole(day.edges_from(person)), lambda edge: edge.target))


@dataclass
class Mothers:
    """Sisters of one body (R7): the best mother in common with each other body, without the rule on half-sisters."""

    whole: dict[str, Verdict] = field(default_factory=dict)
    half: dict[str, Verdict] = field(default_factory=dict)


def mothers_of(day: Day, person: str, authority: Callable[[str], Verdict]) -> Mothers:
    """Return with whom the body has a mother in common. ``authority`` grades the status of a mother."""
    found = Mothers()
    for mother, to_person in sole_ways_to(day, person).items():
        bound = max(to_person, authority(mother))
        _lower(found.whole, sole_ways_from(day, mother), bound)
        joint = ((edge.target, edge_outcome(day, edge).verdict) for edge in day.edges_from(mother) if edge.joint)
        for other, verdict in joint:
            _lower(found.half, {other: verdict}, bound)
    members: dict[str, Verdict] = {}
    for edge in day.edges_into(person):
        if edge.joint:
            _lower(members, {edge.source: edge_outcome(day, edge).verdict}, Verdict.EXEMPT)
    for mother, direct in members.items():
        _lower(found.half, sole_ways_from(day, mother), max(direct, authority(mother)))
    return found


def _lower(best: dict[str, Verdict], found: dict[str, Verdict], bound: Verdict) -> None:
    for person, verdict in found.items():
        grade = max(verdict, bound)
        if grade < best.get(person, grade + 1):
            best[person] = grade


def _sole(edges: Iterable[Edge]) -> Iterable[Edge]:
    return (edge for edge in edges if not edge.joint)


def _alone(ways: Ways) -> dict[str, Verdict]:
    return {person: grades[0] for person, grades in ways.items()}


def _spread(day: Day, start: str, edges: Callable[[str], Iterable[Edge]], onward: Callable[[Edge], str]) -> Ways:
    ways: Ways = {}
    layer: Ways = {start: {0: Verdict.EXEMPT}}
    for _ in range(day.rules.max_depth):
        following: Ways = {}
        for person, grades in layer.items():
            for edge in edges(person):
                _pass(edge, grades, onward(edge), ways, following, edge_outcome(day, edge).verdict)
        following.pop(start, None)
        ways.pop(start, None)
        layer = following
    return ways


def _pass(edge: Edge, grades: Grades, place: str, ways: Ways, following: Ways, verdict: Verdict) -> None:
    """Carry grades over an edge; what is better than all before goes on from there in the next layer."""
    known = ways.setdefault(place, {})
    for joint, grade in grades.items():
        number = min(joint + edge.joint, INDIRECT)
        better = max(grade, verdict)
        if number not in known or better < known[number]:
            known[number] = better
            following.setdefault(place, {})[number] = better
