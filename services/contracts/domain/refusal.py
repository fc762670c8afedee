"""Why a processor forms no contract: stable codes and the facts behind them.

The rules look at nothing but the request and the terms of the channel. Who may order through which channel is decided by
eligibility and is not repeated here; here counts what its verdict says. The sentences are in ``shared.reasons``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.contracts.domain import prices
from services.contracts.domain.request import Request
from services.contracts.domain.rules import Terms
from services.contracts.domain.violation_codes import code_of
from shared import reasons
from shared.messages.base import Value
from shared.messages.eligibility import Decision
from shared.messages.reasons import Fact
from shared.messages.values import Code, CostKind, Period, Text, Verdict


class Refusal(Value):
    """A refusal as it is recorded. ``reason`` and ``remedy`` are the German sentences that its code and facts make."""

    code: Code
    reason: Text
    remedy: Text
    facts: tuple[Fact, ...] | None = None

    @classmethod
    def of(cls, code: str, **facts: str | date) -> Refusal:
        """Return the refusal with its German sentences. Raises KeyError for a code or a fact that has no words."""
        named = tuple(
            Fact(name=name, day=value) if isinstance(value, date) else Fact(name=name, text=value)
            for name, value in facts.items()
        )
        words = reasons.words(code, named, "de")
        if words is None or words.remedy is None:
            raise KeyError(f"{code} has no German sentences for the facts {', '.join(facts)}")
        return cls(code=code, reason=words.reason, remedy=words.remedy, facts=named)


def chain_refusal(violation: str, order: str) -> Refusal:
    """Return the refusal of a contract that would break a rule of the chain, by the rule's code. ``order`` is its number."""
    return Refusal.of(code_of(violation), order=order)


def refusal_of(request: Request, terms: Terms) -> Refusal | None:
    """Return the first reason that stands against the contract, or None."""
    return next(_refusals(request, terms), None)


def _refusals(request: Request, terms: Terms) -> Iterator[Refusal]:
    order, anbieter = request.body.order, terms.rules.anbieter.name
    if order.channel is not terms.channel:
        yield Refusal.of("wrong_channel", order=order.number, channel=order.channel.value, anbieter=anbieter)
    yield from _in_house(request)
    agb, accepted = terms.agb_on(request.day), request.body.agb_version
    if agb is None:
        yield Refusal.of("no_agb_in_force", day=request.day, anbieter=anbieter)
    elif accepted is not None and accepted != agb.version:
        yield Refusal.of("agb_changed", day=request.day, anbieter=anbieter, version=agb.version, accepted=accepted)
    yield from _price_lines(request, terms)


def _in_house(request: Request) -> Iterator[Refusal]:
    order, assessment = request.body.order, request.body.assessment
    if (assessment.channel, assessment.customer, assessment.provider) != (order.channel, order.customer.id, order.provider.id):
        yield Refusal.of("assessment_of_other_parties", order=order.number)
    override = request.body.override
    if assessment.verdict is Verdict.EXEMPT or (override is not None and override.decision is Decision.PROCEED):
        return
    if assessment.verdict is not Verdict.RISK:
        yield Refusal.of("not_exempt", as_of=assessment.as_of, verdict=assessment.verdict.value)
    elif request.body.signed_off_by is None:
        yield Refusal.of("risk_not_signed_off")


def _price_lines(request: Request, terms: Terms) -> Iterator[Refusal]:
    lines = prices.valid_on(request.body.price_items, request.day)
    if not lines:
        yield Refusal.of("no_price_lines", day=request.day)
    for line in lines:
        if line.kind not in terms.rules.price_kinds:
            yield Refusal.of("price_kind_not_allowed", anbieter=terms.rules.anbieter.name, kind=line.kind.value, line=line.label)
        for unknown in (value for value in (line.period, line.key) if not value.known):
            yield Refusal.of("price_line_not_understood", value=unknown.value, line=line.label)
        if line.kind is CostKind.ANBINDUNG_EINMALIG and line.period is not Period.EINMALIG:
            yield Refusal.of("anbindung_not_one_off", line=line.label, period=line.period.value)
