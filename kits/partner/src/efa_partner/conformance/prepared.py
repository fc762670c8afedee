"""Cases that need a Vorgang which the other sides have brought to a state: points, questions, Bestellung, milestones, uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from efa_partner.conformance.attacks import key_faults
from efa_partner.conformance.bench import Bench
from efa_partner.conformance.case import ACCEPTED, CannotRunError, Case, Expected, Got, Words, outcome, refused

CLARIFICATION, OFFERED, ONBOARDING, PRODUCTIVE = "IN_ABSTIMMUNG", "ANGEBOT_ERSTELLT", "IN_ANBINDUNG", "PRODUKTIV"
_PERIOD = "2026-01"


async def _order(bench: Bench, state: str, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
    """Return a Vorgang of a state, read through the API, that fits. Raises CannotRunError."""
    if bench.api is None:
        raise CannotRunError("it needs to read orders: give --api and --token-file")
    for order in await bench.api.in_state(state):
        if fits(order):
            return order
    raise CannotRunError(
        f"the organisation has no fitting Vorgang in the state {state}: have one prepared in the test environment"
    )


def _open_points(order: dict[str, Any]) -> list[dict[str, Any]]:
    return [it for it in order["points"] if it["owner"] == "KUNDE" and not it["settled"]]


def _questions(order: dict[str, Any]) -> list[dict[str, Any]]:
    return [it for it in order["questions"] if it["asked_of"] == "KUNDE" and it.get("answer") is None]


def _milestones(order: dict[str, Any]) -> list[dict[str, Any]]:
    return [it for it in order["milestones"] if it["owner"] == "KUNDE" and it.get("reached_at") is None]


async def _send(bench: Bench, what: str, order: dict[str, Any], **fields: object) -> Got:
    receipt = await bench.command(f"partner.order.{what}.v1", bench.data(order_id=order["id"], **fields))
    faults = list(key_faults(receipt))
    if receipt.accepted and (receipt.order is None or receipt.order.id != order["id"]):
        faults.append("the receipt names another Vorgang")
    return outcome(receipt, tuple(faults))


async def _point_added(bench: Bench) -> Got:
    order = await _order(bench, CLARIFICATION)
    return await _send(bench, "point-added", order, label="Konformitätslauf: Gebührenordnung", owner="KUNDE", mandatory=False)


async def _point_settled(bench: Bench) -> Got:
    order = await _order(bench, CLARIFICATION, lambda it: bool(_open_points(it)))
    point = _open_points(order)[0]
    return await _send(bench, "point-settled", order, point_id=point["id"], value=point["example"])


async def _point_of_the_other(bench: Bench) -> Got:
    def foreign(order: dict[str, Any]) -> list[dict[str, Any]]:
        return [it for it in order["points"] if it["owner"] == "BEREITSTELLER" and not it["settled"]]

    order = await _order(bench, CLARIFICATION, lambda it: bool(foreign(it)))
    point = foreign(order)[0]
    return await _send(bench, "point-settled", order, point_id=point["id"], value=point["example"])


async def _question_asked(bench: Bench) -> Got:
    order = await _order(bench, CLARIFICATION)
    return await _send(bench, "question-asked", order, text="Konformitätslauf: Welche Portfreigaben braucht der Testbetrieb?")


async def _question_answered(bench: Bench) -> Got:
    order = await _order(bench, CLARIFICATION, lambda it: bool(_questions(it)))
    return await _send(
        bench, "question-answered", order, question_id=_questions(order)[0]["id"], text="Konformitätslauf: 443/tcp"
    )


async def _placed_without_terms(bench: Bench) -> Got:
    return await _send(bench, "order-placed", await _order(bench, OFFERED), accepts_agb=False)


async def _placed(bench: Bench) -> Got:
    order = await _order(bench, OFFERED)
    return await _send(bench, "order-placed", order, accepts_agb=True, order_reference="Konformitätslauf")


async def _milestone(bench: Bench) -> Got:
    order = await _order(bench, ONBOARDING, lambda it: bool(_milestones(it)))
    return await _send(bench, "milestone-reached", order, code=_milestones(order)[0]["code"])


async def _uses(bench: Bench) -> Got:
    return await _send(bench, "uses-reported", await _order(bench, PRODUCTIVE), period=_PERIOD, count=1284)


async def _uses_corrected(bench: Bench) -> Got:
    return await _send(bench, "uses-reported", await _order(bench, PRODUCTIVE), period=_PERIOD, count=1285)


async def _uses_ahead(bench: Bench) -> Got:
    return await _send(bench, "uses-reported", await _order(bench, PRODUCTIVE), period="2099-12", count=1)


_WHOLE_WAY = (
    "Der Partner geht den Weg des Kunden bis zur Nutzung ohne die HTTP-Schnittstelle.",
    "The partner goes the way of the Kunde up to the use without the HTTP API.",
)
_SAME_RULES = (
    "Für Ereignisse gelten dieselben Regeln wie für die HTTP-Schnittstelle; es gibt keine Seitentür.",
    "The rules of the HTTP API hold for events too; there is no side door.",
)


def _case(name: str, title: tuple[str, str], play: Callable[[Bench], Any], expected: Expected = ACCEPTED) -> Case:
    why = _WHOLE_WAY if expected is ACCEPTED else _SAME_RULES
    return Case(name, Words(*title), Words(*why), expected, play, attack=False)


PREPARED: tuple[Case, ...] = (
    _case("point-added", ("Punkt ergänzen", "Add a point"), _point_added),
    _case(
        "point-of-the-other-side",
        ("Punkt der anderen Seite klären", "Settle a point of the other side"),
        _point_of_the_other,
        refused("not_the_owner"),
    ),
    _case("point-settled", ("Punkt klären", "Settle a point"), _point_settled),
    _case("question-asked", ("Frage stellen", "Ask a question"), _question_asked),
    _case("question-answered", ("Frage beantworten", "Answer a question"), _question_answered),
    _case(
        "placed-without-terms",
        ("Bestellung ohne AGB", "Order without the terms"),
        _placed_without_terms,
        refused("agb_not_accepted"),
    ),
    _case("order-placed", ("Bestellen", "Order"), _placed),
    _case("milestone-reached", ("Meilenstein melden", "Report a milestone"), _milestone),
    _case("uses-reported", ("Nutzung melden", "Report uses"), _uses),
    _case("uses-corrected", ("Nutzung berichtigen", "Correct the uses"), _uses_corrected),
    _case("uses-ahead", ("Nutzung eines künftigen Monats", "Uses of a month to come"), _uses_ahead, refused("period_in_future")),
)
