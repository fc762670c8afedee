"""Message of eligibility to the other services: who may act for an organisation, and in which roles it acts. Internal."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, Value, message_type
from shared.messages.values import Channel, Function, Line, OrganisationId, PersonRef, Role


class Membership(Value):
    """A person who acts for the organisation, with their functions there."""

    person: Annotated[
        PersonRef,
        Field(
            description="Reference to the person. Personal: a reference to a person (sub of the token), no name.",
            examples=["3f0c8b7e-digitales"],
        ),
    ]
    functions: Annotated[
        tuple[Function, ...],
        Field(
            description="What the person may do for the organisation; empty: read only. Personal: describes the person.",
            examples=[["BEARBEITUNG", "ZEICHNUNG"]],
        ),
    ] = ()


class RoleTerm(Value):
    """A role of the organisation: as registered, or as accredited at one Anbieter for a period."""

    role: Annotated[Role, Field(description="The role. Not personal.", examples=["KUNDE"])]
    channel: Annotated[
        Channel | None,
        Field(
            description="Anbieter that has accredited the organisation in this role; null or absent: the role as such, held by "
            "registration or, of an Anbieter and of the operator, by appointment. Not personal.",
            examples=["govdigital"],
        ),
    ] = None
    valid_from: Annotated[
        date | None,
        Field(
            description="First day on which it holds, a calendar day in Germany; null or absent: no beginning is set. "
            "Not personal.",
            examples=["2026-01-01"],
        ),
    ] = None
    valid_to: Annotated[
        date | None,
        Field(
            description="First day on which it no longer holds, a calendar day in Germany; null or absent: no end is set. "
            "Not personal.",
            examples=["2028-01-01"],
        ),
    ] = None

    def holds(self, day: date) -> bool:
        """Return whether the role is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


class OrganisationRights(Value):
    """Everything by which the services decide what a person may do for one organisation."""

    organisation: Annotated[
        OrganisationId, Field(description="Key of the organisation, the record's key. Not personal.", examples=["010540056056"])
    ]
    name: Annotated[Line, Field(description="Official name of the organisation. Not personal.", examples=["Husum, Stadt"])]
    members: Annotated[
        tuple[Membership, ...], Field(description="Who acts for it. Personal: references to persons with their functions.")
    ] = ()
    roles: Annotated[tuple[RoleTerm, ...], Field(description="Its roles, present and future. Not personal.")] = ()


@message_type("eligibility.rights.recorded.v1")
class RightsRecorded(Message):
    """Members or roles of an organisation have changed, or are stated once more; the full state stands in it."""

    rights: Annotated[
        OrganisationRights,
        Field(description="State of the organisation after the event. Personal: references to persons with their functions."),
    ]
