"""What is worked on: Vorgänge that wait for the verdict of their order, and those verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from services.ordering.domain import award, clarification, interest, precheck
from services.ordering.domain.formats import example_of
from services.ordering.domain.offering import ListedOffering
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Actor
from services.ordering.reference import load_checklists
from shared.aggregate.change import Cause, Change
from shared.aggregate.ledger import Ledger
from shared.aggregate.outgoing import OutgoingEvent, Publisher
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.catalog import ChannelListing, Offering
from shared.messages.eligibility import Assessment, Finding, Stage, VerdictGiven
from shared.messages.ordering import OrderParty
from shared.messages.values import (
    Anbindungsart,
    Channel,
    CostKind,
    Money,
    OfferingState,
    Party,
    Period,
    PriceItem,
    Verdict,
)
from shared.topics import VERDICTS

CHANNEL = Channel.GOVDIGITAL
CUSTOMER = Party(id="010540056056", name="Husum, Stadt")
PROVIDER = Party(id="komm_one", name="Komm.ONE")
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CHUNK = 1000

_KUNDE = Actor(OrderParty.KUNDE, "digitales.husum")
_BEREITSTELLER = Actor(OrderParty.BEREITSTELLER, "produkt.komm-one")
_ANBIETER = Actor(OrderParty.ANBIETER, "vertrieb.govdigital")


@dataclass(frozen=True, slots=True)
class Material:
    """One Vorgang that stands for all: as it waits, the verdict that it waits for, and the request that follows from it."""

    order: Order
    verdict: VerdictGiven
    request: Message

    def order_ids(self, count: int) -> list[str]:
        """Return the ids of ``count`` Vorgänge."""
        return [derived_id("bench", str(number)) for number in range(count)]

    def copy_of(self, order_id: str) -> Order:
        """Return the Vorgang under another id."""
        return self.order.model_copy(update={"id": order_id, "number": f"V-2026-{order_id[:8]}"})

    def verdict_for(self, order_id: str) -> OutgoingEvent:
        """Return the verdict for the Vorgang of that id as eligibility publishes it: the second of this order."""
        verdict = self.verdict.model_copy(update={"order_id": order_id, "verdict_id": derived_id("verdict", order_id)})
        return OutgoingEvent(
            seq=2,
            id=derived_id("bench-event", order_id),
            topic=VERDICTS.name,
            key=order_id,
            type=verdict.TYPE,
            source="/eligibility",
            time=verdict.given_at,
            data=verdict.model_dump_json(exclude_none=True),
            traceparent=TRACEPARENT,
            correlation_id=order_id,
        )


def make_material(at: datetime) -> Material:
    """Lead one Vorgang through the domain up to its order, and on a copy find out what the verdict leads to."""
    order, _ = interest.declare(
        derived_id("bench"), ListedOffering.of(_offering(at)), CHANNEL, CUSTOMER, _KUNDE, at, request_id=derived_id("request")
    )
    precheck.record_verdict(order, _verdict(order, Stage.INTERESSE, at), at)
    clarification.start(order, _BEREITSTELLER, at, load_checklists(), Anbindungsart.FIT_CONNECT)
    for point in order.open_points():
        owner = _KUNDE if point.owner is OrderParty.KUNDE else _BEREITSTELLER
        clarification.settle_point(order, owner, at, point.id, example_of(point.format))
    clarification.confirm_conditions(order, _BEREITSTELLER, at, ["Start ab 01.04.2027.", "1st-Level-Support beim Kunden."])
    award.make_offer(order, _ANBIETER, at, (at + timedelta(days=60)).date())
    award.place(order, _KUNDE, at, accepts_agb=True, order_reference="HUS-2026-118")
    verdict = _verdict(order, Stage.BESTELLUNG, at)
    (request,) = precheck.record_verdict(order.model_copy(deep=True), verdict, at)
    return Material(order, verdict, request)


async def fill(ledger: Ledger[Order], material: Material, order_ids: Sequence[str]) -> None:
    """Store the Vorgänge, each with the first verdict of eligibility noted as applied."""

    def change(order_id: str) -> Change[Order]:
        order = material.copy_of(order_id)
        first = Cause(derived_id("first", order_id), VerdictGiven.TYPE, f"eligibility:{order_id}", 1)
        return Change(order_id, lambda _: (order, []), first)

    for start in range(0, len(order_ids), CHUNK):
        await ledger.apply([change(order_id) for order_id in order_ids[start : start + CHUNK]])


async def publish_verdicts(publisher: Publisher, material: Material, order_ids: Sequence[str]) -> bool:
    """Publish the verdict of each Vorgang; return whether all were acknowledged."""
    done = True
    for start in range(0, len(order_ids), CHUNK):
        events = [material.verdict_for(order_id) for order_id in order_ids[start : start + CHUNK]]
        done = all(await publisher.publish(events)) and done
    return done


def _offering(at: datetime) -> Offering:
    price = PriceItem(
        kind=CostKind.BETRIEB_ONLINEDIENST,
        label="Betrieb, Wartung und Support",
        amount=Money(cents=480_000),
        period=Period.JAHR,
        valid_from=date(2026, 1, 1),
    )
    return Offering(
        id=derived_id("bench-offering"),
        version=1,
        state=OfferingState.VEROEFFENTLICHT,
        title="Fahrerlaubnis zur Fahrgastbeförderung",
        summary="Antrag auf Erteilung und Verlängerung der Fahrerlaubnis zur Fahrgastbeförderung.",
        technical_concept="Webanwendung in Containern.",
        nachnutzung="Gebührensätze, Logo und Zuständigkeiten sind Parameter.",
        provider=PROVIDER,
        anbindungsarten=(Anbindungsart.FIT_CONNECT, Anbindungsart.OSCI_XTA),
        channels=(ChannelListing(channel=CHANNEL, bereitstellungsvertrag="GD-B-2026-017", signed_at=at),),
        price_items=(price,),
        reifegrad=3,
        published_at=at,
        changed_at=at,
    )


def _verdict(order: Order, stage: Stage, at: datetime) -> VerdictGiven:
    findings = tuple(
        Finding(
            leg=leg,
            rule="R3",
            code="inhouse_chain",
            verdict=Verdict.EXEMPT,
            reason=f"{owner} ist über die Kette der Träger an der govdigital eG beteiligt; das Inhouse-Verhältnis ist belegt.",
            facts=(f"{owner} -> ITVSH (TRAEGER seit 2012-01-01)", "ITVSH -> Dataport", "Dataport -> govdigital"),
            evidence=("SATZUNG Az. 10.24/2012",),
        )
        for leg, owner in (("L1", PROVIDER.name), ("L2", CUSTOMER.name))
    )
    assessment = Assessment(
        verdict=Verdict.EXEMPT,
        rule_set="2026-1",
        as_of=at.astimezone(UTC).date(),
        channel=CHANNEL,
        customer=CUSTOMER.id,
        provider=PROVIDER.id,
        findings=findings,
        allowed_channels=(CHANNEL,),
    )
    return VerdictGiven(
        verdict_id=derived_id("verdict", order.id, str(order.check)),
        order_id=order.id,
        stage=stage,
        check=order.check,
        customer=CUSTOMER,
        assessment=assessment,
        given_at=at,
    )
