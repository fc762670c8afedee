"""Messages of ordering: the Vorgang from Interesse to PRODUKTIV, and the request for a contract."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, Value, message_type
from shared.messages.eligibility import Assessment, Stage
from shared.messages.open_enum import OpenEnum
from shared.messages.reasons import Fact
from shared.messages.values import (
    Channel,
    Code,
    Condition,
    EntityId,
    Line,
    OrderState,
    OrganisationId,
    Party,
    PriceItem,
    Text,
    Time,
)


class OrderParty(OpenEnum):
    """Who an open point, a question or the next step belongs to."""

    KUNDE = "KUNDE"
    BEREITSTELLER = "BEREITSTELLER"
    ANBIETER = "ANBIETER"
    SYSTEM = "SYSTEM"


class OrderHead(Value):
    """What every event of a Vorgang holds of it."""

    id: EntityId
    number: Line
    state: OrderState
    channel: Channel
    offering_id: EntityId
    offering_title: Line
    offering_version: Annotated[int, Field(ge=1)]
    customer: Party
    provider: Party
    partner: OrganisationId | None = None


class OrderEvent(Message):
    """Base of the events of a Vorgang: ``order`` shows it after the event."""

    order: OrderHead
    at: Time


@message_type("ordering.order.interest-declared.v1")
class InterestDeclared(OrderEvent):
    """A Kunde has declared interest (Interessensbekundung); the in-house pre-check follows."""

    check: int


@message_type("ordering.order.check-requested.v1")
class CheckRequested(OrderEvent):
    """The Kunde asks for a new pre-check, after mending what was missing."""

    stage: Stage
    check: int


@message_type("ordering.order.check-recorded.v1")
class CheckRecorded(OrderEvent):
    """The pre-check gave neither way free nor refusal: somebody must act first."""

    assessment: Assessment


@message_type("ordering.order.interest-forwarded.v1")
class InterestForwarded(OrderEvent):
    """The pre-check leaves the way free; the Bereitsteller learns of the interest."""

    assessment: Assessment


@message_type("ordering.order.refused.v1")
class OrderRefused(OrderEvent):
    """A rule refuses the Vorgang: code, reason in a German sentence, what would help instead.

    ``facts`` are what the sentences are made of, as far as the rule named them. ``stage`` is when: at the Interesse nobody but
    the Kunde knows of it, at the Bestellung all parties do.
    """

    code: Code
    reason: Text
    remedy: Text | None = None
    facts: tuple[Fact, ...] | None = None
    stage: Stage | None = None


@message_type("ordering.order.declined.v1")
class OrderDeclined(OrderEvent):
    """The Bereitsteller declines."""

    reason: Text


@message_type("ordering.order.clarification-started.v1")
class ClarificationStarted(OrderEvent):
    """The Bereitsteller has taken up the technical clarification (Abstimmung) with its list of open points."""

    points: tuple[Line, ...]


@message_type("ordering.order.point-added.v1")
class PointAdded(OrderEvent):
    """A further open point has been put on the list."""

    point_id: EntityId
    label: Line
    owner: OrderParty


@message_type("ordering.order.point-settled.v1")
class PointSettled(OrderEvent):
    """An open point is settled. Its value stays in ordering."""

    point_id: EntityId
    label: Line
    owner: OrderParty
    open_points: int


@message_type("ordering.order.question-asked.v1")
class QuestionAsked(OrderEvent):
    """One side has asked the other a question. Its text stays in ordering."""

    question_id: EntityId
    asked_by: OrderParty


@message_type("ordering.order.question-answered.v1")
class QuestionAnswered(OrderEvent):
    """A question is answered. The text stays in ordering."""

    question_id: EntityId
    answered_by: OrderParty


@message_type("ordering.order.conditions-confirmed.v1")
class ConditionsConfirmed(OrderEvent):
    """The Bereitsteller has confirmed that and on which conditions reuse is possible (Abstimmungsschreiben)."""

    conditions: tuple[Condition, ...]


@message_type("ordering.order.offer-made.v1")
class OfferMade(OrderEvent):
    """The Anbieter has made the Kunde an offer for the Nachnutzungsvertrag."""

    valid_until: date
    price_items: tuple[PriceItem, ...]


@message_type("ordering.order.placed.v1")
class OrderPlaced(OrderEvent):
    """The Kunde has ordered (Bestellung); the in-house relation is checked at the moment of award."""

    check: int


@message_type("ordering.order.contracted.v1")
class OrderContracted(OrderEvent):
    """The contract of the Vorgang is concluded and recorded here."""

    contract_id: EntityId
    contract_number: Line


@message_type("ordering.order.onboarding-started.v1")
class OnboardingStarted(OrderEvent):
    """The Anbindung has begun, with its milestones."""

    milestones: tuple[Line, ...]


@message_type("ordering.order.milestone-reached.v1")
class MilestoneReached(OrderEvent):
    """A milestone of the Anbindung is reached."""

    milestone: Code
    label: Line
    open_milestones: int


@message_type("ordering.order.went-live.v1")
class WentLive(OrderEvent):
    """The service is in productive use at the Kunde."""


@message_type("ordering.order.withdrawn.v1")
class OrderWithdrawn(OrderEvent):
    """The Kunde has withdrawn before a contract came about. ``forwarded``: the Bereitsteller knew of the interest."""

    reason: Text | None = None
    forwarded: bool = True


@message_type("ordering.order.expired.v1")
class OrderExpired(OrderEvent):
    """The Vorgang lapsed: nobody went on with it in time. ``forwarded`` as in ``OrderWithdrawn``."""

    forwarded: bool = True


@message_type("ordering.order.terminated.v1")
class OrderTerminated(OrderEvent):
    """Notice has been given (Kündigung)."""

    ends_on: date
    by: OrderParty


@message_type("ordering.order.ended.v1")
class OrderEnded(OrderEvent):
    """The use has ended."""


@message_type("ordering.contract-request.requested.v1")
class ContractRequested(Message):
    """Ordering asks the processor of one channel for the contract of one Vorgang. Repeats have the same order id.

    ``requested_at`` is set when the same is asked once more in a later event: the moment of the first request, which counts.
    """

    order: OrderHead
    price_items: tuple[PriceItem, ...]
    conditions: tuple[Condition, ...]
    leitweg_id: Line | None = None
    order_reference: Line | None = None
    assessment: Assessment
    signed_off_by: Line | None = None
    ordered_at: Time
    requested_at: Time | None = None
