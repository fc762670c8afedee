"""Co-operation of authorities (R8), § 108 Abs. 6 and 7 GWB."""

from __future__ import annotations

from services.eligibility.engine.bodies import examined, status
from services.eligibility.engine.day import Day
from services.eligibility.engine.facts import Cooperation
from services.eligibility.engine.verdicts import Outcome, Verdict

FIELDS = ("common_goals", "public_interest_only", "private_advantage")


def cooperation(day: Day, awarder: str, contractor: str) -> Outcome | None:
    """Return the outcome of the best co-operation that both are parties of, None if there is none."""
    facts = {
        fact.id: fact
        for member in day.members(awarder)
        for fact in day.valid(day.view.cooperations.get(member, ()))
        if contractor in {day.legal_person(party) for party in fact.parties}
    }
    found = [(_outcome(day, fact, (awarder, contractor)), id_) for id_, fact in sorted(facts.items())]
    return min(found, key=lambda each: (*each[0].order, each[1]))[0] if found else None


def _outcome(day: Day, fact: Cooperation, both: tuple[str, str]) -> Outcome:
    parties = sorted({day.legal_person(party) for party in fact.parties})
    contributors = {day.legal_person(contributor) for contributor in fact.contributors}
    statuses = {party: status(day, party) for party in parties}
    outside = [party for party in parties if statuses[party].code == "NOT_AUTHORITY"]
    idle = [party for party in both if party not in contributors]
    numerator, denominator = day.rules.market_limit
    exceeds = fact.covered_market * denominator >= fact.covered_total * numerator
    params = {"fact": fact.id}
    for code, against, further in (
        ("PARTY_NOT_AUTHORITY", bool(outside), {"org": outside[0] if outside else None}),
        ("NO_COMMON_GOALS", fact.common_goals is False, {"fields": ("common_goals",)}),
        ("NO_CONTRIBUTION", bool(idle), {"fields": ("contributors",), "orgs": idle}),
        ("NOT_PUBLIC_INTEREST", fact.public_interest_only is False, {"fields": ("public_interest_only",)}),
        ("MARKET_SHARE", exceeds, _market(fact, numerator, denominator)),
        ("PRIVATE_ADVANTAGE", fact.private_advantage is True, {"fields": ("private_advantage",)}),
    ):
        if against:
            return Outcome(Verdict.NOT_EXEMPT, code, (fact.id,), params | further)
    exempt = Outcome(Verdict.EXEMPT, "COOPERATION", (fact.id,), params)
    unknown = any(getattr(fact, field) is None for field in FIELDS)
    unproven = [found for found in statuses.values() if found.verdict is Verdict.NO_EVIDENCE]
    if unknown or not unproven:
        return examined(day, fact, FIELDS, exempt)
    return min(unproven, key=lambda found: found.code)


def _market(fact: Cooperation, numerator: int, denominator: int) -> dict[str, object]:
    largest = -(-fact.covered_total * numerator // denominator) - 1
    return {"market": fact.covered_market, "total": fact.covered_total, "largest": largest}
