"""Messages of partner systems: order events that they sign, and the receipts that they get.

Both travel as a CloudEvent in JSON inside a compact JWS (docs/anbinden/partner-events.md), so they are no types of the topics
that hold plain events: ``PARTNER_EVENTS`` lists them. Strict for whoever writes: unknown fields are refused at every depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from shared.messages.base import SealedMessage, Value
from shared.messages.ordering import OrderParty
from shared.messages.ordering_partners import PartnerId
from shared.messages.values import Anbindungsart, Channel, Code, EntityId, Line, Month, OrderState, OrganisationId, Text, Time

SPAN_SECONDS = 24 * 60 * 60
"""The longest time from ``iat`` to ``exp`` of an event."""
SKEW_SECONDS = 60
"""How far ``iat`` may lie after the moment in which the broker appended the record."""
RECORD_BYTES = 256 * 1024
"""The largest record that a partner may send."""

PartnerName = Annotated[
    PartnerId,
    Field(description="Id of the partner in the marketplace's registry, at once the name of its Kafka principal. Not personal."),
]
Jti = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
"""Id of an event, chosen by the partner; best a UUID."""
Seconds = Annotated[int, Field(ge=0, lt=2**53)]
"""A moment in whole seconds since 1970-01-01T00:00:00Z (NumericDate of RFC 7519, without fractions)."""
Uses = Annotated[int, Field(ge=0, le=1_000_000_000)]
"""How often a service was used."""
Side = Literal[OrderParty.KUNDE, OrderParty.BEREITSTELLER]
Remark = Annotated[Text, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class PartnerData(Value):
    """Base of what a partner's event holds as ``data``: for which organisation the partner acts."""

    TYPE: ClassVar[str]

    organisation: Annotated[
        OrganisationId,
        Field(
            description="Organisation that the partner acts for; one of those in its registration. Not personal.",
            examples=["01054033"],
        ),
    ]


class OrderData(PartnerData):
    """Base of the events about a Vorgang that is there."""

    order_id: Annotated[
        EntityId,
        Field(description="The Vorgang. Not personal.", examples=["0b9e6f0c-55b5-4c5c-9a44-5d6c2a1f3e77"]),
    ]
    if_revision: Annotated[
        int | None,
        Field(
            ge=1,
            lt=2**53,
            description="The revision for which the event was made (HTTP: If-Match). Another one: precondition_failed. Not "
            "personal.",
            examples=[7],
        ),
    ] = None


class InterestData(PartnerData):
    """Declare interest (Interessensbekundung): begins a Vorgang. HTTP: POST /v1/orders."""

    TYPE = "partner.order.interest-declared.v1"

    offering_id: Annotated[
        EntityId,
        Field(
            description="The offer, from catalog.offering.v1. Not personal.", examples=["3f2b8c1e-7d4a-4f6b-9a51-0c2d3e4f5a6b"]
        ),
    ]
    channel: Annotated[
        Channel, Field(description="Anbieter through whom the contract shall come about. Not personal.", examples=["govdigital"])
    ]
    message: Annotated[
        Text | None,
        Field(
            description="Text for the Bereitsteller. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Wir möchten zum 1. April starten."],
        ),
    ] = None
    anbindungsart: Annotated[
        Anbindungsart | None,
        Field(
            description="The connection that is wished for; without it the Bereitsteller chooses. Not personal.",
            examples=["FIT_CONNECT"],
        ),
    ] = None


class PointAddedData(OrderData):
    """Put a further point on the list of the Abstimmung. HTTP: POST /v1/orders/{id}/points."""

    TYPE = "partner.order.point-added.v1"

    label: Annotated[Line, Field(description="What is to be settled. Not personal.", examples=["Gebührenordnung der Stadt"])]
    owner: Annotated[Side, Field(description="The side that has to settle it. Not personal.", examples=["KUNDE"])]
    mandatory: Annotated[bool, Field(description="Whether the conditions wait for it. Not personal.", examples=[True])] = True


class PointSettledData(OrderData):
    """Settle a point with its value, or correct the value. HTTP: POST /v1/orders/{id}/points/{point_id}/settle."""

    TYPE = "partner.order.point-settled.v1"

    point_id: Annotated[
        EntityId,
        Field(description="The point, from the Vorgang. Not personal.", examples=["7c1c2b34-0e4f-4f43-8a7b-6f0d4c0b9a10"]),
    ]
    value: Annotated[
        Remark, Field(description="The value, in the point's format. Not personal.", examples=["203.0.113.17, 2001:db8:12::/48"])
    ]
    note: Annotated[Remark | None, Field(description="A remark on it. Not personal.", examples=["ab 1. April"])] = None


class QuestionAskedData(OrderData):
    """Ask the other side. HTTP: POST /v1/orders/{id}/questions."""

    TYPE = "partner.order.question-asked.v1"

    text: Annotated[
        Text, Field(description="The question. Not personal.", examples=["Welche Portfreigaben braucht der Testbetrieb?"])
    ]


class QuestionAnsweredData(OrderData):
    """Answer a question of the other side. HTTP: POST /v1/orders/{id}/questions/{question_id}/answer."""

    TYPE = "partner.order.question-answered.v1"

    question_id: Annotated[
        EntityId,
        Field(description="The question, from the Vorgang. Not personal.", examples=["a3f1f0a2-5b34-4c6e-8d58-0f8a1c2b3d4e"]),
    ]
    text: Annotated[Text, Field(description="The answer. Not personal.", examples=["443/tcp ausgehend genügt."])]


class OrderPlacedData(OrderData):
    """Order (Bestellung) on the offer made. HTTP: POST /v1/orders/{id}/place."""

    TYPE = "partner.order.order-placed.v1"

    accepts_agb: Annotated[
        bool, Field(description="Whether the terms (AGB) are accepted; must be true. Not personal.", examples=[True])
    ]
    leitweg_id: Annotated[
        Line | None, Field(description="Leitweg-ID for the electronic invoice. Not personal.", examples=["04011000-900X999-08"])
    ] = None
    order_reference: Annotated[
        Line | None, Field(description="The Kunde's own reference, for the invoice. Not personal.", examples=["HH-2027-0815"])
    ] = None
    offer_number: Annotated[
        int | None,
        Field(
            ge=1,
            description="Number of the offer that is accepted; needed once the Anbieter has made more than one. Not personal.",
            examples=[2],
        ),
    ] = None


class OrderWithdrawnData(OrderData):
    """Withdraw; possible until the contract is asked for. HTTP: POST /v1/orders/{id}/withdraw."""

    TYPE = "partner.order.order-withdrawn.v1"

    reason: Annotated[
        Remark | None, Field(description="Why; the other parties read it. Not personal.", examples=["Haushaltsmittel gesperrt."])
    ] = None


class MilestoneReachedData(OrderData):
    """Report a milestone of the Anbindung. HTTP: POST /v1/orders/{id}/milestones/{code}/reach."""

    TYPE = "partner.order.milestone-reached.v1"

    code: Annotated[Code, Field(description="The milestone, from the Vorgang. Not personal.", examples=["test_done"])]
    note: Annotated[
        Remark | None,
        Field(description="A remark on it. Not personal.", examples=["Testnachricht 4711 kam im Fachverfahren an."]),
    ] = None


class UsesReportedData(OrderData):
    """Report the uses of a month; a new report for the month replaces the one before. HTTP: POST /v1/orders/{id}/uses."""

    TYPE = "partner.order.uses-reported.v1"

    period: Annotated[Month, Field(description="The calendar month in Germany. Not personal.", examples=["2027-03"])]
    count: Annotated[Uses, Field(description="Number of uses in the month. Not personal.", examples=[1284])]


PARTNER_EVENTS: Mapping[str, type[PartnerData]] = {
    data.TYPE: data
    for data in (
        InterestData,
        PointAddedData,
        PointSettledData,
        QuestionAskedData,
        QuestionAnsweredData,
        OrderPlacedData,
        OrderWithdrawnData,
        MilestoneReachedData,
        UsesReportedData,
    )
}
"""What partners may send, by CloudEvents type: the models of ``data``."""


class PartnerEvent(Value):
    """Payload of a partner's JWS: one CloudEvent (1.0) as a JSON object; ``data`` is as its ``type`` says."""

    specversion: Annotated[Literal["1.0"], Field(description="Version of CloudEvents. Not personal.", examples=["1.0"])]
    id: Annotated[Jti, Field(description="Equal to jti. Not personal.", examples=["5f0c6d1e-9d0a-4f66-b9a1-0d8f6c1b2a3e"])]
    source: Annotated[
        str,
        StringConstraints(pattern=r"^/partner/[a-z0-9][a-z0-9-]{1,39}$"),
        Field(description="/partner/ and the partner id. Not personal.", examples=["/partner/fachverfahren-nord"]),
    ]
    type: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z][a-z0-9.-]{0,127}$"),
        Field(description="Which event; decides what data holds. Not personal.", examples=["partner.order.order-placed.v1"]),
    ]
    time: Annotated[
        Time, Field(description="When it happened at the partner; for people. Not personal.", examples=["2027-03-02T09:30:00Z"])
    ]
    datacontenttype: Annotated[
        Literal["application/json"], Field(description="Media type of data. Not personal.", examples=["application/json"])
    ]
    iss: Annotated[PartnerName, Field(examples=["fachverfahren-nord"])]
    jti: Annotated[
        Jti,
        Field(
            description="Identity of the event, with iss. Used once; a repeat of the same event has the same one. Not personal.",
            examples=["5f0c6d1e-9d0a-4f66-b9a1-0d8f6c1b2a3e"],
        ),
    ]
    aud: Annotated[
        str,
        StringConstraints(pattern=r"^[!-~]{1,128}$"),
        Field(description="Name of the marketplace that it is meant for. Not personal.", examples=["efa-marktplatz"]),
    ]
    iat: Annotated[Seconds, Field(description="When it was signed, in seconds since 1970. Not personal.", examples=[1804152600])]
    exp: Annotated[
        Seconds,
        Field(
            description="Until when the broker must have it, in seconds since 1970; at most 24 h after iat. Not personal.",
            examples=[1804156200],
        ),
    ]
    data: Annotated[dict[str, Any], Field(description="The command: shape by type. Not personal.")]
    subject: Annotated[Line | None, Field(description="Not looked at. Not personal.")] = None
    dataschema: Annotated[Line | None, Field(description="Not looked at. Not personal.")] = None
    traceparent: Annotated[Line | None, Field(description="W3C trace context, not trusted. Not personal.")] = None


RECEIPT_TYPE = "ordering.receipt.issued.v1"


class ReceiptStatus(StrEnum):
    """What became of a record."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    QUARANTINED = "quarantined"


class Wording(Value):
    """A sentence in two languages."""

    de: Annotated[str, Field(description="German. Not personal.", examples=["Den Vorgang gibt es nicht."])]
    en: Annotated[str, Field(description="English. Not personal.", examples=["There is no such Vorgang."])]


class ReceiptEvent(Value):
    """The record that a receipt answers. ``jti`` and ``type`` are null where none could be read."""

    jti: Annotated[
        Jti | None, Field(description="The event's jti. Not personal.", examples=["5f0c6d1e-9d0a-4f66-b9a1-0d8f6c1b2a3e"])
    ] = None
    type: Annotated[
        str | None, Field(description="The event's type. Not personal.", examples=["partner.order.order-placed.v1"])
    ] = None
    topic: Annotated[str, Field(description="Where it lies. Not personal.", examples=["partner.fachverfahren-nord.orders.v1"])]
    partition: Annotated[int, Field(ge=0, description="Partition of the topic. Not personal.", examples=[1])]
    offset: Annotated[int, Field(ge=0, description="Offset in the partition. Not personal.", examples=[4711])]


class ReceiptOrder(Value):
    """The Vorgang after the command."""

    id: Annotated[EntityId, Field(description="Its id. Not personal.", examples=["0b9e6f0c-55b5-4c5c-9a44-5d6c2a1f3e77"])]
    number: Annotated[Line, Field(description="Its number for people. Not personal.", examples=["V-2027-0b9e6f0c"])]
    state: Annotated[OrderState, Field(description="Its state. Not personal.", examples=["BESTELLT"])]
    revision: Annotated[int, Field(ge=1, description="Its revision, for if_revision. Not personal.", examples=[8])]


class Receipt(Value):
    """The answer to one record: accepted, refused or quarantined.

    ``code``, ``detail`` and ``remedy`` are set where it was not accepted, ``order`` where it was, ``reference`` where the record
    lies in quarantine.
    """

    id: Annotated[
        EntityId, Field(description="Id of the receipt. Not personal.", examples=["d2f2b7a5-7b7c-5b2e-9c4c-0d1e2f3a4b5c"])
    ]
    partner: Annotated[PartnerName, Field(examples=["fachverfahren-nord"])]
    status: Annotated[ReceiptStatus, Field(description="What became of the record. Not personal.", examples=["accepted"])]
    event: Annotated[ReceiptEvent, Field(description="The record that is answered. Not personal.")]
    order: Annotated[ReceiptOrder | None, Field(description="The Vorgang after the command. Not personal.")] = None
    code: Annotated[Code | None, Field(description="Stable code of the reason. Not personal.", examples=["offer_expired"])] = None
    detail: Annotated[Wording | None, Field(description="The reason in a sentence. Not personal.")] = None
    remedy: Annotated[Wording | None, Field(description="What would help. Not personal.")] = None
    reference: Annotated[
        EntityId | None,
        Field(description="Id of the quarantined record. Not personal.", examples=["b7c1f5de-2f7b-5d38-8f0c-1a2b3c4d5e6f"]),
    ] = None
    received_at: Annotated[
        Time, Field(description="When the broker appended the record. Not personal.", examples=["2027-03-02T09:30:01Z"])
    ]
    decided_at: Annotated[Time, Field(description="When it was decided on. Not personal.", examples=["2027-03-02T09:30:01Z"])]


class ReceiptIssued(SealedMessage):
    """A receipt on its way to its partner: the compact JWS over the CloudEvent whose ``data`` is a ``ReceiptData``."""

    TYPE = RECEIPT_TYPE
    MEDIA_TYPE = "application/jose"


class ReceiptData(Value):
    """What a receipt's CloudEvent holds as ``data``."""

    TYPE: ClassVar[str] = RECEIPT_TYPE

    receipt: Annotated[Receipt, Field(description="The receipt. Not personal.")]
