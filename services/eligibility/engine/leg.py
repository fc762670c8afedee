"""One award of the chain: gates, then the best route."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from services.eligibility.engine.bodies import status
from services.eligibility.engine.day import Day
from services.eligibility.engine.portal import Participant, takes_part
from services.eligibility.engine.routes import Award, Route, best_route, no_route, routes
from services.eligibility.engine.verdicts import Outcome, Result, Verdict, worst

_LATE = ("EVIDENCE_EXPIRED", "EVIDENCE_NOT_YET_VALID")


@dataclass(frozen=True, slots=True)
class LegAsked:
    """A leg of the chain. ``for_money`` is always true where the portal asks for an in-house relation in any case (L1, L2)."""

    name: str
    awarder: str
    contractor: str
    participant: Participant | None
    indirect_joint: str
    for_money: bool = True
    return_duty: bool = False

    @property
    def number(self) -> int:
        """Place in the chain; 1 for a leg that is asked for alone."""
        return int(self.name[1:] or 1)


@dataclass(frozen=True)
class LegFound:
    """What was found for a leg. ``deciding_route`` is empty where a gate or no award at all decides."""

    asked: LegAsked
    awarder: str
    contractor: str
    gates: tuple[Result, ...] = ()
    route: Route | None = None
    unrelated: tuple[Result, ...] = ()
    short: Result | None = None
    return_duty: Result | None = None
    alternatives: tuple[Route, ...] = ()

    @property
    def results(self) -> tuple[Result, ...]:
        """All results that make the verdict, gates first."""
        route = self.route.results if self.route else self.unrelated
        further = [result for result in (self.short, self.return_duty) if result is not None]
        return (*self.gates, *route, *further)

    @cached_property
    def verdict(self) -> Verdict:
        """The worst of gates and chosen route."""
        return worst(result.verdict for result in self.results)

    @property
    def deciding(self) -> tuple[Result, ...]:
        """The results that decide; where evidence has expired or does not hold yet, R11 says so too."""
        verdict = self.verdict
        if verdict is Verdict.EXEMPT:
            return (self.short,) if self.short else self.route.results if self.route else ()
        found = tuple(result for result in self.results if result.verdict is verdict)
        late = [result for code in _LATE for result in found if result.code == code]
        return (*found, Result("R11", late[0].outcome)) if late else found


MOST_LEGS = 20_000
"""Legs that a day remembers; then it begins again."""


def find_leg(day: Day, asked: LegAsked) -> LegFound:
    """Return what holds for one award on a day; asked again, what was found before."""
    found: LegFound | None = day.legs.get(asked)
    if found is None:
        if len(day.legs) >= MOST_LEGS:
            day.legs.clear()
        found = day.legs[asked] = _find(day, asked)
    return found


def _find(day: Day, asked: LegAsked) -> LegFound:
    for name in (asked.awarder, asked.contractor):
        if not day.exists(name):
            return _not_active(day, asked, name)
    awarder, contractor = day.legal_person(asked.awarder), day.legal_person(asked.contractor)
    gates: Sequence[Result] = ()
    if asked.participant is not None:
        gates = (Result("R12", takes_part(day, asked.participant)),)
    if awarder == contractor:
        same = Outcome(Verdict.EXEMPT, "SAME_LEGAL_PERSON", (), {"org": awarder})
        return LegFound(asked, awarder, contractor, tuple(gates), short=Result("R1", same))
    if not asked.for_money and not asked.return_duty:
        free = Outcome(Verdict.EXEMPT, "NO_CONSIDERATION", (), {"awarder": awarder, "contractor": contractor})
        return LegFound(asked, awarder, contractor, tuple(gates), short=Result("R9", free))
    gates = (*gates, Result("R1", status(day, awarder)))
    if gates[-1].verdict is Verdict.OUT_OF_SCOPE:
        return LegFound(asked, awarder, contractor, gates)
    award = Award(awarder, contractor, asked.indirect_joint, on_first_leg=asked.name == "L1")
    return _by_routes(day, asked, award, gates)


def _by_routes(day: Day, asked: LegAsked, award: Award, gates: tuple[Result, ...]) -> LegFound:
    found = routes(day, award)
    route = best_route(found) if found else None
    unrelated = () if route else tuple(no_route(day, award))
    duty = None
    if not asked.for_money:
        verdict = route.verdict if route else worst(result.verdict for result in unrelated)
        duty = Result("R9", Outcome(verdict, "RETURN_DUTY", (), {"awarder": award.awarder, "contractor": award.contractor}))
    return LegFound(
        asked,
        award.awarder,
        award.contractor,
        gates,
        route=route,
        unrelated=unrelated,
        return_duty=duty,
        alternatives=tuple(other for other in found if other is not route),
    )


def _not_active(day: Day, asked: LegAsked, name: str) -> LegFound:
    body = day.view.organisations.get(name)
    interval = {
        "fact": name,
        "valid_from": None if body is None else body.valid_from,
        "valid_to": None if body is None else body.valid_to,
    }
    outcome = Outcome(Verdict.NOT_EXEMPT, "ORGANISATION_NOT_ACTIVE", (), {"org": name, "facts": [interval]})
    return LegFound(asked, asked.awarder, asked.contractor, unrelated=(Result("R11", outcome),))
