"""Message of eligibility to notify alone: an invitation is to be sent to an address."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.messages.base import Message, message_type
from shared.messages.values import EntityId, Function, Line, Party, Time

SealedAddress = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_=-]{1,1000}$")]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


@message_type("eligibility.invitation.addressed.v1")
class InvitationAddressed(Message):
    """An invitation to become a member is to be sent by mail, for the first time or again. Its secret does not travel."""

    invitation_id: Annotated[
        EntityId, Field(description="Id of the invitation. Not personal.", examples=["9a6c0f53-2a4b-5d2e-9f0b-6a2f6f5f0b11"])
    ]
    organisation: Annotated[Party, Field(description="The organisation that invites, its key that of the record. Not personal.")]
    functions: Annotated[
        tuple[Function, ...],
        Field(
            description="What the person will be able to do for it; empty: read only. Not personal.", examples=[["BEARBEITUNG"]]
        ),
    ] = ()
    expires_at: Annotated[
        Time,
        Field(
            description="First moment at which the invitation is open no more, in UTC. Not personal.",
            examples=["2026-12-01T09:00:00Z"],
        ),
    ]
    language: Annotated[LanguageCode, Field(description="Language of the mail (ISO 639-1). Not personal.", examples=["de"])] = (
        "de"
    )
    key: Annotated[
        Line,
        Field(
            description="Id of the key that the secret follows from and the address is encrypted by. Not personal.",
            examples=["5f0a3c1be2d44796"],
        ),
    ]
    address: Annotated[
        SealedAddress,
        Field(
            description="Address of the person, encrypted (Fernet) by a key that eligibility and notify have. "
            "Personal: an address, readable with that key only.",
            examples=["gAAAAABpI3wA"],
        ),
    ]
