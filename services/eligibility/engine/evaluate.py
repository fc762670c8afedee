"""The answer to a request: all legs on the day, the worst decides (R10), and the day on which that changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from services.eligibility.engine.answer import Answer, deciding_of
from services.eligibility.engine.day import Day, day_of
from services.eligibility.engine.facts import Organisation
from services.eligibility.engine.faults import RefusedError, is_day, is_instant
from services.eligibility.engine.leg import LegAsked, LegFound, find_leg
from services.eligibility.engine.portal import Participant
from services.eligibility.engine.request import REQUEST, Add, LegRequest, OrderRequest, normalised
from services.eligibility.engine.rule_sets import RuleSet, rule_sets
from services.eligibility.engine.verdicts import Verdict, worst
from services.eligibility.engine.view import View
from services.eligibility.engine.world import World, invalid_field

LAST_YEAR = 9999

MOST_ANSWERS = 20_000
"""Answers that a day remembers; then it begins again."""

AnyRequest = LegRequest | OrderRequest
Answered = tuple[tuple[LegFound, ...], Verdict, tuple[str, Verdict] | None]


def parse_request(given: Mapping[str, Any]) -> AnyRequest:
    """Return the request. Raises RefusedError (``INVALID_FIELD``)."""
    try:
        return REQUEST.validate_python(dict(given))
    except ValidationError as error:
        raise invalid_field(error) from error


def evaluate(world: World, given: Mapping[str, Any]) -> Answer:
    """Return the answer to a request. Same world, same request: same answer. Raises RefusedError."""
    request, rules, day = _asked(world, given)
    found, verdict, change = _answered(day, tuple(legs_of(request, rules)))
    return Answer(normalised(request, given), rules, day, found, verdict, change)


def glance(world: World, given: Mapping[str, Any]) -> tuple[Verdict, list[dict[str, str]]]:
    """Return verdict and deciding rules of ``evaluate`` without looking for the day on which they change: most of its time.

    Raises RefusedError.
    """
    request, _, day = _asked(world, given)
    found = find_legs(day, request)
    verdict = overall(found)
    return verdict, deciding_of(found, verdict)


def _asked(world: World, given: Mapping[str, Any]) -> tuple[AnyRequest, RuleSet, Day]:
    request = parse_request(given)
    view = world.view(request.known_at, request.overlay)
    rules = rules_for(request.rule_set, request.as_of, request.known_at)
    _check_request(request, world, rules)
    return request, rules, day_of(view, request.as_of, rules)


def find_legs(day: Day, request: AnyRequest) -> list[LegFound]:
    """Return what holds for all legs of a request on a day."""
    return [find_leg(day, leg) for leg in legs_of(request, day.rules)]


def overall(found: Iterable[LegFound]) -> Verdict:
    """Return the worst verdict of the legs (R10)."""
    return worst(leg.verdict for leg in found)


def legs_of(request: AnyRequest, rules: RuleSet) -> list[LegAsked]:
    """Return the legs that a request asks for, in their order."""
    policy = request.policy.indirect_joint
    if isinstance(request, LegRequest):
        return [LegAsked("L", request.awarder, request.contractor, None, policy, request.payment, request.return_duty)]
    anbieter = rules.channels[request.channel].anbieter
    required = request.policy.accreditation == "REQUIRE"
    provider = Participant(request.provider, "BEREITSTELLER", request.channel, direct=True, accreditation_required=required)
    legs = [LegAsked("L1", anbieter, request.provider, provider, policy)]
    owing = [(b.org, b.payment, b.return_duty) for b in request.bundlers]
    owing.append((request.customer, request.payment, request.return_duty))
    before = anbieter
    for place, (party, payment, return_duty) in enumerate(owing):
        is_direct, is_customer = place == 0, place == len(owing) - 1
        role = ("KUNDE" if is_direct else "KLIENT") if is_customer else "BUENDLER"
        participant = Participant(party, role, request.channel, is_direct, required)
        name = f"L{place + 2}"
        legs.append(LegAsked(name, party, before, participant, policy, is_direct or payment, return_duty and not is_direct))
        before = party
    return legs


def _answered(day: Day, legs: tuple[LegAsked, ...]) -> Answered:
    """Return what holds for the legs on a day, the overall verdict and its change; asked again, what was found before."""
    found: Answered | None = day.answers.get(legs)
    if found is None:
        if len(day.answers) >= MOST_ANSWERS:
            day.answers.clear()
        legs_found = tuple(find_leg(day, leg) for leg in legs)
        verdict = overall(legs_found)
        found = day.answers[legs] = (legs_found, verdict, next_change(day, legs, verdict))
    return found


def next_change(day: Day, legs: tuple[LegAsked, ...], verdict: Verdict) -> tuple[str, Verdict] | None:
    """Return the earliest later day on which the overall verdict is another, with that verdict; None within the horizon."""
    for on in _candidates(day.view, day.on, day.rules):
        later = day_of(day.view, on, day.rules)
        found = overall(find_leg(later, leg) for leg in legs)
        if found is not verdict:
            return on, found
    return None


def _candidates(view: View, as_of: str, rules: RuleSet) -> tuple[str, ...]:
    """Return the days on which a verdict may change, ascending; the same for all requests of a day."""
    key = (as_of, rules.id)
    if key not in view.candidates:
        view.candidates[key] = tuple(_days_after(view, as_of, rules))
    return view.candidates[key]


def _days_after(view: View, as_of: str, rules: RuleSet) -> Iterator[str]:
    last = min(int(as_of[:4]) + rules.horizon_years, LAST_YEAR)
    days = set(view.change_days)
    for year in range(int(as_of[:4]), last + 1):
        days |= {f"{year:04}-01-01", f"{year:04}-{rules.accounts_due}"}
    return (day for day in sorted(days) if as_of < day <= f"{last:04}-12-31" and rules.in_force(day))


def rules_for(rule_set: str, as_of: str, known_at: str | None) -> RuleSet:
    """Return the rule set of a request. Raises RefusedError for impossible dates, an unknown rule set, or one not in force."""
    if not is_day(as_of) or not (known_at is None or is_instant(known_at)):
        raise RefusedError("INVALID_DATE", 17, f"there is no {known_at if is_day(as_of) else as_of}")
    rules = rule_sets().get(rule_set)
    if rules is None:
        raise RefusedError("UNKNOWN_RULE_SET", 18, f"there is no rule set {rule_set}; there are {', '.join(rule_sets())}")
    if not rules.in_force(as_of):
        raise RefusedError("RULE_SET_NOT_IN_FORCE", 18, f"{rules.id} is not in force on {as_of}")
    return rules


def _check_request(request: AnyRequest, world: World, rules: RuleSet) -> None:
    facts = (operation.fact for operation in request.overlay if isinstance(operation, Add))
    added = {fact.id for fact in facts if isinstance(fact, Organisation)}
    named = request.named()
    if isinstance(request, OrderRequest):
        named = (rules.channels[request.channel].anbieter, *named)
    unknown = [name for name in named if name not in world.organisations and name not in added]
    if unknown:
        raise RefusedError("UNKNOWN_ORGANISATION", 19, f"there is no organisation {unknown[0]}")
    if isinstance(request, LegRequest):
        is_valid = request.awarder != request.contractor
    else:
        chain = (named[0], *(bundler.org for bundler in request.bundlers), request.customer)
        is_valid = len(set(chain)) == len(chain) and request.provider != named[0] and len(request.bundlers) <= rules.max_bundlers
    if not is_valid:
        raise RefusedError("CHAIN_INVALID", 20, "a body stands twice in the chain, or the chain is too long")
