"""Ways through the in-house graph: shortest first, each body once, the same result for the same relations in any order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from services.eligibility.rules.facts import CollectiveRelation, Confirmation, Facts, Relation, RelationType, holds
from shared.messages.values import OrganisationType

Path = tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Connection:
    """The best way found. ``weak``: relations on it without valid evidence; ``collective``: a first step that names no member."""

    path: Path
    weak: tuple[tuple[Relation, str], ...] = ()
    collective: CollectiveRelation | None = None

    @property
    def steps(self) -> int:
        """Number of bodies in law that the way crosses; parts of a body count with it."""
        return sum(relation.type is not RelationType.PART for relation in self.path)


def weakness(relation: Relation, on: date) -> str | None:
    """Return the code for why the relation is not proven on that day, or None if it is."""
    if relation.confirmation is Confirmation.STATED:
        return "STATEMENT_NOT_CONFIRMED"
    if not relation.evidence:
        return "EVIDENCE_MISSING"
    if any(holds(evidence.valid_from, evidence.valid_to, on) for evidence in relation.evidence):
        return None
    expired = any(evidence.valid_to is not None and evidence.valid_to <= on for evidence in relation.evidence)
    return "EVIDENCE_EXPIRED" if expired else "EVIDENCE_NOT_YET_VALID"


def connect(start: str, goal: str, on: date, facts: Facts) -> Connection | None:
    """Return the best connection on that day: proven, else unproven, else through a group membership; None if there is none."""
    valid = [relation for relation in facts.relations if holds(relation.valid_from, relation.valid_to, on)]
    proven = [relation for relation in valid if weakness(relation, on) is None]
    path = shortest(start, goal, proven)
    if path is not None:
        return Connection(path)
    path = shortest(start, goal, valid)
    if path is not None:
        return Connection(path, tuple((relation, code) for relation in path if (code := weakness(relation, on))))
    for collective in collectives_of(start, on, facts):
        path = (
            ()
            if collective.target == goal
            else shortest(collective.target, goal, proven) or shortest(collective.target, goal, valid)
        )
        if path is not None:
            return Connection(path, collective=collective)
    return None


def collectives_of(body_id: str, on: date, facts: Facts) -> list[CollectiveRelation]:
    """Return the groups valid on that day that a Kommune or Kreis belongs to by its ARS."""
    body = facts.bodies.get(body_id)
    if body is None or body.ars is None or body.type not in (OrganisationType.KOMMUNE, OrganisationType.KREIS):
        return []
    return sorted(
        (c for c in facts.collectives if body.ars.startswith(c.region) and holds(c.valid_from, c.valid_to, on)),
        key=lambda collective: collective.id,
    )


def shortest(start: str, goal: str, relations: Iterable[Relation]) -> Path | None:
    """Return the shortest way from ``start`` to ``goal``, or None. Parts of a body cost nothing and are crossed both ways."""
    neighbours = _neighbours(relations)
    ways: dict[str, Path] = {start: ()}
    costs: dict[str, int] = {start: 0}
    queue: deque[str] = deque([start])
    while queue:
        here = queue.popleft()
        for there, relation in neighbours.get(here, ()):
            step = 0 if relation.type is RelationType.PART else 1
            if there in costs and costs[there] <= costs[here] + step:
                continue
            costs[there] = costs[here] + step
            ways[there] = (*ways[here], relation)
            if step:
                queue.append(there)
            else:
                queue.appendleft(there)
    return ways.get(goal) if start != goal else None


def reachable(starts: Iterable[str], relations: Iterable[Relation]) -> set[str]:
    """Return all bodies that a way leads to, at whatever time, the starts included."""
    neighbours = _neighbours(relations)
    seen: set[str] = set(starts)
    queue = deque(seen)
    while queue:
        for there, _ in neighbours.get(queue.popleft(), ()):
            if there not in seen:
                seen.add(there)
                queue.append(there)
    return seen


def _neighbours(relations: Iterable[Relation]) -> Mapping[str, list[tuple[str, Relation]]]:
    found: dict[str, list[tuple[str, Relation]]] = {}
    for relation in sorted(relations, key=lambda relation: (relation.target, relation.id)):
        found.setdefault(relation.source, []).append((relation.target, relation))
        if relation.type is RelationType.PART:
            found.setdefault(relation.target, []).append((relation.source, relation))
    return found
