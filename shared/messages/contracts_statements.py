"""Messages about the yearly statements (Abrechnungen) of contracts: one per payer of a statement."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, Value, message_type
from shared.messages.contracts_chain import MadeDocument
from shared.messages.values import Channel, EntityId, Line, OrganisationId, Time


class StatementHead(Value):
    """What every event about a payer's part of a statement holds of it."""

    id: Annotated[
        EntityId,
        Field(
            description="Id of the payer's part of the statement, the record's key. Not personal.",
            examples=["3a7f5b0e-1a0d-5a55-8d3e-5a5d6a3a7b10"],
        ),
    ]
    statement_id: Annotated[
        EntityId,
        Field(description="The statement of all payers. Not personal.", examples=["5b1e9c55-5f0f-5c1e-8b7a-0e7f4d1d2a10"]),
    ]
    channel: Annotated[Channel, Field(description="Anbieter who has made it. Not personal.", examples=["govdigital"])]
    offering_id: Annotated[
        EntityId,
        Field(description="The offer that it is about. Not personal.", examples=["1e2223c7-801c-5113-bfb4-1b999d81a5e6"]),
    ]
    offering_title: Annotated[Line, Field(description="Name of the online service. Not personal.", examples=["Anwohnerparken"])]
    payer: Annotated[OrganisationId, Field(description="Whose part it is. Not personal.", examples=["010540056056"])]
    contract_id: Annotated[
        EntityId | None,
        Field(
            description="Contract by which the payer takes part; null or absent: it bears a share without one. Not personal.",
            examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"],
        ),
    ] = None
    contract_number: Annotated[
        Line | None,
        Field(description="Number of that contract; null or absent without one. Not personal.", examples=["GD/2026/00001"]),
    ] = None
    year: Annotated[int, Field(description="Calendar year that is stated. Not personal.", examples=[2026])]
    number: Annotated[int, Field(ge=1, description="2 and more: it corrects the one before. Not personal.", examples=[1])]
    contract_cents: Annotated[
        int, Field(description="What is invoiced to the payer for the year, in cents. Not personal.", examples=[1250000])
    ]


class StatementEvent(Message):
    """Base of the events about a payer's part of a statement."""

    statement: Annotated[StatementHead, Field(description="The part of the payer. Not personal.")]
    at: Annotated[Time, Field(description="When it happened, in UTC. Not personal.", examples=["2027-03-01T09:00:00Z"])]


@message_type("contracts.statement.owed.v1")
class StatementOwed(StatementEvent):
    """A yearly statement was issued, and the payer reads its part of it."""


@message_type("contracts.statement.documented.v1")
class StatementDocumented(StatementEvent):
    """The documents of a payer's part of a statement were made; the archive names them."""

    documents: Annotated[tuple[MadeDocument, ...], Field(min_length=1, description="The documents. Not personal.")]
