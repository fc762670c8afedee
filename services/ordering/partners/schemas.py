"""Bodies of the requests about partners and their quarantine."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from services.ordering.domain.partner.partner import Contact, PartnerProfile
from services.ordering.schemas import Body
from shared.messages.ordering_partners import KeyId, PartnerId, PartnerQuota, Represented
from shared.messages.values import Mailbox, OrganisationId, Party, Role, Time
from shared.written import WrittenLine, WrittenRemark

MOST_ROLES = 3
MOST_IN_A_REQUEST = 400
"""Organisations that a request of the largest number of values holds; more are registered from a file on the command line."""
Signed = Annotated[str, StringConstraints(min_length=1, max_length=256 * 1024, pattern=r"^[A-Za-z0-9_.-]+$")]
"""A compact JWS (RFC 7515, 7.1)."""


class PartyBody(Body):
    """A public body, by key and official name."""

    id: Annotated[OrganisationId, Field(examples=["dataport"])]
    name: Annotated[WrittenLine, Field(examples=["Dataport AöR"])]


class RepresentedBody(Body):
    """An organisation that the partner may act for, and in which roles."""

    id: Annotated[OrganisationId, Field(examples=["010540056056"])]
    name: Annotated[WrittenLine, Field(examples=["Husum, Stadt"])]
    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=MOST_ROLES, examples=[["KUNDE"]])]


class QuotaBody(Body):
    """How much the partner may send on average; in bursts as much as in ``burst_seconds``."""

    records_per_second: Annotated[int, Field(ge=1, le=1000, examples=[20])] = 20
    bytes_per_second: Annotated[int, Field(ge=16 * 1024, le=16 * 1024 * 1024, examples=[262144])] = 256 * 1024
    burst_seconds: Annotated[int, Field(ge=1, le=60, examples=[10])] = 10


class ContactBody(Body):
    """Where the operator reaches who runs the partner system: a shared mailbox."""

    mailbox: Annotated[Mailbox, Field(examples=["schnittstellen@dataport.example"])]


class ChangePartner(Body):
    """All that an operator states of a partner; what is not stated is the default again."""

    name: Annotated[WrittenLine, Field(examples=["Beschaffungsportal Nord"])]
    run_by: PartyBody
    organisations: Annotated[tuple[RepresentedBody, ...], Field(min_length=1, max_length=MOST_IN_A_REQUEST)]
    quota: QuotaBody = QuotaBody()
    contact: ContactBody

    def profile(self) -> PartnerProfile:
        """Return it as the domain takes it."""
        return PartnerProfile(
            name=self.name,
            run_by=Party(id=self.run_by.id, name=self.run_by.name),
            organisations=tuple(
                Represented(id=it.id, name=it.name, roles=tuple(dict.fromkeys(it.roles))) for it in self.organisations
            ),
            quota=PartnerQuota(**dict(self.quota)),
            contact=Contact(mailbox=self.contact.mailbox),
        )


class RegisterPartner(ChangePartner):
    """A new partner system. Its id is the name of its Kafka user and part of its topics; it is never used again."""

    id: Annotated[PartnerId, Field(examples=["nord"])]


class AddKey(Body):
    """A public key as JWK. ``kid`` is its thumbprint (RFC 7638) unless stated here or in the JWK; it is valid from now on."""

    jwk: Annotated[
        dict[str, Any],
        Field(
            max_length=20,
            examples=[{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}],
        ),
    ]
    kid: KeyId | None = None
    valid_from: Time | None = None
    valid_until: Time | None = None


class RetireKey(Body):
    """The end of a key: now, later, or a moment in the past since when its signatures are not to be believed."""

    until: Time | None = None


class WithReason(Body):
    """Why."""

    reason: Annotated[WrittenRemark, Field(examples=["Schlüssel entwendet."])]


class Event(Body):
    """An event of the partner, signed with a key that is valid now."""

    event: Annotated[Signed, Field(examples=["eyJhbGciOiJFZERTQSJ9.e30.c2ln"])]
