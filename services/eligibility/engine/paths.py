"""Chains of relations between two legal persons, and the best of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush
from itertools import count

from services.eligibility.engine.day import DOCUMENTED, Day, Edge
from services.eligibility.engine.edges import edge_outcome
from services.eligibility.engine.verdicts import Outcome, Verdict

Place = tuple[Verdict, int, int]
"""Place in the order of paths: verdict, joint edges, edges."""


class Form(Enum):
    """Which paths are asked for: of sole edges only, with at least one joint edge, or both."""

    SOLE = "sole"
    JOINT = "joint"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Path:
    """A chain of edges, with what it is worth."""

    edges: tuple[Edge, ...]
    outcome: Outcome

    @property
    def joint_edges(self) -> int:
        """Number of joint edges: two or more are indirect joint control."""
        return sum(edge.joint for edge in self.edges)

    @property
    def order(self) -> tuple[Verdict, int, int, str, tuple[str, ...]]:
        """Place among other paths; the ids decide only what is shown."""
        return self.outcome.verdict, self.joint_edges, len(self.edges), self.outcome.code, self.outcome.facts


def best_path(day: Day, source: str, target: str, form: Form, indirect_joint: str) -> Path | None:
    """Return the best path from one legal person to another, None if there is none.

    ``indirect_joint`` is the policy, ACCEPT or STRICT. Paths are tried in ascending order of verdict, joint edges and edges,
    each of which only grows along a path: the first that arrives is the best but for those that are equal in all three.
    """
    if source == target:
        return None
    ahead = _ahead(day, source, target, sole_only=form is Form.SOLE)
    if source not in ahead:
        return None
    indirect = indirect_outcome(day, source, target, indirect_joint)

    def bound(place: str, length: int, joint: int, verdict: Verdict) -> Place | None:
        """Return the best place in the order that a path can still reach, None if it cannot arrive."""
        return min(
            (
                (max(verdict, worst_edge, indirect.verdict if joint + joints > 1 else worst_edge), joint + joints, length + edges)
                for edges, joints, worst_edge in ahead.get(place, ())
                if length + edges <= day.rules.max_depth and (form is not Form.JOINT or joint + joints)
            ),
            default=None,
        )

    first = bound(source, 0, 0, Verdict.EXEMPT)
    number = count()
    queue: list[tuple[Place, int, tuple[Edge, ...], Verdict]] = (
        [] if first is None else [(first, next(number), (), Verdict.EXEMPT)]
    )
    found: list[Path] = []
    while queue:
        best, _, edges, edges_verdict = heappop(queue)
        if found and best > found[0].order[:3]:
            break
        place = edges[-1].target if edges else source
        if place == target:
            found.append(_path(day, edges, indirect))
            continue
        been = {source, *(edge.target for edge in edges)}
        joint = sum(edge.joint for edge in edges)
        for edge in day.edges_from(place):
            if edge.target in been or edge.target not in ahead or (edge.joint and form is Form.SOLE):
                continue
            with_edge = max(edges_verdict, edge_outcome(day, edge).verdict)
            reachable = bound(edge.target, len(edges) + 1, joint + edge.joint, with_edge)
            if reachable is not None:
                heappush(queue, (reachable, next(number), (*edges, edge), with_edge))
    return min(found, key=lambda path: path.order, default=None)


def direct_path(day: Day, source: str, target: str) -> Path | None:
    """Return the best joint edge from one legal person straight to another, as a path of length one."""
    edges = (edge for edge in day.edges_from(source) if edge.target == target and edge.joint)
    none = Outcome(Verdict.EXEMPT, "JOINT_CONTROL")
    return min((_path(day, (edge,), none) for edge in edges), key=lambda path: path.order, default=None)


def indirect_outcome(day: Day, source: str, target: str, indirect_joint: str) -> Outcome:
    """Return what indirect joint control is worth between two bodies: by policy, or by a legal opinion on one of them."""
    if indirect_joint == "ACCEPT":
        return Outcome(Verdict.EXEMPT, "INDIRECT_JOINT_ACCEPTED")
    opinions = [
        opinion.id
        for person in (source, target)
        for member in day.members(person)
        for opinion in day.valid(day.view.opinions.get(member, ()))
        if opinion.supports and day.documented(opinion) is DOCUMENTED
    ]
    if opinions:
        return Outcome(Verdict.EXEMPT, "INDIRECT_JOINT_OPINION", (min(opinions),))
    return Outcome(Verdict.RISK, "INDIRECT_JOINT_DISPUTED", (), {"controlling": source, "controlled": target})


def _path(day: Day, edges: tuple[Edge, ...], indirect: Outcome) -> Path:
    outcomes = [edge_outcome(day, edge) for edge in edges]
    facts = tuple(edge.fact.id for edge in edges)
    is_indirect = sum(edge.joint for edge in edges) > 1
    bound = indirect.verdict if is_indirect else Verdict.EXEMPT
    gravest = max(outcome.verdict for outcome in outcomes)
    if gravest > bound:
        first = next(outcome for outcome in outcomes if outcome.verdict is gravest)
        return Path(edges, Outcome(gravest, first.code, facts, first.params))
    ends = {"from": edges[0].source, "to": edges[-1].target}
    if is_indirect:
        params = {**indirect.params, **ends, "opinion": indirect.facts}
        return Path(edges, Outcome(indirect.verdict, indirect.code, facts, params))
    code = "JOINT_CONTROL" if any(edge.joint for edge in edges) else "CONTROL"
    return Path(edges, Outcome(Verdict.EXEMPT, code, facts, ends))


def _ahead(day: Day, source: str, target: str, *, sole_only: bool) -> dict[str, set[tuple[int, int, Verdict]]]:
    """Return how one may get to the target from each body between the two: edges, joint edges, worst edge of some way.

    Ways that visit a body twice are among them: a path is never better than the best of these.
    """
    into = _edges_ahead(day, source, sole_only=sole_only)
    if target not in into:
        return {}
    ahead: dict[str, set[tuple[int, int, Verdict]]] = {target: {(0, 0, Verdict.EXEMPT)}}
    newest = {target: {(0, Verdict.EXEMPT)}}
    for steps in range(1, day.rules.max_depth + 1):
        following: dict[str, set[tuple[int, Verdict]]] = {}
        for place, ways in newest.items():
            for person, edge in into.get(place, ()):
                if person != target:
                    verdict = edge_outcome(day, edge).verdict
                    following.setdefault(person, set()).update(
                        (joints + edge.joint, max(verdict, worst)) for joints, worst in ways
                    )
        for person, ways in following.items():
            ahead.setdefault(person, set()).update((steps, joints, worst) for joints, worst in ways)
        newest = following
    return ahead


def _edges_ahead(day: Day, source: str, *, sole_only: bool) -> dict[str, list[tuple[str, Edge]]]:
    """Return the edges that paths from a body may take, each with its source, by their targets."""
    into: dict[str, list[tuple[str, Edge]]] = {}
    layer: Iterable[str] = (source,)
    reached = {source}
    for _ in range(day.rules.max_depth):
        found: set[str] = set()
        for person in layer:
            for edge in day.edges_from(person):
                if not (sole_only and edge.joint):
                    into.setdefault(edge.target, []).append((person, edge))
                    found.add(edge.target)
        layer = found - reached
        reached |= layer
    return into
