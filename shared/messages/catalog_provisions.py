"""What the catalog asks of contracts: the Bereitstellungsvertrag by which an offer is listed with an Anbieter."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, Value, message_type
from shared.messages.values import Channel, EntityId, Line, Party, PersonRef, Time


class Provision(Value):
    """The Bereitstellungsvertrag that an accepted offer needs with one Anbieter.

    ``attempt`` counts the contracts asked for with this Anbieter: one that was declined is followed by another one.
    """

    offering_id: Annotated[
        EntityId,
        Field(description="Id of the offer, the record's key. Not personal.", examples=["1e2223c7-801c-5113-bfb4-1b999d81a5e6"]),
    ]
    offering_title: Annotated[
        Line, Field(description="Name of the online service, from the form. Not personal.", examples=["Anwohnerparken"])
    ]
    offering_version: Annotated[int, Field(ge=1, description="Version of the offer's form. Not personal.", examples=[1])]
    provider: Annotated[Party, Field(description="The Bereitsteller, who passes the use on. Not personal.")]
    channel: Annotated[Channel, Field(description="The Anbieter that has accepted the offer. Not personal.", examples=["fitko"])]
    attempt: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="Which contract of the offer with this Anbieter it is, from 1; rises after one that came to nothing. "
            "Not personal.",
            examples=[1],
        ),
    ]
    submitted_at: Annotated[
        Time,
        Field(
            description="When the Bereitsteller handed the form in, and so signed, in UTC. Not personal.",
            examples=["2026-11-24T09:00:00Z"],
        ),
    ]
    submitted_by: Annotated[
        PersonRef | None,
        Field(
            description="Reference of the person who handed the form in; null or absent: not recorded. Personal: a "
            "reference to a person (sub of the token), no name.",
            examples=["3f0c8b7e-efa"],
        ),
    ] = None
    accepted_at: Annotated[
        Time, Field(description="When the Anbieter accepted the form, in UTC. Not personal.", examples=["2026-11-24T10:00:00Z"])
    ]
    accepted_by: Annotated[
        PersonRef | None,
        Field(
            description="Reference of the person of the Anbieter who accepted it; null or absent: not recorded. Personal: a "
            "reference to a person (sub of the token), no name.",
            examples=["3f0c8b7e-vertrieb"],
        ),
    ] = None


@message_type("catalog.provision.requested.v1")
class ProvisionRequested(Message):
    """An Anbieter has accepted an offer: its Bereitstellungsvertrag is to be concluded, and the offer waits for it."""

    provision: Annotated[
        Provision, Field(description="The contract that is asked for. Personal: it holds references to persons, no names.")
    ]


@message_type("catalog.provision.withdrawn.v1")
class ProvisionWithdrawn(Message):
    """The offer went back to the Bereitsteller or was given up: a contract that is not concluded yet is needed no more."""

    provision: Annotated[
        Provision, Field(description="The contract that was asked for. Personal: it holds references to persons, no names.")
    ]
    withdrawn_at: Annotated[
        Time,
        Field(description="When the offer went back or was given up, in UTC. Not personal.", examples=["2026-11-24T11:00:00Z"]),
    ]
