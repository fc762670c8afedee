"""Messages about the life of a contract of whatever leg of a chain, beside those about an order's contract."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, Value, message_type
from shared.messages.contracts import Leg
from shared.messages.open_enum import OpenEnum
from shared.messages.ordering import OrderParty
from shared.messages.reasons import Fact, RefusalCode, RefusalFacts, RefusalReason, RefusalRemedy
from shared.messages.values import Channel, EntityId, Line, Party, Time


class ChainState(OpenEnum):
    """States of a contract."""

    ENTWURF = "ENTWURF"
    ANGEBOTEN = "ANGEBOTEN"
    GESCHLOSSEN = "GESCHLOSSEN"
    GEKUENDIGT = "GEKUENDIGT"
    BEENDET = "BEENDET"
    ABGELEHNT = "ABGELEHNT"
    ZURUECKGEZOGEN = "ZURUECKGEZOGEN"
    VERFALLEN = "VERFALLEN"
    NICHTIG = "NICHTIG"


class ChainHead(Value):
    """What every event about a contract of a chain holds of it."""

    id: Annotated[
        EntityId,
        Field(
            description="Id of the contract, the record's key. Not personal.", examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"]
        ),
    ]
    number: Annotated[
        Line | None,
        Field(
            description="Number of the contract; null or absent until it is concluded. Not personal.", examples=["GD/2026/00001"]
        ),
    ] = None
    leg: Annotated[Leg, Field(description="Position of the contract in the chain. Not personal.", examples=["NACHNUTZUNG"])]
    channel: Annotated[
        Channel, Field(description="Anbieter through whom the contract runs. Not personal.", examples=["govdigital"])
    ]
    offering_id: Annotated[
        EntityId,
        Field(description="The offer that the chain is for. Not personal.", examples=["1e2223c7-801c-5113-bfb4-1b999d81a5e6"]),
    ]
    offering_title: Annotated[
        Line, Field(description="Name of the online service in the contract. Not personal.", examples=["Anwohnerparken"])
    ]
    order_id: Annotated[
        EntityId | None,
        Field(
            description="The Vorgang that the contract is of; null or absent: it is of none. Not personal.",
            examples=["6567c570-29f9-5802-be12-1ed9f73a83ae"],
        ),
    ] = None
    grantor: Annotated[Party, Field(description="Who passes the use on. Not personal.")]
    grantee: Annotated[Party, Field(description="To whom it is passed on. Not personal.")]
    parent: Annotated[
        EntityId | None,
        Field(
            description="Contract that it rests on; null or absent for a Bereitstellungsvertrag. Not personal.",
            examples=["5f0f8c1e-2b7a-5b1e-9c55-0e7f4d1d2a10"],
        ),
    ] = None
    state: Annotated[
        ChainState, Field(description="State of the contract after the event. Not personal.", examples=["ANGEBOTEN"])
    ]
    valid_from: Annotated[date, Field(description="First day, in Germany. Not personal.", examples=["2026-11-24"])]
    ends_on: Annotated[
        date | None,
        Field(description="Last day, in Germany; null or absent: open. Not personal.", examples=["2027-12-31"]),
    ] = None


class ChainEvent(Message):
    """Base of the events about a contract of a chain."""

    contract: Annotated[ChainHead, Field(description="The contract after the event. Not personal.")]
    at: Annotated[Time, Field(description="When it happened, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])]


@message_type("contracts.chain.offered.v1")
class ContractOffered(ChainEvent):
    """The Kunde has signed by ordering, and the contract waits for two persons of the Anbieter."""


@message_type("contracts.chain.signed.v1")
class ContractSigned(ChainEvent):
    """One person of the Anbieter has signed, and another one has to release it."""


@message_type("contracts.chain.released.v1")
class ContractReleased(ChainEvent):
    """A second person of the Anbieter has released it; its processor concludes it next, with a number."""


@message_type("contracts.chain.terminated.v1")
class ContractTerminated(ChainEvent):
    """Notice of a contract was given, or one that it rests on was shortened: it ends on the day that its head names."""

    because: Annotated[
        EntityId | None,
        Field(
            description="Contract that it rests on and ends with; null or absent: notice of it itself was given. Not personal.",
            examples=["5f0f8c1e-2b7a-5b1e-9c55-0e7f4d1d2a10"],
        ),
    ] = None
    by: Annotated[
        OrderParty | None,
        Field(
            description="Side that gave notice; null or absent: the contract ends with another one, or it is not known. "
            "Not personal.",
            examples=["KUNDE"],
        ),
    ] = None


@message_type("contracts.chain.notice-refused.v1")
class NoticeRefused(ChainEvent):
    """Notice of a contract was asked for, and the contract stays as it is: code, reason in a German sentence, what would help."""

    notice_id: Annotated[
        EntityId,
        Field(description="Id of the notice in the request. Not personal.", examples=["0c9a1f6e-3b0d-5f8e-9a53-1f0f6a2b7c11"]),
    ]
    by: Annotated[OrderParty, Field(description="Side that gave notice. Not personal.", examples=["KUNDE"])]
    code: Annotated[RefusalCode, Field(examples=["notice_not_agreed"])]
    reason: Annotated[RefusalReason, Field(examples=["Im Vertrag GD/2026/00001 ist keine ordentliche Kündigung vereinbart."])]
    remedy: Annotated[RefusalRemedy, Field(examples=["Das Ende mit der anderen Seite vereinbaren."])] = None
    facts: Annotated[
        tuple[Fact, ...] | None, Field(description="What the sentences are made of; null or absent: not known. Not personal.")
    ] = None


@message_type("contracts.chain.ended.v1")
class ContractEnded(ChainEvent):
    """The last day of a contract is over."""


class MadeDocument(Value):
    """A document of a contract that was made as a file."""

    name: Annotated[Line, Field(description="Name of the document in its contract. Not personal.", examples=["vertrag.pdf"])]
    title: Annotated[Line, Field(description="Its title, in German. Not personal.", examples=["SaaS-Nachnutzungsvertrag"])]
    media_type: Annotated[Line, Field(description="Media type of the file. Not personal.", examples=["application/pdf"])]
    size: Annotated[int, Field(ge=0, description="Bytes of the file. Not personal.", examples=[54797])]
    sha256: Annotated[
        str,
        Field(
            pattern=r"^[0-9a-f]{64}$",
            description="SHA-256 of the file in lower-case hexadecimal digits. Not personal.",
            examples=["fedc9de15c09f0f1d8b7a1a9a1d5b7d3a2ad1b9a77c5d9d2f6b1d7f5a0c3e4b1"],
        ),
    ]


@message_type("contracts.chain.documented.v1")
class ContractDocumented(ChainEvent):
    """The documents of a version of a contract were made; the contract names them, and so does the archive."""

    version: Annotated[int, Field(ge=1, description="Version of the agreed text. Not personal.", examples=[1])]
    documents: Annotated[
        tuple[MadeDocument, ...], Field(min_length=1, description="The documents of that version. Not personal.")
    ]


@message_type("contracts.chain.concluded.v1")
class ChainConcluded(ChainEvent):
    """A contract that no Vorgang asked for is concluded: a Bereitstellungsvertrag. Those of Vorgänge have their own event."""


@message_type("contracts.chain.refused.v1")
class ChainRefused(ChainEvent):
    """A contract that no Vorgang asked for came to nothing: refused by a rule, declined by the Anbieter, or withdrawn."""

    code: Annotated[RefusalCode, Field(examples=["declined_by_anbieter"])]
    reason: Annotated[RefusalReason, Field(examples=["FITKO hat den Vertrag abgelehnt: Die Leistungsbeschreibung fehlt."])]
    remedy: Annotated[RefusalRemedy, Field(examples=["Bitte das Formular ergänzen und wieder einreichen."])] = None
    facts: RefusalFacts = None
