"""One leg and its deciding rules: sections 5.2, 5.3, 5.7 and 5.8."""

from typing import NamedTuple

from tests.support.eligibility_oracle.bodies import Series, class_of, series, status, undocumented
from tests.support.eligibility_oracle.day import Day
from tests.support.eligibility_oracle.paths import related_once
from tests.support.eligibility_oracle.routes import routes
from tests.support.eligibility_oracle.shapes import EXEMPT, NO_EVIDENCE, NOT_EXEMPT, OUT_OF_SCOPE, Outcome, Request, Result, worst

ACCREDITATION = {
    "ERTEILT": Outcome(EXEMPT, "PORTAL_OK"),
    "ABGELEHNT": Outcome(NOT_EXEMPT, "ACCREDITATION_REFUSED"),
    "ENTZOGEN": Outcome(NOT_EXEMPT, "ACCREDITATION_REFUSED"),
    "ABGELAUFEN": Outcome(NO_EVIDENCE, "ACCREDITATION_EXPIRED"),
}


class Leg(NamedTuple):
    """One award to be tested; without `role` the portal is not asked (a LEG request)."""

    name: str
    awarder: str
    contractor: str
    payment: bool
    return_duty: bool
    party: str = ""
    role: str = ""


class Tested(NamedTuple):
    """A leg with its verdict and deciding rules."""

    name: str
    rank: int
    rules: list[tuple[str, str]]


def legs_of(request: Request, anbieter: str) -> list[Leg]:
    """Return the legs of a request, from the Bereitsteller to the customer."""
    if request["kind"] == "LEG":
        return [
            Leg("L", request["awarder"], request["contractor"], request.get("payment", True), request.get("return_duty", False))
        ]
    bundlers = request.get("bundlers", [])
    own = {"payment": request.get("payment", True), "return_duty": request.get("return_duty", False)}
    chain = [{"org": anbieter}, *bundlers, {"org": request["customer"], **own}]
    legs = [Leg("L1", anbieter, request["provider"], True, False, request["provider"], "BEREITSTELLER")]
    for place in range(1, len(chain)):
        party = chain[place]
        last = place == len(chain) - 1
        role = ("KUNDE" if place == 1 else "KLIENT") if last else "BUENDLER"
        payment = True if place == 1 else party.get("payment", True)
        return_duty = party.get("return_duty", False)
        legs.append(Leg(f"L{place + 1}", party["org"], chain[place - 1]["org"], payment, return_duty, party["org"], role))
    return legs


def _portal(day: Day, leg: Leg, request: Request) -> Outcome:
    channel = day.rule_set["channels"][request["channel"]]
    person = day.legal_person(leg.party)
    checks = []
    if day.private(leg.party) or day.private(person):
        checks.append(Outcome(NOT_EXEMPT, "PRIVATE_PARTY"))
    if leg.name in {"L1", "L2"} and day.organisations[person]["type"] in channel["excluded_types"]:
        checks.append(Outcome(NOT_EXEMPT, "CHANNEL_EXCLUDES_TYPE"))
    if leg.role == "BEREITSTELLER":
        checks.append(_market(day, person))
    if request.get("policy", {}).get("accreditation", "IGNORE") == "REQUIRE":
        checks.append(_accredited(day, leg, channel["anbieter"]))
    outcome = worst([*checks, Outcome(EXEMPT, "PORTAL_OK")])
    return Outcome(EXEMPT, "PORTAL_OK") if outcome.rank == EXEMPT else outcome


def _market(day: Day, person: str) -> Outcome:
    if class_of(day, person) == "NR1":
        return status(day, person)
    found = series(day, person)
    if not isinstance(found, Series):
        return found
    total = sum(fact["total"] for fact in found.figures)
    market = 0
    for fact in found.figures:
        stated = fact.get("market")
        market += fact["total"] - fact["entrusted"] if stated is None else stated
    numerator, denominator = day.rule_set["market_limit"]
    if market * denominator >= total * numerator:
        return Outcome(NOT_EXEMPT, "MARKET_SHARE")
    return undocumented(day, found) or Outcome(EXEMPT, "PORTAL_OK")


def _accredited(day: Day, leg: Leg, anbieter: str) -> Outcome:
    for fact in day.of_kind("accreditation"):
        if (fact["org"], fact["anbieter"], fact["role"]) == (leg.party, anbieter, leg.role):
            return ACCREDITATION.get(fact["state"], Outcome(NO_EVIDENCE, "ACCREDITATION_OPEN"))
    return Outcome(NO_EVIDENCE, "ACCREDITATION_MISSING")


def tested(day: Day, leg: Leg, request: Request) -> Tested:
    """Return the verdict of one leg on the day with its deciding rules."""
    if not (day.exists(leg.awarder) and day.exists(leg.contractor)):
        return _decided(leg, [Result("R11", NOT_EXEMPT, "ORGANISATION_NOT_ACTIVE")], [], [])
    awarder, contractor = day.legal_person(leg.awarder), day.legal_person(leg.contractor)
    gates = []
    if leg.role:
        gates.append(Result("R12", *_portal(day, leg, request)))
    if awarder == contractor:
        return _decided(leg, gates, [Result("R1", EXEMPT, "SAME_LEGAL_PERSON")], [])
    free = leg.name not in {"L1", "L2"} and not leg.payment
    if free and not leg.return_duty:
        return _decided(leg, gates, [Result("R9", EXEMPT, "NO_CONSIDERATION")], [])
    authority = status(day, awarder)
    gates.append(Result("R1", *authority))
    if authority.rank == OUT_OF_SCOPE:
        return _decided(leg, gates, [], [])
    chosen = _chosen(day, awarder, contractor, leg.name)
    duty = [Result("R9", max(result.rank for result in chosen), "RETURN_DUTY")] if free else []
    return _decided(leg, gates, chosen, duty)


def _chosen(day: Day, awarder: str, contractor: str, name: str) -> list[Result]:
    found = routes(day, awarder, contractor, name)
    if found:
        return min(found, key=lambda route: max(result.rank for result in route))
    results = [Result("R2", NOT_EXEMPT, "NO_RELATION"), Result("R3", NOT_EXEMPT, "NO_RELATION")]
    if related_once(day, awarder, contractor) or related_once(day, contractor, awarder):
        results.append(Result("R11", NOT_EXEMPT, "RELATION_NOT_VALID"))
    return results


def _decided(leg: Leg, gates: list[Result], route: list[Result], duty: list[Result]) -> Tested:
    rank = max(result.rank for result in [*gates, *route])
    if rank == EXEMPT:
        return Tested(leg.name, rank, [(result.rule, result.code) for result in route])
    rules = [(result.rule, result.code) for result in [*gates, *route, *duty] if result.rank == rank]
    codes = {code for _, code in rules}
    for dated in ("EVIDENCE_EXPIRED", "EVIDENCE_NOT_YET_VALID"):
        if dated in codes:
            rules.append(("R11", dated))
            break
    return Tested(leg.name, rank, rules)
