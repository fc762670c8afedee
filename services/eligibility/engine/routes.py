"""The ways by which § 108 GWB exempts an award from awarder to contractor, and the choice between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from services.eligibility.engine.bodies import activity, private_capital, status
from services.eligibility.engine.cooperation import cooperation
from services.eligibility.engine.day import Day
from services.eligibility.engine.paths import Form, best_path
from services.eligibility.engine.sisters import sister
from services.eligibility.engine.verdicts import Outcome, Result, Verdict, worst


@dataclass(frozen=True, slots=True)
class Award:
    """One award between two legal persons. ``on_first_leg``: the Anbieter's award to the Bereitsteller."""

    awarder: str
    contractor: str
    indirect_joint: str
    on_first_leg: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """A way that applies, with what its rules found."""

    name: str
    results: tuple[Result, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of its results."""
        return worst(result.verdict for result in self.results)


def routes(day: Day, award: Award) -> list[Route]:
    """Return the routes that apply, in the order of the rules."""
    found = ((name, rules(day, award)) for name, rules in _ROUTES)
    return [Route(name, results) for name, results in found if results is not None]


def best_route(found: list[Route]) -> Route:
    """Return the best route; of equals the first. Raises ValueError if there is none."""
    return min(found, key=lambda route: route.verdict)


def no_route(day: Day, award: Award) -> list[Result]:
    """Return the results where no route applies: whether there was a relation, or will be, on other days."""
    params = {"awarder": award.awarder, "contractor": award.contractor}
    none = Outcome(Verdict.NOT_EXEMPT, "NO_RELATION", (), params)
    results = [Result("R2", none), Result("R3", none)]
    once = _ever_related(day, award.awarder, award.contractor) or _ever_related(day, award.contractor, award.awarder)
    if once is not None:
        missing = tuple(fact for fact in once if not day.view.valid(day.view.facts[fact], day.on))
        intervals = [
            {"fact": id_, "valid_from": day.view.facts[id_].valid_from, "valid_to": day.view.facts[id_].valid_to}
            for id_ in missing
        ]
        results.append(Result("R11", Outcome(Verdict.NOT_EXEMPT, "RELATION_NOT_VALID", missing, params | {"facts": intervals})))
    return results


def _control(day: Day, award: Award) -> tuple[Result, ...] | None:
    """Abs. 1 and 2: the awarder alone controls the contractor."""
    path = best_path(day, award.awarder, award.contractor, Form.SOLE, award.indirect_joint)
    return None if path is None else _controlled("R2", path.outcome, day, award.contractor)


def _joint(day: Day, award: Award) -> tuple[Result, ...] | None:
    """Abs. 4 and 5: the awarder controls the contractor together with others."""
    path = best_path(day, award.awarder, award.contractor, Form.JOINT, award.indirect_joint)
    return None if path is None else _controlled("R3", path.outcome, day, award.contractor)


def _controlled(rule: str, outcome: Outcome, day: Day, contractor: str) -> tuple[Result, ...]:
    return (
        Result(rule, outcome),
        Result("R4", activity(day, contractor)),
        Result("R5", private_capital(day, contractor)),
    )


def _inverse(day: Day, award: Award) -> tuple[Result, ...] | None:
    """Abs. 3 Satz 1 Alt. 1: the controlled body commissions one that controls it."""
    path = best_path(day, award.contractor, award.awarder, Form.ANY, award.indirect_joint)
    if path is None:
        return None
    recipient = status(day, award.contractor)
    if recipient.code == "NOT_AUTHORITY":
        recipient = replace(recipient, verdict=Verdict.NOT_EXEMPT, code="RECIPIENT_NOT_AUTHORITY")
    outcome = path.outcome
    if outcome.verdict is Verdict.EXEMPT and path.joint_edges < 2:  # noqa: PLR2004 - two make indirect joint control
        outcome = replace(outcome, code="INVERSE")
    return (
        Result("R6", outcome if outcome.verdict >= recipient.verdict else recipient),
        Result("R4", activity(day, award.awarder)),
        Result("R5", private_capital(day, award.contractor)),
    )


def _sister(day: Day, award: Award) -> tuple[Result, ...] | None:
    """Abs. 3 Satz 1 Alt. 2: both are controlled by the same body."""
    outcome = sister(day, award.awarder, award.contractor, award.indirect_joint, on_first_leg=award.on_first_leg)
    if outcome is None:
        return None
    return (
        Result("R7", outcome),
        Result("R4", activity(day, award.awarder)),
        Result("R4", activity(day, award.contractor)),
        Result("R5", private_capital(day, award.contractor)),
    )


def _cooperation(day: Day, award: Award) -> tuple[Result, ...] | None:
    """Abs. 6: authorities co-operate."""
    outcome = cooperation(day, award.awarder, award.contractor)
    return None if outcome is None else (Result("R8", outcome),)


_ROUTES: tuple[tuple[str, Callable[[Day, Award], tuple[Result, ...] | None]], ...] = (
    ("CONTROL", _control),
    ("JOINT", _joint),
    ("INVERSE", _inverse),
    ("SISTER", _sister),
    ("COOPERATION", _cooperation),
)


def _ever_related(day: Day, source: str, target: str) -> tuple[str, ...] | None:
    """Return a shortest chain of relations by their ids, whatever their days, None if there is none."""
    chains: dict[str, tuple[str, ...]] = {source: ()}
    layer = [source]
    for _ in range(day.rules.max_depth):
        following: list[str] = []
        for person in layer:
            for member in day.members(person):
                for fact in day.view.relations_from.get(member, ()):
                    place = day.legal_person(fact.target)
                    if place not in chains:
                        chains[place] = (*chains[person], fact.id)
                        following.append(place)
        layer = following
    return chains[target] if target in chains and target != source else None
