"""The routes of one leg: section 5.6."""

from tests.support.eligibility_oracle.bodies import activity, judged, private_capital, status
from tests.support.eligibility_oracle.day import Day
from tests.support.eligibility_oracle.paths import best, best_direct_joint, paths
from tests.support.eligibility_oracle.shapes import (
    EXEMPT,
    NO_EVIDENCE,
    NOT_EXEMPT,
    OUT_OF_SCOPE,
    VERDICTS,
    Fact,
    Outcome,
    Result,
    worst,
)


def routes(day: Day, awarder: str, contractor: str, leg: str) -> list[list[Result]]:
    """Return the results of every route that applies, in the order of the rules."""
    found = (
        _control(day, awarder, contractor, joint=False),
        _control(day, awarder, contractor, joint=True),
        _inverse(day, awarder, contractor),
        _sister(day, awarder, contractor, leg),
        _cooperation(day, awarder, contractor),
    )
    return [route for route in found if route]


def _r4(day: Day, body: str) -> Result:
    return Result("R4", *activity(day, body))


def _r5(day: Day, body: str) -> Result:
    return Result("R5", *private_capital(day, body))


def _authority(day: Day, body: str, code: str) -> Outcome:
    outcome = status(day, body)
    return Outcome(NOT_EXEMPT, code) if outcome.rank == OUT_OF_SCOPE else outcome


def _control(day: Day, awarder: str, contractor: str, *, joint: bool) -> list[Result]:
    path = best(paths(day, awarder, contractor), joint=joint)
    if path is None:
        return []
    return [Result("R3" if joint else "R2", path.rank, path.code), _r4(day, contractor), _r5(day, contractor)]


def _inverse(day: Day, awarder: str, contractor: str) -> list[Result]:
    path = best(paths(day, contractor, awarder))
    if path is None:
        return []
    recipient = _authority(day, contractor, "RECIPIENT_NOT_AUTHORITY")
    if path.rank < recipient.rank:
        r6 = Result("R6", *recipient)
    elif path.rank == EXEMPT and path.joint < 2:
        r6 = Result("R6", EXEMPT, "INVERSE")
    else:
        r6 = Result("R6", path.rank, path.code)
    return [r6, _r4(day, awarder), _r5(day, contractor)]


def _candidates(day: Day, mother: str, awarder: str, contractor: str, leg: str) -> list[tuple[int, int, str, str]]:
    found = []
    authority = _authority(day, mother, "MOTHER_NOT_AUTHORITY")
    sole = {body: best(paths(day, mother, body), joint=False) for body in (awarder, contractor)}
    direct = {body: best_direct_joint(day, mother, body) for body in (awarder, contractor)}

    def add(place: int, checks: list[Outcome]) -> None:
        outcome = worst(checks)
        code = "SISTER" if outcome.rank == EXEMPT else outcome.code
        found.append((outcome.rank, place, code, mother))

    to_awarder, to_contractor = sole[awarder], sole[contractor]
    if to_awarder and to_contractor:
        add(0, [Outcome(to_awarder.rank, to_awarder.code), Outcome(to_contractor.rank, to_contractor.code), authority])
    law = day.rule_set["half_sister"]["L1" if leg == "L1" else "OTHER"]
    for one, other in ((awarder, contractor), (contractor, awarder)):
        edge, path = direct[one], sole[other]
        if edge and path:
            half = Outcome(VERDICTS.index(law), "HALF_SISTER")
            add(1, [half, Outcome(edge.rank, edge.code), Outcome(path.rank, path.code), authority])
    if direct[awarder] and direct[contractor]:
        add(2, [Outcome(NOT_EXEMPT, "SEVERAL_MOTHERS")])
    return found


def _sister(day: Day, awarder: str, contractor: str, leg: str) -> list[Result]:
    candidates = []
    for mother in day.organisations:
        if day.legal_person(mother) == mother and mother not in {awarder, contractor}:
            candidates.extend(_candidates(day, mother, awarder, contractor, leg))
    if not candidates:
        return []
    rank, _, code, _ = min(candidates)
    return [Result("R7", rank, code), _r4(day, awarder), _r4(day, contractor), _r5(day, contractor)]


def _cooperation_outcome(day: Day, fact: Fact, awarder: str, contractor: str) -> Outcome:
    parties = [status(day, day.legal_person(party)) for party in fact["parties"]]
    contributors = [day.legal_person(party) for party in fact["contributors"]]
    numerator, denominator = day.rule_set["market_limit"]
    against = [
        (any(outcome.rank == OUT_OF_SCOPE for outcome in parties), "PARTY_NOT_AUTHORITY"),
        (fact["common_goals"] is False, "NO_COMMON_GOALS"),
        (awarder not in contributors or contractor not in contributors, "NO_CONTRIBUTION"),
        (fact["public_interest_only"] is False, "NOT_PUBLIC_INTEREST"),
        (fact["covered_market"] * denominator >= fact["covered_total"] * numerator, "MARKET_SHARE"),
        (fact["private_advantage"] is True, "PRIVATE_ADVANTAGE"),
    ]
    needed = ("common_goals", "public_interest_only", "private_advantage")
    outcome = judged(day, fact, against, needed, "COOPERATION")
    unclear = sorted(party.code for party in parties if party.rank == NO_EVIDENCE)
    if unclear and outcome.rank != NOT_EXEMPT and outcome.code != "NOT_EXAMINED":
        return Outcome(NO_EVIDENCE, unclear[0])
    return outcome


def _cooperation(day: Day, awarder: str, contractor: str) -> list[Result]:
    found = []
    for fact in day.of_kind("cooperation"):
        parties = [day.legal_person(party) for party in fact["parties"]]
        if awarder in parties and contractor in parties:
            found.append(_cooperation_outcome(day, fact, awarder, contractor))
    return [Result("R8", *min(found))] if found else []
