"""The tests of one body: status (R1), share of activity (R4), private capital (R5); section 5.4."""

from typing import NamedTuple

from tests.support.eligibility_oracle.day import Day
from tests.support.eligibility_oracle.shapes import EXEMPT, NO_EVIDENCE, NOT_EXEMPT, OUT_OF_SCOPE, SOLE, Fact, Outcome


def judged(day: Day, fact: Fact, against: list[tuple[bool, str]], needed: tuple[str, ...], fine: str) -> Outcome:
    """Return the outcome of a fact: conditions against, then unknown values, then documents."""
    for holds, code in against:
        if holds:
            return Outcome(NOT_EXEMPT, code)
    if any(fact[field] is None for field in needed):
        return Outcome(NO_EVIDENCE, "NOT_EXAMINED")
    missing = day.evidence_code(fact)
    return Outcome(EXEMPT, fine) if missing is None else Outcome(NO_EVIDENCE, missing)


def class_of(day: Day, body: str) -> str | None:
    """Return the class of § 99 GWB recorded on the legal person itself."""
    for fact in day.of_kind("authority_status"):
        if fact["org"] == body:
            return str(fact["class"])
    return None


def status(day: Day, body: str) -> Outcome:
    """Return whether the body is a contracting authority of § 99 Nr. 1-3."""
    for fact in day.of_kind("authority_status"):
        if fact["org"] == body:
            if fact["class"] in {"NR4", "NONE"}:
                return Outcome(OUT_OF_SCOPE, "NOT_AUTHORITY")
            return judged(day, fact, [], (), "AUTHORITY")
    return Outcome(NO_EVIDENCE, "STATUS_UNKNOWN")


class Series(NamedTuple):
    """The figures that decide, in the order of their years."""

    figures: list[Fact]
    forecast: bool


def _start(day: Day, body: str) -> str | None:
    days = day.organisations[body].get("active_since", [])
    past = [start for start in days if start <= day.day]
    if past:
        return str(max(past))
    return str(min(days)) if days else None


def _group_parent(day: Day, body: str) -> bool:
    return any(start == body and fact["type"] in SOLE for start, _, fact in day.edges)


def _figures(day: Day, body: str, basis: str, scope: str, status_: str) -> dict[int, Fact]:
    return {
        fact["year"]: fact
        for fact in day.of_kind("activity")
        if fact["org"] == body and fact["basis"] == basis and fact["scope"] == scope and fact["status"] == status_
    }


def _windows(day: Day) -> list[list[int]]:
    windows = [[day.year - 3, day.year - 2, day.year - 1]]
    if day.day < f"{day.year:04d}-{day.rule_set['accounts_due']}":
        windows.append([day.year - 4, day.year - 3, day.year - 2])
    return windows


def series(day: Day, body: str) -> Series | Outcome:
    """Return the figures of the body that decide on the day, or what is missing."""
    parent = _group_parent(day, body)
    bases = [("TURNOVER", "GROUP" if parent else "SOLO"), ("COST", "SOLO"), ("OTHER", "SOLO")]
    start = _start(day, body)
    for window in _windows(day):
        if start is not None and start > f"{window[0]:04d}-01-01":
            for basis, scope in bases:
                forecast = _figures(day, body, basis, scope, "FORECAST")
                if day.year in forecast:
                    return Series([forecast[year] for year in sorted(forecast) if year >= day.year], forecast=True)
            return Outcome(NO_EVIDENCE, "FORECAST_MISSING")
        for basis, scope in bases:
            actual = _figures(day, body, basis, scope, "ACTUAL")
            if all(year in actual for year in window):
                return Series([actual[year] for year in window], forecast=False)
    alone = _figures(day, body, "TURNOVER", "SOLO", "ACTUAL")
    if parent and any(all(year in alone for year in window) for window in _windows(day)):
        return Outcome(NO_EVIDENCE, "GROUP_FIGURES_MISSING")
    return Outcome(NO_EVIDENCE, "FIGURES_MISSING")


def undocumented(day: Day, found: Series) -> Outcome | None:
    """Return the fault of the earliest year without a document, None where every year has one."""
    for fact in found.figures:
        code = day.evidence_code(fact)
        if code is not None:
            return Outcome(NO_EVIDENCE, code)
    return None


def activity(day: Day, body: str) -> Outcome:
    """Return whether more than the threshold of the activity is for the controlling authorities (R4)."""
    found = series(day, body)
    if isinstance(found, Outcome):
        return found
    entrusted = sum(fact["entrusted"] for fact in found.figures)
    total = sum(fact["total"] for fact in found.figures)
    numerator, denominator = day.rule_set["activity_threshold"]
    if entrusted * denominator <= total * numerator:
        return Outcome(NOT_EXEMPT, "SHARE_TOO_LOW")
    missing = undocumented(day, found)
    if missing is not None:
        return missing
    return Outcome(EXEMPT, "FORECAST_SHARE" if found.forecast else "ACTIVITY_SHARE")


def _participations(day: Day, body: str) -> list[Fact]:
    return [fact for fact in day.of_kind("private_participation") if day.legal_person(fact["org"]) == body]


def private_capital(day: Day, body: str) -> Outcome:
    """Return whether private capital in the body spoils the exemption (R5)."""
    if class_of(day, body) == "NR1":
        outcome = status(day, body)
        return Outcome(EXEMPT, "TERRITORIAL") if outcome.rank == EXEMPT else outcome
    items = []
    for fact in _participations(day, body):
        against = [
            (fact["statutory"] is False, "PRIVATE_VOLUNTARY"),
            (fact["controlling"] is True, "PRIVATE_CONTROLLING"),
            (fact["blocking"] is True, "PRIVATE_BLOCKING_MINORITY"),
            (fact["decisive_influence"] is True, "PRIVATE_DECISIVE_INFLUENCE"),
        ]
        needed = ("statutory", "controlling", "blocking", "decisive_influence")
        items.append(judged(day, fact, against, needed, "STATUTORY_PRIVATE_SHARE"))
    holders = [day.legal_person(fact["holder"]) for fact in _participations(day, body)]
    for start, end, _ in day.edges:
        if end == body and day.private(start) and start not in holders:
            items.append(Outcome(NOT_EXEMPT, "UNDECLARED_PRIVATE_OWNER"))
    if items:
        return min(items, key=lambda item: (-item.rank, item.code))
    declared = [
        judged(day, fact, [], (), "NO_PRIVATE_CAPITAL")
        for fact in day.of_kind("declaration")
        if day.legal_person(fact["org"]) == body and fact["subject"] == "NO_PRIVATE_CAPITAL"
    ]
    return min(declared) if declared else Outcome(NO_EVIDENCE, "DECLARATION_MISSING")
