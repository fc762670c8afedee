"""Tests of one body: status (R1), share of activity (R4), private capital (R5). All take a legal person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps

from services.eligibility.engine.day import DOCUMENTED, Day
from services.eligibility.engine.facts import Activity, AuthorityStatus, Fact, PrivateParticipation
from services.eligibility.engine.verdicts import Outcome, Verdict

Test = Callable[[Day, str], Outcome]
BASES = ("TURNOVER", "COST", "OTHER")


def remembered(test: Test) -> Test:
    """Return a test that is done once per day and body."""

    @wraps(test)
    def once(day: Day, person: str) -> Outcome:
        key = (test.__name__, person)
        if key not in day.remembered:
            day.remembered[key] = test(day, person)
        return day.remembered[key]

    return once


def examined(day: Day, fact: Fact, fields: Sequence[str], otherwise: Outcome) -> Outcome:
    """Return NOT_EXAMINED if a needed field is null, else what is wrong with the evidence, else ``otherwise``."""
    unknown = tuple(field for field in fields if getattr(fact, field) is None)
    if unknown:
        return Outcome(Verdict.NO_EVIDENCE, "NOT_EXAMINED", (fact.id,), {"fact": fact.id, "fields": unknown})
    documented = day.documented(fact)
    return otherwise if documented is DOCUMENTED else documented


def status_fact(day: Day, person: str) -> AuthorityStatus | None:
    """Return the valid status of § 99 GWB, recorded on the legal person itself."""
    return next(day.valid(day.view.status.get(person, ())), None)


@remembered
def status(day: Day, person: str) -> Outcome:
    """R1: the body is a contracting authority of § 99 Nr. 1-3 GWB."""
    fact = status_fact(day, person)
    if fact is None:
        return Outcome(Verdict.NO_EVIDENCE, "STATUS_UNKNOWN", (), {"org": person})
    if fact.status in ("NR4", "NONE"):
        return Outcome(Verdict.OUT_OF_SCOPE, "NOT_AUTHORITY", (fact.id,), {"org": person, "class": fact.status})
    documented = day.documented(fact)
    if documented is not DOCUMENTED:
        return documented
    return Outcome(Verdict.EXEMPT, "AUTHORITY", (fact.id,), {"org": person, "class": fact.status})


@dataclass(frozen=True, slots=True)
class Series:
    """The figures that count: of three years or of a forecast, all in one basis and scope."""

    figures: tuple[Activity, ...]

    @property
    def total(self) -> int:
        """Sum over the years, in cents."""
        return sum(figure.total for figure in self.figures)

    @property
    def entrusted(self) -> int:
        """Sum of what was entrusted, in cents."""
        return sum(figure.entrusted for figure in self.figures)

    @property
    def market(self) -> int:
        """Sum of the open market, in cents."""
        return sum(figure.open_market for figure in self.figures)

    @property
    def is_forecast(self) -> bool:
        """Whether the body is new, so that a forecast counts."""
        return self.figures[0].status == "FORECAST"

    def undocumented(self, day: Day) -> Outcome | None:
        """Return what is wrong with the earliest year that is not documented, None if all are."""
        found = (day.documented(figure) for figure in self.figures)
        return next((outcome for outcome in found if outcome is not DOCUMENTED), None)


def series_of(day: Day, person: str) -> Series | Outcome:
    """Return the figures that count (§ 108 Abs. 7 GWB), or what is missing."""
    is_group = any(not edge.joint for edge in day.edges_from(person))
    figures = day.figures(person)
    windows = _windows(day)
    start = _start(day, person)
    for first in windows:
        is_new = start is not None and start > f"{first}-01-01"
        for basis in BASES:
            scope = "GROUP" if is_group and basis == "TURNOVER" else "SOLO"
            if is_new:
                forecast = figures.get((basis, scope, "FORECAST"), {})
                if day.year in forecast:
                    return Series(tuple(forecast[year] for year in sorted(forecast) if year >= day.year))
            else:
                actual = figures.get((basis, scope, "ACTUAL"), {})
                if all(year in actual for year in range(first, first + 3)):
                    return Series(tuple(actual[year] for year in range(first, first + 3)))
        if is_new:
            return Outcome(Verdict.NO_EVIDENCE, "FORECAST_MISSING", (), {"org": person, "year": day.year})
    solo = figures.get(("TURNOVER", "SOLO", "ACTUAL"), {})
    is_solo_only = is_group and any(all(year in solo for year in range(first, first + 3)) for first in windows)
    code = "GROUP_FIGURES_MISSING" if is_solo_only else "FIGURES_MISSING"
    years = tuple(range(windows[0], windows[0] + 3))
    return Outcome(Verdict.NO_EVIDENCE, code, (), {"org": person, "years": years, "scope": "GROUP" if is_group else "SOLO"})


def _windows(day: Day) -> tuple[int, ...]:
    """Return the first years of the windows of three years that may be shown, the one to be tried first in front."""
    due = f"{day.year:04}-{day.rules.accounts_due}"
    return (day.year - 3,) if day.on >= due else (day.year - 3, day.year - 4)


def _start(day: Day, person: str) -> str | None:
    days = sorted(day.organisation(person).active_since)
    return max((start for start in days if start <= day.on), default=days[0] if days else None)


@remembered
def activity(day: Day, person: str) -> Outcome:
    """R4: more than the threshold of the activity is entrusted by those who control the body."""
    series = series_of(day, person)
    if isinstance(series, Outcome):
        return series
    numerator, denominator = day.rules.activity_threshold
    numbers = numbers_of(day, series)
    facts = tuple(figure.id for figure in series.figures)
    params = {"org": person, "entrusted": series.entrusted, "total": series.total, "needed": numbers["needed"]}
    if series.entrusted * denominator <= series.total * numerator:
        return Outcome(Verdict.NOT_EXEMPT, "SHARE_TOO_LOW", facts, params, numbers)
    undocumented = series.undocumented(day)
    if undocumented is not None:
        return replace(undocumented, numbers=numbers)
    return Outcome(Verdict.EXEMPT, "FORECAST_SHARE" if series.is_forecast else "ACTIVITY_SHARE", facts, params, numbers)


def numbers_of(day: Day, series: Series) -> dict[str, object]:
    """Return the figures as an answer shows them, sums in cents; ``needed`` is the smallest entrusted sum that is enough."""
    first = series.figures[0]
    numerator, denominator = day.rules.activity_threshold
    return {
        "total": series.total,
        "entrusted": series.entrusted,
        "market": series.market,
        "years": [figure.year for figure in series.figures],
        "basis": first.basis,
        "scope": first.scope,
        "status": first.status,
        "needed": series.total * numerator // denominator + 1,
    }


@remembered
def private_capital(day: Day, person: str) -> Outcome:
    """R5: no direct private capital in the body that is to receive the contract, but what a law prescribes."""
    status_of = status_fact(day, person)
    if status_of is not None and status_of.status == "NR1":
        outcome = status(day, person)
        territorial = Outcome(Verdict.EXEMPT, "TERRITORIAL", (status_of.id,), {"org": person})
        return territorial if outcome.verdict is Verdict.EXEMPT else outcome
    members = day.members(person)
    participations = [fact for member in members for fact in day.valid(day.view.participations.get(member, ()))]
    items = [_participation(day, fact) for fact in participations] + _undeclared(day, person, participations)
    if items:
        return min(items, key=lambda item: (-item.verdict, item.code))
    declared = [
        examined(day, fact, (), Outcome(Verdict.EXEMPT, "NO_PRIVATE_CAPITAL", (fact.id,), {"org": person}))
        for member in members
        for fact in day.valid(day.view.declarations.get(member, ()))
        if fact.subject == "NO_PRIVATE_CAPITAL"
    ]
    missing = Outcome(Verdict.NO_EVIDENCE, "DECLARATION_MISSING", (), {"org": person})
    return min(declared, key=lambda outcome: outcome.order, default=missing)


def _participation(day: Day, fact: PrivateParticipation) -> Outcome:
    params = {"fact": fact.id, "holder": fact.holder, "org": fact.org}
    for code, against in (
        ("PRIVATE_VOLUNTARY", fact.statutory is False),
        ("PRIVATE_CONTROLLING", fact.controlling is True),
        ("PRIVATE_BLOCKING_MINORITY", fact.blocking is True),
        ("PRIVATE_DECISIVE_INFLUENCE", fact.decisive_influence is True),
    ):
        if against:
            return Outcome(Verdict.NOT_EXEMPT, code, (fact.id,), params)
    fields = ("statutory", "controlling", "blocking", "decisive_influence")
    return examined(day, fact, fields, Outcome(Verdict.EXEMPT, "STATUTORY_PRIVATE_SHARE", (fact.id,), params))


def _undeclared(day: Day, person: str, participations: Sequence[PrivateParticipation]) -> list[Outcome]:
    declared = {day.legal_person(fact.holder) for fact in participations}
    return [
        Outcome(
            Verdict.NOT_EXEMPT,
            "UNDECLARED_PRIVATE_OWNER",
            (edge.fact.id,),
            {"fact": edge.fact.id, "holder": edge.source, "org": person},
        )
        for edge in day.edges_into(person)
        if day.organisation(edge.source).sector == "PRIVATE" and edge.source not in declared
    ]
