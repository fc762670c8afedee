"""The explanation of an answer: each leg with its results, the law, the facts and documents, what would help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from services.eligibility.engine.answer import Answer
from services.eligibility.engine.evaluate import find_legs, overall, parse_request
from services.eligibility.engine.leg import LegFound
from services.eligibility.engine.remedies import Chain, remedies
from services.eligibility.engine.request import OrderRequest
from services.eligibility.engine.routes import Route
from services.eligibility.engine.verdicts import Result, Verdict

NATURE: Final = "VORPRUEFUNG"
ENGINE_VERSION: Final = "1"

LAW: Final = {
    "R1": "§ 99 Nr. 1-3 GWB",
    "R2": "§ 108 Abs. 1 Nr. 1, Abs. 2 GWB",
    "R3": "§ 108 Abs. 4 Nr. 1, Abs. 5 GWB",
    "R4": "§ 108 Abs. 1 Nr. 2, Abs. 7 GWB",
    "R5": "§ 108 Abs. 1 Nr. 3 GWB",
    "R6": "§ 108 Abs. 3 Satz 1 Alt. 1, Satz 2 GWB",
    "R7": "§ 108 Abs. 3 Satz 1 Alt. 2, Satz 2 GWB",
    "R8": "§ 108 Abs. 6, Abs. 7 GWB",
    "R9": "§ 103 Abs. 1 GWB, EuGH C-796/18",
    "R10": "Kette der Aufträge",
    "R11": "Voraussetzungen bei Vergabe und während der Laufzeit",
    "R12": "Teilnahmebedingungen des Portals",
}
JOINT_LAW: Final = {"R4": "§ 108 Abs. 4 Nr. 2, Abs. 7 GWB", "R5": "§ 108 Abs. 4 Nr. 3 GWB"}


def explained(answer: Answer, evaluated_at: str | None = None) -> dict[str, Any]:
    """Return the whole answer: the core with its hash, and what a reader needs to follow it.

    ``evaluated_at``: when, as an instant in UTC; the engine itself reads no clock.
    """
    whole = answer.core | {
        "hash": answer.hash,
        "nature": NATURE,
        "recheck": answer.recheck,
        "evaluated_at": evaluated_at,
        "engine_version": ENGINE_VERSION,
        "explanation": explanation(answer),
    }
    return whole | {"hypothetical": True} if answer.request["overlay"] else whole


def explanation(answer: Answer) -> list[dict[str, Any]]:
    """Return each leg with the route taken, its results, and the routes not taken."""
    others = _other_channels(answer)
    return [_leg(answer, leg, others) for leg in answer.legs]


def used_facts(answer: Answer) -> tuple[str, ...]:
    """Return the ids of the facts that the answer names, in their order."""
    results = [result for leg in answer.legs for result in _all_results(leg)]
    return tuple(sorted({fact for result in results for fact in result.outcome.facts}))


def _all_results(leg: LegFound) -> list[Result]:
    return [*leg.results, *(result for route in leg.alternatives for result in route.results)]


def _leg(answer: Answer, leg: LegFound, others: dict[str, Verdict]) -> dict[str, Any]:
    bundlers = answer.request.get("bundlers")
    chain = Chain(others, may_bundle=leg.asked.name == "L2" and not bundlers)
    deciding = leg.deciding
    with_remedy = deciding if leg.verdict is answer.verdict else ()
    return {
        "leg": leg.asked.name,
        "awarder": leg.asked.awarder,
        "contractor": leg.asked.contractor,
        "legal_persons": {"awarder": leg.awarder, "contractor": leg.contractor},
        "route": None if leg.route is None else leg.route.name,
        "verdict": leg.verdict.name,
        "results": [
            _result(answer, result, leg.route, chain if result in with_remedy else None)
            for result in (*leg.results, *(result for result in deciding if result not in leg.results))
        ],
        "alternatives": [
            {
                "route": route.name,
                "verdict": route.verdict.name,
                "results": [_result(answer, result, route, None) for result in route.results],
            }
            for route in leg.alternatives
        ],
    }


def _result(answer: Answer, result: Result, route: Route | None, chain: Chain | None) -> dict[str, Any]:
    is_joint = route is not None and route.name == "JOINT"
    facts = result.outcome.facts
    return {
        "rule": result.rule,
        "law": JOINT_LAW.get(result.rule, LAW[result.rule]) if is_joint else LAW[result.rule],
        "outcome": result.verdict.name,
        "code": result.code,
        "params": _plain(dict(result.outcome.params)),
        "facts": list(facts),
        "evidence": sorted({document for fact in facts for document in answer.day.carried_by(fact)}),
        "numbers": None if result.outcome.numbers is None else dict(result.outcome.numbers),
        "remedy": [] if chain is None else [_plain(remedy.as_dict()) for remedy in remedies(result, chain)],
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a value with lists for tuples, as JSON has it."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value


def _other_channels(answer: Answer) -> dict[str, Verdict]:
    """Return the verdict of the same order on the same day in each other channel, where it could be placed there.

    Without accreditations: the Anbieter of this channel reads it too, and how the Kunde stands at another is not for it to know.
    """
    if answer.verdict is not Verdict.NOT_EXEMPT or "channel" not in answer.request:
        return {}
    request = parse_request({**answer.request, "overlay": [], "policy": {**answer.request["policy"], "accreditation": "IGNORE"}})
    if not isinstance(request, OrderRequest):
        return {}
    found: dict[str, Verdict] = {}
    for channel, rules in answer.rules.channels.items():
        parties = (request.provider, request.customer, *(bundler.org for bundler in request.bundlers))
        if channel != request.channel and rules.anbieter not in parties:
            found[channel] = overall(find_legs(answer.day, request.model_copy(update={"channel": channel})))
    return found
