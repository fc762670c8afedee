"""Requests of the API. Periods are half-open: ``valid_to`` is the first day that no longer counts."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

from services.eligibility.domain.draft import Application, Draft, DraftCustomer, DraftPerson
from services.eligibility.domain.invoice_address import AddressChange, TypedAddress
from services.eligibility.domain.registration import Capacity, LeitwegChange, Registration
from services.eligibility.domain.statement import Document, RelationType
from shared.http.days import Day
from shared.ids import person_ref
from shared.mail_address import MailAddress
from shared.messages.values import (
    Channel,
    EntityId,
    Function,
    Line,
    OrganisationId,
    Role,
)
from shared.written import Grounds, Written, WrittenLine

HUSUM = "010540056056"
ADDRESS: JsonDict = {
    "care_of": ["Amt für Finanzen"],
    "street": "Zingel 10",
    "postcode": "25813",
    "city": "Husum",
    "email": "rechnung@husum.example",
}


class Request(BaseModel):
    """Base of the requests: unknown fields are refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


class PersonStep(Request):
    """Step 2: the person who registers is the one in the token; they confirm that they may act for the organisation."""

    capacity: Capacity
    confirmed: Literal[True]


class CustomerStep(Request):
    """Step 3, for a Kunde or a Bündler: ARS, Leitweg-ID and invoice address, if any."""

    ars: Line | None = None
    leitweg_id: Line | None = None
    invoice_address: TypedAddress | None = None


class DraftRequest(Request):
    """The steps 2 to 4 of a registration as far as they are filled in; the body, step 1, stands in the path.

    Values are taken as they are typed: the answer names what is wrong with them.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "person": {"capacity": "VERTRETUNGSBERECHTIGT", "confirmed": True},
                    "roles": ["KUNDE"],
                    "kunde": {"ars": HUSUM, "leitweg_id": "04011000-900X999-08", "invoice_address": ADDRESS},
                    "accreditations": [{"channel": "govdigital", "role": "KUNDE"}],
                }
            ]
        }
    )

    person: DraftPerson = DraftPerson()
    roles: Annotated[list[Line], Field(max_length=10)] = []
    kunde: DraftCustomer = DraftCustomer()
    accreditations: Annotated[list[Application], Field(max_length=20)] = []

    def draft(self) -> Draft:
        """Return the draft for the domain."""
        return Draft(person=self.person, roles=tuple(self.roles), kunde=self.kunde, accreditations=tuple(self.accreditations))


class RegistrationRequest(Request):
    """The four steps: organisation, person, roles, Anbieter to be accredited with."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "organisation": HUSUM,
                    "person": {"capacity": "BEVOLLMAECHTIGT", "confirmed": True},
                    "roles": ["KUNDE"],
                    "kunde": {"ars": HUSUM, "leitweg_id": "04011000-900X999-08", "invoice_address": ADDRESS},
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
            invoice_address=self.kunde.invoice_address,
        )


def _reference(subject: str) -> str:
    return person_ref(subject, given=True)


Subject = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,255}$"), AfterValidator(_reference)]
"""A person: the ``sub`` of their token, or the reference under which the organisation's users are listed."""


class ChangeRequest(Request):
    """What an active user changes; what is left out stays."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={"examples": [{"add_roles": ["BUENDELNDE_ORGANISATION"]}, {"invoice_address": ADDRESS}]}
    )

    add_roles: Annotated[list[Role], Field(max_length=4)] = []
    add_users: Annotated[list[Subject], Field(max_length=50)] = []
    remove_users: Annotated[list[Subject], Field(max_length=50)] = []
    functions: Annotated[
        dict[Subject, Annotated[list[Function], Field(max_length=len(Function))]],
        Field(max_length=50, description="Functions by person; empty: may read only. Whoever is no member yet becomes one."),
    ] = {}
    leitweg_id: Annotated[
        Line | None,
        Field(
            description="Leitweg-ID for the next invoices; null removes it, and what contracts state counts alone, but for what "
            "the organisation has replaced or removed."
        ),
    ] = None
    invoice_address: Annotated[
        TypedAddress | None,
        Field(
            description="Address for the next invoices, in place of that which the Anbieter has on file; null removes it, and "
            "what the Anbieter has on file counts again."
        ),
    ] = None

    def leitweg_change(self) -> LeitwegChange | None:
        """Return what becomes of the Leitweg-ID, None where it is left out and stays."""
        return LeitwegChange(self.leitweg_id) if "leitweg_id" in self.model_fields_set else None

    def address_change(self) -> AddressChange | None:
        """Return what becomes of the address, None where it is left out and stays."""
        return AddressChange(self.invoice_address) if "invoice_address" in self.model_fields_set else None


class InvitationRequest(Request):
    """What the person invited will be able to do (empty: read only), and the address that the link is sent to.

    Without an address the answer holds the secret, to be passed on by hand.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={"examples": [{"functions": ["BEARBEITUNG"], "email": "erika.mustermann@kommune.example"}]}
    )

    functions: Annotated[list[Function], Field(max_length=len(Function))] = []
    email: Annotated[MailAddress | None, Field(description="Stored encrypted until the mail has left, then nowhere.")] = None
    language: Annotated[Literal["de", "en"], Field(description="Language of the mail.")] = "de"


class InvitationMailRequest(Request):
    """Where an open invitation is to be sent once more; it was stored nowhere."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={"examples": [{"email": "erika.mustermann@kommune.example", "language": "de"}]}
    )

    email: MailAddress
    language: Annotated[Literal["de", "en"], Field(description="Language of the mail.")] = "de"


class AcceptanceRequest(Request):
    """The organisation that invites, and the secret out of the invitation."""

    organisation: OrganisationId
    secret: Annotated[str, Field(min_length=20, max_length=200)]


class AuthorisedRequest(Request):
    """The member who is to be the authorised person, and by what right they act."""

    person: Subject
    capacity: Capacity


class StatedDocument(Document):
    """A document that proves the relation."""

    title: WrittenLine
    valid_from: Day | None = None
    valid_to: Day | None = None


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
    valid_from: Day | None = None
    valid_to: Day | None = None
    evidence: Annotated[list[StatedDocument], Field(min_length=1, max_length=20)]


class AccreditationRequest(Request):
    """Which Anbieter, in which role."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"examples": [{"channel": "govdigital", "role": "KUNDE"}]})

    channel: Channel
    role: Role


class QueryRequest(Request):
    """The Anbieter's question."""

    question: Written


class AnswerRequest(Request):
    """The organisation's answer."""

    answer: Written


class GrantRequest(Request):
    """Term and grounds of a grant. Without ``statements`` it rests on those of the request."""

    valid_from: Day | None = None
    valid_to: Day | None = None
    statements: Annotated[list[EntityId], Field(max_length=50)] | None = None
    reason: Written | None = None


class ReasonRequest(Request):
    """Why an accreditation is refused or withdrawn."""

    reason: Written


class CheckRequest(Request):
    """Pre-check outside an order, of a ``provider`` or of an offer (``offering_id``): one of the two.

    Without ``customer`` the caller's own organisation, without ``channel`` all of them, of an offer those in which it is offered.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={"examples": [{"provider": "komm_one"}, {"offering_id": "6567c570-29f9-5802-be12-1ed9f73a83ae"}]}
    )

    customer: OrganisationId | None = None
    provider: OrganisationId | None = None
    offering_id: EntityId | None = None
    channel: Channel | None = None
    as_of: Day | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.provider is None) == (self.offering_id is None):
            raise ValueError("state either provider or offering_id")
        return self


class SignOffRequest(Request):
    """On what grounds the Anbieter takes the risk."""

    note: Written


class OverrideRequest(Request):
    """Decision beside the verdict of a check, named by ``check`` and, if the verdict has one, its ``verdict_hash``.

    ``valid_until`` is the first day on which it no longer holds; ``evidence`` are ids of documents.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "check": 1,
                    "decision": "PROCEED",
                    "reason": "Der Beitritt ist beschlossen, die Mitgliederliste folgt.",
                    "valid_until": "2027-01-01",
                }
            ]
        }
    )

    check: Annotated[int, Field(ge=1)]
    verdict_hash: Line | None = None
    decision: Literal["PROCEED", "STOP"]
    reason: Grounds
    valid_until: Day
    evidence: Annotated[list[Line], Field(max_length=20)] = []
