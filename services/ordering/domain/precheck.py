"""The in-house pre-check: its results, and what each leads to."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.ordering.domain.award import request_contract
from services.ordering.domain.exits import refuse
from services.ordering.domain.guards import klienten_ready
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM, Actor, Refusal
from services.ordering.domain.rechecks import record_decision
from services.ordering.domain.requests import check_request
from services.ordering.domain.steps import Taken, step
from services.ordering.domain.transitions import BEFORE_ORDER, CHECKED, Command
from shared.calendar import day_of, end_of
from shared.errors import ConflictError
from shared.messages.base import Message
from shared.messages.eligibility import Assessment, Decision, Finding, Stage, VerdictGiven, VerdictOverridden
from shared.messages.ordering import CheckRecorded, ClarificationResumed, InterestForwarded
from shared.messages.values import Verdict

STOPPED = "stopped_by_anbieter"
"""Code of a refusal that a person of the Anbieter has decided."""
CUSTOMER_LACKING = {("L2", "NO_RELATION"), ("L2", "RELATION_NOT_VALID"), ("L2", "UNKNOWN_ORGANISATION")}
"""Legs and codes of findings that the Kunde changes: it registers, or states with evidence how it belongs to the Anbieter."""
HOLD = timedelta(days=30)
"""How long an order is held for what its pre-check has found, to the end of the last day in Germany."""


@step(Command.RECHECK)
def recheck(order: Order, _actor: Actor, at: datetime) -> Taken | None:
    """Request a new pre-check; while one is under way this changes nothing. Raises ConflictError (``too_many_checks``)."""
    if order.verdict_at is None:
        return None
    order.begin_check(at)
    return Taken(lambda: check_request(order))


def record_verdict(order: Order, given: VerdictGiven, at: datetime, hold_for: timedelta = HOLD) -> list[Message]:
    """Record the result of the pre-check: the way is free, somebody must act first, or the Vorgang is refused.

    Only an interest is refused. An order, on which both sides have worked, is held for ``hold_for`` from the first such result
    on. A verdict that the Vorgang has moved past (an older check, another stage, repeated) changes nothing. RISK leaves the way
    free once a named person has signed it off. Raises ConflictError (``check_unknown``) for a check that was never requested.
    """
    if given.check > order.check:
        raise ConflictError(f"{order.number} has asked for {order.check} checks.", code="check_unknown", check=given.check)
    if given.check < order.check or given.stage is not order.stage or not order.takes_verdict:
        return []
    if order.verdict_id == given.verdict_id and order.signed_off_by == given.signed_off_by:
        return []
    is_free = given.assessment.verdict is Verdict.EXEMPT or (
        given.assessment.verdict is Verdict.RISK and given.signed_off_by is not None
    )
    lacking = _lacking_klienten(order, at) if is_free else None
    assessment = given.assessment if lacking is None else _with(given.assessment, lacking)
    order.store_verdict(given.model_copy(update={"assessment": assessment}), at)
    if is_free and lacking is None:
        return _proceed(order, assessment, at)
    if (given.stage is Stage.BESTELLUNG or order.resumes) and assessment.verdict is not Verdict.RISK:
        order.hold_until = order.hold_until or end_of(day_of(at + hold_for))
        return _record_check(order, SYSTEM, at, assessment)
    if assessment.verdict in (Verdict.RISK, Verdict.NO_EVIDENCE) or _may_be_mended_by_the_customer(assessment):
        return _record_check(order, SYSTEM, at, assessment)
    return _refuse(order, assessment, at)


def end_hold(order: Order, at: datetime) -> list[Message]:
    """Refuse an order for what nobody has mended while it was held."""
    if order.is_reopened and (refusal := order.contract_refusal.value) is not None:
        return refuse(order, SYSTEM, at, refusal)
    assessment = order.judged
    return [] if assessment is None else _refuse(order, assessment, at)


def _refuse(order: Order, assessment: Assessment, at: datetime) -> list[Message]:
    finding = assessment.decisive
    return refuse(order, SYSTEM, at, Refusal(code=finding.code, reason=finding.reason, remedy=finding.remedy))


def record_override(order: Order, overridden: VerdictOverridden, at: datetime) -> list[Message]:
    """Record the decision of a person of the Anbieter beside the verdict: the way is free, or the Vorgang is stopped.

    A decision that the Vorgang has moved past (an older check, a verdict that is to come), that holds no more, or that comes
    after the contract was asked for changes nothing. Raises ConflictError (``check_unknown``) for a check that was never
    requested.
    """
    override = overridden.override
    if override.check > order.check:
        raise ConflictError(f"{order.number} has asked for {order.check} checks.", code="check_unknown", check=override.check)
    record_decision(order, overridden, at)
    is_open = order.state in (BEFORE_ORDER | CHECKED) and order.contract_requested_at is None
    is_current = override.check == order.check and order.verdict_at is not None and override.valid_until > day_of(at)
    if not (is_open and is_current and override.decision.known) or order.override.value == override:
        return []
    order.override.value = override
    if override.decision is Decision.STOP:
        return refuse(order, SYSTEM, at, Refusal(code=STOPPED, reason=override.reason))
    assessment = order.judged
    if assessment is None or not order.takes_verdict or _lacking_klienten(order, at) is not None:
        return []
    order.signed_off_by = override.by
    return _proceed(order, assessment, at)


def _proceed(order: Order, assessment: Assessment, at: datetime) -> list[Message]:
    if order.stage is Stage.BESTELLUNG:
        return request_contract(order, SYSTEM, at, assessment)
    return _resume(order, SYSTEM, at, assessment) if order.resumes else _forward(order, SYSTEM, at, assessment)


def _lacking_klienten(order: Order, at: datetime) -> Finding | None:
    """Return what an order lacks that 0.1.0 has placed without regard to its Klienten; None if each is settled."""
    if order.stage is not Stage.BESTELLUNG or not order.takes_klienten or klienten_ready(order, at) is None:
        return None
    lacking = [it.name for it in order.klienten.value if not it.is_settled(day_of(at))]
    return Finding(
        leg="L3",
        rule="R10",
        code="KLIENTEN_OPEN",
        verdict=Verdict.NO_EVIDENCE,
        reason="Bestellt wird nur für Klienten, die bestätigt haben und für die der Weg heute frei ist. Zu klären: "
        f"{', '.join(lacking) or 'Es hat kein Klient bestätigt'}.",
        remedy="Auf die Antworten warten oder die Klienten streichen, die Klienten prüfen lassen und dann den Vorgang.",
    )


def _with(assessment: Assessment, lacking: Finding) -> Assessment:
    """Return an assessment with a finding of ordering itself that decides; it is no verdict of record any more."""
    found = {"verdict": lacking.verdict, "findings": (lacking, *assessment.findings)}
    return assessment.model_copy(update=found | dict.fromkeys(("hash", "record", "legs", "rules", "changes_on", "changes_to")))


def _may_be_mended_by_the_customer(assessment: Assessment) -> bool:
    """Return whether nothing but the Kunde's registration or relation is lacking, unknown or not in force: it may still come."""
    refusing = assessment.verdict in (Verdict.NOT_EXEMPT, Verdict.OUT_OF_SCOPE)
    return refusing and all((it.leg, it.code) in CUSTOMER_LACKING for it in assessment.deciding)


@step(Command.RECORD_CHECK)
def _record_check(order: Order, _actor: Actor, at: datetime, assessment: Assessment) -> Taken:
    return Taken(
        lambda: CheckRecorded(
            order=order.head(), at=at, assessment=assessment, hold_until=order.hold_until if order.is_held else None
        )
    )


@step(Command.RESUME)
def _resume(order: Order, _actor: Actor, at: datetime, assessment: Assessment) -> Taken:
    order.resumes, order.hold_until = False, None
    return Taken(lambda: ClarificationResumed(order=order.head(), at=at, assessment=assessment))


@step(Command.FORWARD)
def _forward(order: Order, _actor: Actor, at: datetime, assessment: Assessment) -> Taken:
    order.shown_to = order.provider_id
    return Taken(lambda: InterestForwarded(order=order.head(), at=at, assessment=assessment))
