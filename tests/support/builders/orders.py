"""Vorgänge, offers, verdicts and contracts as the tests of ordering need them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.ordering.domain import award, clarification, delivery, exits, interest, notice, precheck
from services.ordering.domain.formats import example_of
from services.ordering.domain.offering import ListedOffering
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Actor
from services.ordering.reference import load_checklists
from shared.ids import contract_id, derived_id
from shared.messages.catalog import ChannelListing, Offering
from shared.messages.contracts import AgbVersion, ContractConcluded, ContractHead, ContractRefused, Leg
from shared.messages.contracts_chain import ChainHead, ChainState, ContractTerminated
from shared.messages.contracts_changes import ContractSucceeded
from shared.messages.eligibility import Assessment, Finding, Stage, VerdictGiven
from shared.messages.ordering import OrderParty
from shared.messages.values import (
    Anbindungsart,
    Channel,
    CostKind,
    Money,
    OfferingState,
    OrderState,
    Party,
    Period,
    PriceItem,
    Verdict,
)

T0 = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ORDER_ID = derived_id("test", "order")
OFFERING_ID = derived_id("test", "offering")
CUSTOMER = Party(id="010510044044", name="Heide, Stadt")
PROVIDER = Party(id="komm-one", name="Komm.ONE")
KUNDE = Actor(OrderParty.KUNDE, "kai.kunde")
BEREITSTELLER = Actor(OrderParty.BEREITSTELLER, "bea.bereitsteller")
ANBIETER = Actor(OrderParty.ANBIETER, "anna.anbieter")
CHECKLISTS = load_checklists()
VALID_UNTIL = date(2026, 12, 31)
PRICE = PriceItem(
    kind=CostKind.BETRIEB_ONLINEDIENST,
    label="Betrieb",
    amount=Money(cents=120_000),
    period=Period.JAHR,
    valid_from=date(2026, 1, 1),
)
OLD_PRICE = PRICE.model_copy(update={"label": "Betrieb bis 2025", "valid_from": date(2025, 1, 1), "valid_to": date(2025, 12, 31)})


def later(hours: float) -> datetime:
    """Return a moment that many hours after T0."""
    return T0 + timedelta(hours=hours)


def offering(**changes: Any) -> Offering:
    """Return an offer that is open through govdigital."""
    fields: dict[str, Any] = {
        "id": OFFERING_ID,
        "version": 3,
        "state": OfferingState.VEROEFFENTLICHT,
        "title": "Digitale Baugenehmigung",
        "summary": "Bauantrag online",
        "technical_concept": "XBau",
        "nachnutzung": "Fachverfahren mit XBau",
        "provider": PROVIDER,
        "anbindungsarten": (Anbindungsart.OSCI_XTA, Anbindungsart.FIT_CONNECT),
        "channels": (ChannelListing(channel=Channel.GOVDIGITAL, bereitstellungsvertrag="GD-B-1", signed_at=T0),),
        "price_items": (OLD_PRICE, PRICE),
        "reifegrad": 3,
        "published_at": T0,
        "changed_at": T0,
    }
    return Offering(**{**fields, **changes})


def offered_through(*channels: Channel) -> ListedOffering:
    """Return the offer as it is listed through some channels."""
    listings = tuple(ChannelListing(channel=it, bereitstellungsvertrag=f"B-{it}", signed_at=T0) for it in channels)
    return ListedOffering.of(offering(channels=listings))


def assessment(verdict: Verdict, channel: Channel = Channel.GOVDIGITAL) -> Assessment:
    """Return an assessment whose decisive finding names a remedy."""
    finding = Finding(
        leg="L2",
        rule="R3",
        code=f"code_{verdict.lower()}",
        verdict=verdict,
        reason="Because of the facts.",
        remedy="Use govdigital.",
    )
    return Assessment(
        verdict=verdict,
        rule_set="2026-1",
        as_of=date(2026, 11, 24),
        channel=channel,
        customer=CUSTOMER.id,
        provider=PROVIDER.id,
        findings=(finding,),
        allowed_channels=(Channel.GOVDIGITAL,),
    )


def verdict(
    value: Verdict = Verdict.EXEMPT,
    stage: Stage = Stage.INTERESSE,
    check: int = 1,
    *,
    order_id: str = ORDER_ID,
    signed_off_by: str | None = None,
) -> VerdictGiven:
    """Return the result of a check."""
    return VerdictGiven(
        verdict_id=derived_id("verdict", order_id, str(check)),
        order_id=order_id,
        stage=stage,
        check=check,
        customer=CUSTOMER,
        assessment=assessment(value),
        signed_off_by=signed_off_by,
        given_at=T0,
    )


def concluded(
    order_id: str = ORDER_ID, number: str = "GD/2026/0001", attempt: int = 1, channel: Channel = Channel.GOVDIGITAL
) -> ContractConcluded:
    """Return the event of a concluded contract; one with another number is not the one that was asked for."""
    asked = contract_id(channel, order_id, attempt)
    head = ContractHead(
        id=asked if number == "GD/2026/0001" else derived_id("contract", order_id, number),
        number=number,
        leg=Leg.NACHNUTZUNG,
        channel=channel,
        order_id=order_id,
        offering_id=OFFERING_ID,
        offering_title="Digitale Baugenehmigung",
        anbieter=Party(id="govdigital", name="govdigital eG"),
        customer=CUSTOMER,
        provider=PROVIDER,
        agb=AgbVersion(name="SaaS-Nachnutzungs-AGB", version="2024-1"),
    )
    return ContractConcluded(contract=head, concluded_at=T0)


def refused(
    order_id: str = ORDER_ID, attempt: int = 1, code: str = "no_agb", channel: Channel = Channel.GOVDIGITAL
) -> ContractRefused:
    """Return the event of a refused contract."""
    return ContractRefused(
        contract_id=contract_id(channel, order_id, attempt),
        order_id=order_id,
        channel=channel,
        customer=CUSTOMER,
        provider=PROVIDER,
        code=code,
        reason="No AGB are in force.",
        remedy="Ask the Anbieter.",
        refused_at=T0,
    )


def declared() -> Order:
    """Return a Vorgang whose interest has just been declared."""
    order, _ = interest.declare(
        ORDER_ID, ListedOffering.of(offering()), Channel.GOVDIGITAL, CUSTOMER, KUNDE, T0, request_id="request-1"
    )
    return order


def settle_all(order: Order, at: datetime) -> None:
    """Let each owner settle their open mandatory points."""
    for point in order.open_points():
        owner = KUNDE if point.owner is OrderParty.KUNDE else BEREITSTELLER
        clarification.settle_point(order, owner, at, point.id, example_of(point.format))


def reach_all(order: Order, at: datetime) -> None:
    """Let each owner report their open mandatory milestones."""
    for milestone in order.open_milestones():
        owner = KUNDE if milestone.owner is OrderParty.KUNDE else BEREITSTELLER
        delivery.reach_milestone(order, owner, at, milestone.code)


def order_in(state: OrderState) -> Order:
    """Return a Vorgang that has come to ``state`` on the shortest way; BESTELLT is with the contract asked for."""
    order = declared()
    if state is OrderState.ABGELEHNT:
        precheck.record_verdict(order, verdict(Verdict.NOT_EXEMPT), T0)
    elif state is OrderState.ZURUECKGEZOGEN:
        exits.withdraw(order, KUNDE, T0)
    elif state is OrderState.VERFALLEN:
        exits.expire(order, ANBIETER, T0)
    while order.state is not state:
        _ADVANCE[order.state](order)
    return order


def _agree(order: Order) -> None:
    settle_all(order, T0)
    clarification.confirm_conditions(order, BEREITSTELLER, T0, ["1st-Level-Support beim Kunden"])


def _order(order: Order) -> None:
    award.place(order, KUNDE, T0, accepts_agb=True)
    precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=order.check), T0)


def _deliver(order: Order) -> None:
    reach_all(order, T0)
    delivery.go_live(order, BEREITSTELLER, T0)


def contract_of(order: Order, **changes: Any) -> ChainHead:
    """Return the head of the contract of a Vorgang, of which notice was given."""
    fields: dict[str, Any] = {
        "id": order.contract_id,
        "number": order.contract_number,
        "leg": Leg.NACHNUTZUNG,
        "channel": Channel.GOVDIGITAL,
        "offering_id": OFFERING_ID,
        "offering_title": order.offering_title,
        "order_id": order.id,
        "grantor": Party(id="govdigital", name="govdigital eG"),
        "grantee": CUSTOMER,
        "state": ChainState.GEKUENDIGT,
        "valid_from": T0.date(),
        "ends_on": date(2027, 12, 31),
    }
    return ChainHead(**(fields | changes))


def terminated(order: Order, ends_on: date, by: OrderParty | None = OrderParty.KUNDE) -> ContractTerminated:
    """Return what the processor tells of the contract of a Vorgang that ends on a day."""
    return ContractTerminated(contract=contract_of(order, ends_on=ends_on), at=T0, by=by)


def succeeded(
    order: Order, first: date = date(2028, 1, 1), number: str = "GD/2028/0001", *, continues: str | None = None, **changes: Any
) -> ContractSucceeded:
    """Return what the processor tells of a contract that follows that of a Vorgang."""
    former = continues or order.contract_id or ""
    following = {"id": derived_id("following", former, number), "number": number, "state": ChainState.GESCHLOSSEN}
    head = contract_of(order, **following, valid_from=first, ends_on=None)
    return ContractSucceeded(contract=head, at=T0, continues=former, **changes)


_ADVANCE: dict[OrderState, Callable[[Order], object]] = {
    OrderState.INTERESSE_BEKUNDET: lambda order: precheck.record_verdict(order, verdict(), T0),
    OrderState.WEITERGELEITET: lambda order: clarification.start(order, BEREITSTELLER, T0, CHECKLISTS),
    OrderState.IN_ABSTIMMUNG: _agree,
    OrderState.ABGESTIMMT: lambda order: award.make_offer(order, ANBIETER, T0, VALID_UNTIL),
    OrderState.ANGEBOT_ERSTELLT: _order,
    OrderState.BESTELLT: lambda order: award.record_contract(order, concluded(), T0),
    OrderState.VERTRAG_GESCHLOSSEN: lambda order: delivery.start_onboarding(order, BEREITSTELLER, T0, CHECKLISTS),
    OrderState.IN_ANBINDUNG: _deliver,
    OrderState.PRODUKTIV: lambda order: notice.follow_contract(order, terminated(order, date(2026, 11, 24)), T0),
    OrderState.GEKUENDIGT: lambda order: notice.end(order, ANBIETER, T0),
}
