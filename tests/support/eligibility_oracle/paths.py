"""Edges and every simple path between two legal persons: section 5.5."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.support.eligibility_oracle.bodies import judged
from tests.support.eligibility_oracle.day import Day
from tests.support.eligibility_oracle.shapes import EXEMPT, JOINT, RISK, SOLE, Fact, Outcome

Edge = tuple[str, str, Fact]


class Path(NamedTuple):
    """A judged path; its natural order is that of the best path."""

    rank: int
    joint: int
    edges: int
    code: str
    facts: list[str]


def edge_outcome(day: Day, edge: Edge) -> Outcome:
    """Return the outcome of one edge, its code CONTROL or JOINT_CONTROL where nothing is wrong."""
    start, end, fact = edge
    private = (day.private(start), "PRIVATE_CONTROLLER")
    if fact["type"] in SOLE:
        against = [
            private,
            (fact["strategic"] is False or fact["significant"] is False, "NO_DECISIVE_INFLUENCE"),
            (fact["all_fields"] is False, "PARTIAL_CONTROL"),
        ]
        return judged(day, fact, against, ("strategic", "significant", "all_fields"), "CONTROL")
    sole_controller = any(
        target == end and owner != start and other["type"] in SOLE and other["strategic"] is True and other["significant"] is True
        for owner, target, other in day.edges
    )
    against = [
        private,
        (sole_controller, "SOLE_CONTROLLER"),
        (fact["organ_seat"] == "NONE", "NO_ORGAN_SEAT"),
        (fact["joint_influence"] is False, "NO_JOINT_INFLUENCE"),
        (fact["contrary_interests"] is True, "CONTRARY_INTERESTS"),
        (fact["all_fields"] is False, "PARTIAL_CONTROL"),
    ]
    needed = ("organ_seat", "joint_influence", "contrary_interests", "all_fields")
    return judged(day, fact, against, needed, "JOINT_CONTROL")


def _chains(day: Day, start: str, end: str, visited: tuple[str, ...]) -> Iterator[list[Edge]]:
    if len(visited) > day.rule_set["max_depth"]:
        return
    for edge in day.edges:
        if edge[0] != start or edge[1] in visited:
            continue
        if edge[1] == end:
            yield [edge]
        else:
            for rest in _chains(day, edge[1], end, (*visited, edge[1])):
                yield [edge, *rest]


def _opinion(day: Day, start: str, end: str) -> bool:
    return any(
        fact["supports"] and day.legal_person(fact["org"]) in {start, end} and day.evidence_code(fact) is None
        for fact in day.of_kind("legal_opinion")
    )


def _judged_path(day: Day, chain: list[Edge]) -> Path:
    outcomes = [edge_outcome(day, edge) for edge in chain]
    joint = sum(edge[2]["type"] in JOINT for edge in chain)
    worst_rank = max(outcome.rank for outcome in outcomes)
    worst_code = next(outcome.code for outcome in outcomes if outcome.rank == worst_rank)
    facts = [edge[2]["id"] for edge in chain]
    if joint < 2:
        if worst_rank == EXEMPT:
            worst_code = "JOINT_CONTROL" if joint else "CONTROL"
        return Path(worst_rank, joint, len(chain), worst_code, facts)
    if not day.strict:
        indirect = Outcome(EXEMPT, "INDIRECT_JOINT_ACCEPTED")
    elif _opinion(day, chain[0][0], chain[-1][1]):
        indirect = Outcome(EXEMPT, "INDIRECT_JOINT_OPINION")
    else:
        indirect = Outcome(RISK, "INDIRECT_JOINT_DISPUTED")
    if worst_rank > indirect.rank:
        return Path(worst_rank, joint, len(chain), worst_code, facts)
    return Path(indirect.rank, joint, len(chain), indirect.code, facts)


def paths(day: Day, start: str, end: str) -> list[Path]:
    """Return every simple path of at most `max_depth` edges, judged, best first."""
    return sorted(_judged_path(day, chain) for chain in _chains(day, start, end, (start,)))


def best(found: list[Path], *, joint: bool | None = None) -> Path | None:
    """Return the best path, of those with (True) or without (False) a joint edge where asked."""
    fitting = [path for path in found if joint is None or (path.joint > 0) is joint]
    return min(fitting) if fitting else None


def best_direct_joint(day: Day, start: str, end: str) -> Path | None:
    """Return the best path made of one joint edge."""
    return best([path for path in paths(day, start, end) if path.edges == 1], joint=True)


def related_once(day: Day, start: str, end: str) -> bool:
    """Return whether visible relations of any date lead from one legal person to the other within `max_depth`."""
    arcs = {
        (day.legal_person(fact["from"]), day.legal_person(fact["to"]))
        for fact in day.visible_facts
        if fact["kind"] == "relation" and fact["type"] != "PART_OF"
    }
    reached = {start}
    for _ in range(day.rule_set["max_depth"]):
        reached |= {target for source, target in arcs if source in reached}
    return end in reached
