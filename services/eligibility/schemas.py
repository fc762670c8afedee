"""Requests of the API. Periods are half-open: ``valid_to`` is the first day that no longer counts."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.eligibility.domain.registration import Capacity, Registration
from services.eligibility.domain.statement import Document
from services.eligibility.rules import RelationType
from shared.ids import person_ref
from shared.messages.values import (
    Ars,
    Channel,
    EntityId,
    Line,
    OrganisationId,
    Role,
    Text,
)

HUSUM = "010540056056"


class Request(BaseModel):
    """Base of the requests: unknown fields are refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


class PersonStep(Request):
    """Step 2: the person who registers is the one in the token; they confirm that they may act for the organisation."""

    capacity: Capacity
    confirmed: Literal[True]


class CustomerStep(Request):
    """Step 3, for a Kunde: ARS and Leitweg-ID, if any."""

    ars: Ars | None = None
    leitweg_id: Line | None = None


class RegistrationRequest(Request):
    """The four steps: organisation, person, roles, Anbieter to be accredited with."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "organisation": HUSUM,
                    "person": {"capacity": "BEVOLLMAECHTIGT", "confirmed": True},
                    "roles": ["KUNDE"],
                    "kunde": {"ars": HUSUM, "leitweg_id": "04011000-900X999-08"},
                    "anbieter": ["govdigital"],
                }
            ]
        }
    )

    organisation: OrganisationId
    person: PersonStep
    roles: Annotated[list[Role], Field(min_length=1, max_length=4)]
    kunde: CustomerStep = CustomerStep()
    anbieter: Annotated[list[Channel], Field(max_length=len(Channel))] = []

    def registration(self, person: str) -> Registration:
        """Return the registration by ``person``, for the domain."""
        return Registration(
            person=person,
            capacity=self.person.capacity,
            roles=tuple(self.roles),
            anbieter=tuple(self.anbieter),
            ars=self.kunde.ars,
            leitweg_id=self.kunde.leitweg_id,
        )


def _reference(subject: str) -> str:
    return person_ref(subject, given=True)


Subject = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,255}$"), AfterValidator(_reference)]
"""A person: the ``sub`` of their token, or the reference under which the organisation's users are listed."""


class ChangeRequest(Request):
    """What an active user changes; what is left out stays."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"examples": [{"add_roles": ["BUENDELNDE_ORGANISATION"]}]})

    add_roles: Annotated[list[Role], Field(max_length=4)] = []
    add_users: Annotated[list[Subject], Field(max_length=50)] = []
    remove_users: Annotated[list[Subject], Field(max_length=50)] = []
    leitweg_id: Line | None = None


class RelationRequest(Request):
    """The organisation's word: the way from itself to the Anbieter; type, period and documents are of its own first leg."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "path": [HUSUM, "itvsh", "dataport", "govdigital"],
                    "type": "TRAEGER",
                    "valid_from": "2012-01-01",
                    "evidence": [
                        {
                            "type": "SATZUNG",
                            "title": "Organisationssatzung des ITVSH",
                            "reference": "https://www.itvsh.de/satzung.pdf",
                            "valid_from": "2012-01-01",
                        }
                    ],
                }
            ]
        }
    )

    path: Annotated[list[OrganisationId], Field(min_length=2, max_length=10)]
    type: RelationType
    valid_from: date | None = None
    valid_to: date | None = None
    evidence: Annotated[list[Document], Field(min_length=1, max_length=20)]


class AccreditationRequest(Request):
    """Which Anbieter, in which role."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"examples": [{"channel": "govdigital", "role": "KUNDE"}]})

    channel: Channel
    role: Role


class QueryRequest(Request):
    """The Anbieter's question."""

    question: Text


class AnswerRequest(Request):
    """The organisation's answer."""

    answer: Text


class GrantRequest(Request):
    """Term and grounds of a grant. Without ``statements`` it rests on those of the request."""

    valid_from: date | None = None
    valid_to: date | None = None
    statements: Annotated[list[EntityId], Field(max_length=50)] | None = None
    reason: Text | None = None


class ReasonRequest(Request):
    """Why an accreditation is refused or withdrawn."""

    reason: Text


class CheckRequest(Request):
    """Pre-check outside an order. Without ``customer`` the caller's own organisation, without ``channel`` all of them."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"examples": [{"provider": "komm_one"}]})

    customer: OrganisationId | None = None
    provider: OrganisationId
    channel: Channel | None = None
    as_of: date | None = None


class SignOffRequest(Request):
    """On what grounds the Anbieter takes the risk."""

    note: Text
