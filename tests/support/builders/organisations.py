"""Builders of registered organisations for the domain tests."""

from __future__ import annotations

from datetime import UTC, date, datetime

from services.eligibility.domain.accreditation import Move
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.registration import Capacity, PublicBody, Registration
from services.eligibility.domain.statement import Document, EvidenceType, RelationType, Statement, make_statement
from services.eligibility.domain.transitions import Actor, Command
from shared.messages.values import Channel, OrganisationType, Role

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
ANNA, BERT, STAFF = "anna", "bert", "govdigital-staff"
HUSUM = PublicBody("010540056056", "Husum, Stadt", OrganisationType.KOMMUNE, "SH", "010540056056")
SATZUNG = Document(type=EvidenceType.SATZUNG, title="Satzung des ITVSH", reference="https://example.org/satzung.pdf")
PATH = (HUSUM.id, "itvsh", "dataport", "govdigital")


def registration(
    person: str = ANNA,
    roles: tuple[Role, ...] = (Role.KUNDE,),
    anbieter: tuple[Channel, ...] = (Channel.GOVDIGITAL,),
    ars: str | None = None,
    leitweg_id: str | None = None,
) -> Registration:
    """Return Anna's registration as Kunde of govdigital, or another."""
    return Registration(person, Capacity.BEVOLLMAECHTIGT, roles, anbieter, ars, leitweg_id)


def registered(*channels: Channel, roles: tuple[Role, ...] = (Role.KUNDE,)) -> Organisation:
    """Return Husum, registered by Anna."""
    organisation, _ = Organisation.register(HUSUM, registration(roles=roles, anbieter=channels or (Channel.GOVDIGITAL,)), AT)
    return organisation


def statement(path: tuple[str, ...] = PATH, documents: tuple[Document, ...] = (SATZUNG,), person: str = ANNA) -> Statement:
    """Return Husum's statement that it is Träger of the ITVSH."""
    return make_statement(path, (RelationType.TRAEGER, date(2012, 1, 1), None), documents, None, person, AT)


def move(command: Command, actor: Actor = Actor.ANBIETER, note: str | None = "Text", role: Role = Role.KUNDE) -> Move:
    """Return a command on Husum's accreditation at govdigital."""
    person = {Actor.ANBIETER: STAFF, Actor.ORGANISATION: ANNA}.get(actor)
    return Move(command, Channel.GOVDIGITAL, role, actor, AT, person, note)
