"""Builders of contract requests, as ordering sends them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from shared.aggregate.change import Cause
from shared.bus.handling import Received
from shared.ids import derived_id
from shared.messages.eligibility import Assessment, Finding
from shared.messages.ordering import ContractRequested, OrderHead
from shared.messages.values import Channel, CostKind, Money, OrderState, Party, Period, PriceItem, Verdict

AT = datetime(2026, 11, 24, 10, 15, 30, tzinfo=UTC)
SACHSEN = Party(id="DE-SN", name="Freistaat Sachsen")
NRW = Party(id="DE-NW", name="Land Nordrhein-Westfalen")


def order_id(name: str) -> str:
    """Return the order id that a test calls ``name``."""
    return derived_id("order", name)


def price(cents: int = 1_250_000, **changes: Any) -> PriceItem:
    """Return a price line valid since 2026."""
    values: dict[str, Any] = {
        "kind": CostKind.BETRIEB_ONLINEDIENST,
        "label": "Betrieb und Support",
        "amount": Money(cents=cents),
        "period": Period.JAHR,
        "valid_from": date(2026, 1, 1),
    }
    return PriceItem(**(values | changes))


def assessment(channel: Channel, customer: Party, provider: Party, verdict: Verdict = Verdict.EXEMPT) -> Assessment:
    """Return an assessment with two findings, of which the second decides."""
    findings = tuple(
        Finding(leg=leg, rule=rule, code=f"{rule}_found", verdict=found, reason=f"Regel {rule}")
        for leg, rule, found in (("l1", "r6", Verdict.EXEMPT), ("l2", "r3", verdict))
    )
    return Assessment(
        verdict=verdict,
        rule_set="test-1",
        as_of=date(2026, 11, 24),
        channel=channel,
        customer=customer.id,
        provider=provider.id,
        findings=findings,
        allowed_channels=(channel,),
    )


def request(name: str = "a", channel: Channel = Channel.FITKO, **changes: Any) -> ContractRequested:
    """Return a request that every rule lets pass; ``changes`` replace fields, ``verdict``, ``customer`` and ``provider`` too."""
    customer, provider = changes.pop("customer", SACHSEN), changes.pop("provider", NRW)
    verdict = changes.pop("verdict", Verdict.EXEMPT)
    values: dict[str, Any] = {
        "order": OrderHead(
            id=order_id(name),
            number=f"V-2026-{name}",
            state=OrderState.BESTELLT,
            channel=channel,
            offering_id=derived_id("offering", "einbuergerung"),
            offering_title="Digitaler Einbürgerungsantrag",
            offering_version=3,
            customer=customer,
            provider=provider,
        ),
        "price_items": (price(),),
        "conditions": (),
        "assessment": assessment(channel, customer, provider, verdict),
        "ordered_at": AT,
    }
    return ContractRequested(**(values | changes))


def received(message: ContractRequested, *, seq: int = 9, time: datetime = AT) -> Received:
    """Return the request as a consumer gets it: event ``seq`` of its order."""
    source = message.order.id
    cause = Cause(derived_id("event", source, str(seq)), message.TYPE, source, seq, correlation_id=source)
    return Received(message, source, cause, time)
