"""Messages of the partner registry: who may send order events, with which keys; and records that lie in quarantine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.messages.base import Message, Value, message_type
from shared.messages.open_enum import OpenEnum
from shared.messages.values import Code, EntityId, Line, OrganisationId, Party, Role, Text, Time

PartnerId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
"""Id of a partner system: the name of its Kafka principal, part of the names of its topics. It is never used again."""

KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._:-]{0,127}$")]
"""Id of a key (``kid``, RFC 7515, 4.1.4); best the thumbprint of the key (RFC 7638)."""

Base64Url = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,2048}$")]
"""Bytes in base64url without padding (RFC 7515, section 2)."""


class PartnerState(OpenEnum):
    """Life of a partner: only of an active one are events read; a removed one never comes back."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REMOVED = "REMOVED"


class PublicJwk(Value):
    """A public key as JSON Web Key (RFC 7517, RFC 8037): Ed25519 (``OKP``), P-256 (``EC``) or RSA of 3072 bits or more."""

    kty: Annotated[Code, Field(description="Kind of key (RFC 7518, 6.1): OKP, EC or RSA. Not personal.", examples=["OKP"])]
    crv: Annotated[Code | None, Field(description="Curve, of OKP and EC. Not personal.", examples=["Ed25519"])] = None
    x: Annotated[
        Base64Url | None,
        Field(
            description="Public key of OKP, first coordinate of EC. Not personal.",
            examples=["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"],
        ),
    ] = None
    y: Annotated[Base64Url | None, Field(description="Second coordinate of EC. Not personal.")] = None
    n: Annotated[Base64Url | None, Field(description="Modulus of RSA. Not personal.")] = None
    e: Annotated[Base64Url | None, Field(description="Exponent of RSA. Not personal.", examples=["AQAB"])] = None


class PartnerKey(Value):
    """A key by which a partner signs its events. Valid from ``valid_from`` on, before ``valid_until``; None: no end is set."""

    kid: Annotated[
        KeyId,
        Field(
            description="Id of the key, unique within the partner. Not personal.",
            examples=["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"],
        ),
    ]
    jwk: Annotated[PublicJwk, Field(description="The public key; it belongs to a system of an organisation. Not personal.")]
    valid_from: Annotated[
        Time, Field(description="From when on signatures count, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    valid_until: Annotated[
        Time | None,
        Field(
            description="Until when signatures count, in UTC; null or absent: no end is set. Not personal.",
            examples=["2026-11-24T09:00:00Z"],
        ),
    ] = None


class PartnerQuota(Value):
    """How much a partner may send on average; in bursts as much as it may send in ``burst_seconds``."""

    records_per_second: Annotated[
        int, Field(ge=1, le=1000, description="Records per second on average. Not personal.", examples=[20])
    ] = 20
    bytes_per_second: Annotated[
        int, Field(ge=16 * 1024, le=16 * 1024 * 1024, description="Bytes per second on average. Not personal.", examples=[262144])
    ] = 256 * 1024
    burst_seconds: Annotated[
        int, Field(ge=1, le=60, description="Seconds' worth of quota that may be sent at once. Not personal.", examples=[10])
    ] = 10


class Represented(Value):
    """An organisation that a partner may act for, and in which roles."""

    id: Annotated[OrganisationId, Field(description="Key of the organisation. Not personal.", examples=["01054033"])]
    name: Annotated[Line, Field(description="Official name of the organisation. Not personal.", examples=["Husum, Stadt"])]
    roles: Annotated[
        tuple[Role, ...], Field(description="Roles in which the partner may act for it. Not personal.", examples=[["KUNDE"]])
    ]


class PartnerHead(Value):
    """Full state of a partner, without its contact. ``run_by`` is the body that runs the partner system."""

    id: Annotated[
        PartnerId,
        Field(
            description="Id of the partner, the record's key: name of its Kafka principal. Not personal.",
            examples=["fachverfahren-nord"],
        ),
    ]
    name: Annotated[
        Line, Field(description="Name of the partner system, from the operator. Not personal.", examples=["Fachverfahren Nord"])
    ]
    run_by: Annotated[Party, Field(description="Organisation that runs the system. Not personal.")]
    organisations: Annotated[
        tuple[Represented, ...], Field(description="Organisations that the partner may act for. Not personal.")
    ]
    keys: Annotated[tuple[PartnerKey, ...], Field(description="Public keys, each with its validity. Not personal.")]
    quota: Annotated[PartnerQuota, Field(description="How much it may send. Not personal.")]
    state: Annotated[PartnerState, Field(description="State of the partner. Not personal.", examples=["ACTIVE"])]
    registered_at: Annotated[
        Time, Field(description="When it was registered, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    changed_at: Annotated[
        Time, Field(description="When this state came about, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]


class PartnerEvent(Message):
    """Base of the events of a partner: ``partner`` shows it after the event."""

    partner: Annotated[PartnerHead, Field(description="The partner after the event. Not personal.")]


@message_type("ordering.partner.registered.v1")
class PartnerRegistered(PartnerEvent):
    """The operator has registered a partner system."""


@message_type("ordering.partner.changed.v1")
class PartnerChanged(PartnerEvent):
    """Name, organisations or quota of the partner have changed, or its contact, which no event shows."""


@message_type("ordering.partner.key-added.v1")
class PartnerKeyAdded(PartnerEvent):
    """The partner has a further key."""

    kid: Annotated[
        KeyId, Field(description="The new key. Not personal.", examples=["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"])
    ]


@message_type("ordering.partner.key-retired.v1")
class PartnerKeyRetired(PartnerEvent):
    """The end of a key of the partner is set."""

    kid: Annotated[
        KeyId,
        Field(description="The key whose end is set. Not personal.", examples=["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]),
    ]


@message_type("ordering.partner.suspended.v1")
class PartnerSuspended(PartnerEvent):
    """The partner's events are not read until it is resumed."""

    reason: Annotated[
        Text,
        Field(
            description="Why, stated by the operator. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Schlüssel wird ausgetauscht."],
        ),
    ]


@message_type("ordering.partner.resumed.v1")
class PartnerResumed(PartnerEvent):
    """The partner's events are read again."""


@message_type("ordering.partner.removed.v1")
class PartnerRemoved(PartnerEvent):
    """The partner is removed for good; its topics may go."""

    reason: Annotated[
        Text,
        Field(
            description="Why, stated by the operator. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Das System ist außer Betrieb."],
        ),
    ]


@message_type("ordering.partner.restated.v1")
class PartnerRestated(PartnerEvent):
    """The full state of a partner once more, because the topic was rebuilt; nothing has happened to the partner."""


class QuarantineState(OpenEnum):
    """What became of a record in quarantine."""

    OPEN = "OPEN"
    RESUBMITTED = "RESUBMITTED"
    REPLAYED = "REPLAYED"
    DISCARDED = "DISCARDED"


class QuarantinedRecord(Value):
    """A record of a partner that could not be taken, by its place on the partner's topic; what it holds is not shown."""

    reference: Annotated[
        EntityId,
        Field(description="Id of the entry, the record's key. Not personal.", examples=["da3d2146-8171-5ddf-be36-c41262f01276"]),
    ]
    partner: Annotated[
        PartnerId, Field(description="Partner whose topic it was on. Not personal.", examples=["fachverfahren-nord"])
    ]
    topic: Annotated[
        Line, Field(description="Topic that it was read from. Not personal.", examples=["partner.fachverfahren-nord.orders.v1"])
    ]
    partition: Annotated[int, Field(ge=0, description="Its partition. Not personal.", examples=[1])]
    offset: Annotated[int, Field(ge=0, description="Its offset. Not personal.", examples=[4711])]
    appended_at: Annotated[
        Time, Field(description="When the broker appended it, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    size: Annotated[int, Field(ge=0, description="Bytes of its value. Not personal.", examples=[1482])]
    code: Annotated[
        Code, Field(description="Stable code of why it could not be taken. Not personal.", examples=["signature_invalid"])
    ]
    state: Annotated[QuarantineState, Field(description="What became of it. Not personal.", examples=["OPEN"])]
    quarantined_at: Annotated[
        Time, Field(description="When it was put into quarantine, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]


class QuarantineEvent(Message):
    """Base of the events of a record in quarantine: ``record`` shows it after the event."""

    record: Annotated[QuarantinedRecord, Field(description="The entry after the event. Not personal.")]


@message_type("ordering.quarantine.recorded.v1")
class RecordQuarantined(QuarantineEvent):
    """A record of a partner lies in quarantine: whose or what it is could not be found out."""


@message_type("ordering.quarantine.resubmitted.v1")
class RecordResubmitted(QuarantineEvent):
    """The partner has sent a corrected event instead of the record."""

    at: Annotated[Time, Field(description="When it happened, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])]


@message_type("ordering.quarantine.replayed.v1")
class RecordReplayed(QuarantineEvent):
    """The operator has let the record go its way once more, and it was taken or refused by a rule."""

    at: Annotated[Time, Field(description="When it happened, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])]


@message_type("ordering.quarantine.discarded.v1")
class RecordDiscarded(QuarantineEvent):
    """The operator has discarded the record."""

    reason: Annotated[
        Text,
        Field(
            description="Why, stated by the operator. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Testdaten."],
        ),
    ]
    at: Annotated[Time, Field(description="When it happened, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])]
