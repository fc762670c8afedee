"""Messages about accessions (Beitritte): one body uses what a contract of a chain passes on."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, Value, message_type
from shared.messages.values import Channel, EntityId, Line, Party, Time


class AccessionHead(Value):
    """What every event holds of an accession."""

    id: Annotated[
        EntityId,
        Field(
            description="Id of the accession, the record's key. Not personal.", examples=["3d9c2c0e-6c53-5d7e-9d0b-0d4f4f1b7a55"]
        ),
    ]
    contract_id: Annotated[
        EntityId,
        Field(description="Contract that passes the use on. Not personal.", examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"]),
    ]
    channel: Annotated[Channel, Field(description="Anbieter of that contract. Not personal.", examples=["fitko"])]
    offering_id: Annotated[
        EntityId,
        Field(description="The offer that is used. Not personal.", examples=["1e2223c7-801c-5113-bfb4-1b999d81a5e6"]),
    ]
    offering_title: Annotated[
        Line, Field(description="Name of the online service in the contract. Not personal.", examples=["Anwohnerparken"])
    ]
    organisation: Annotated[Party, Field(description="Who has acceded. Not personal.")]
    licensee: Annotated[Party, Field(description="Whose contract passes the use on. Not personal.")]
    provider: Annotated[Party, Field(description="The Bereitsteller. Not personal.")]
    valid_from: Annotated[date, Field(description="First day, in Germany. Not personal.", examples=["2026-12-01"])]
    ends_on: Annotated[
        date | None, Field(description="Last day, in Germany; null or absent: open. Not personal.", examples=["2027-12-31"])
    ] = None


class AccessionEvent(Message):
    """Base of the events about an accession."""

    accession: Annotated[AccessionHead, Field(description="The accession after the event. Not personal.")]
    at: Annotated[Time, Field(description="When it happened, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])]


@message_type("contracts.chain.accession-declared.v1")
class AccessionDeclared(AccessionEvent):
    """A body has declared that it uses what a contract passes on."""


@message_type("contracts.chain.accession-ended.v1")
class AccessionEnded(AccessionEvent):
    """The last day of an accession is known: the body has stated it, or the contract ends that it rests on."""

    because: Annotated[
        EntityId | None,
        Field(
            description="Contract that it ends with; null or absent: the body itself has ended it. Not personal.",
            examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"],
        ),
    ] = None
