"""A small world for the rules: Husum -> ITVSH -> Dataport -> govdigital, Komm.ONE a member, Länder as Träger of FITKO."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from services.eligibility.rules import (
    Accreditation,
    Body,
    CheckRequest,
    CollectiveRelation,
    Confirmation,
    Evidence,
    Facts,
    IndirectJoint,
    Relation,
    RelationType,
)
from services.eligibility.settings import Settings
from shared.messages.values import AccreditationState, Channel, OrganisationType, Role

HUSUM = "010540056056"
TODAY = date(2026, 3, 2)
POLICY = Settings(_env_file=None).policy()

BODIES = {
    body.id: body
    for body in (
        Body(HUSUM, "Husum, Stadt", OrganisationType.KOMMUNE, HUSUM),
        Body("01054", "Nordfriesland", OrganisationType.KREIS, "01054"),
        Body("010545439000", "Nordstrand (Amt)", OrganisationType.VERBAND, "010545439000"),
        Body("DE", "Bund", OrganisationType.BUND),
        Body("DE-SN", "Sachsen", OrganisationType.LAND, "14"),
        Body("DE-NW", "Nordrhein-Westfalen", OrganisationType.LAND, "05"),
        Body("it_nrw", "IT.NRW", OrganisationType.IT_PROVIDER),
        Body("itvsh", "IT-Verbund Schleswig-Holstein", OrganisationType.VERBAND),
        Body("dataport", "Dataport", OrganisationType.IT_PROVIDER),
        Body("komm_one", "Komm.ONE", OrganisationType.IT_PROVIDER),
        Body("kdo", "KDO", OrganisationType.VERBAND),
        Body("kdo_service", "KDO Service GmbH", OrganisationType.IT_PROVIDER),
        Body("private", "Privat GmbH", OrganisationType.SONSTIGE),
        Body("fitko", "FITKO", OrganisationType.ANBIETER),
        Body("govdigital", "govdigital eG", OrganisationType.ANBIETER),
    )
}


def relation(source: str, target: str, kind: RelationType = RelationType.MEMBER, **changes: object) -> Relation:
    """Return a published relation with open-ended evidence."""
    made = Relation(f"{source}:{target}", source, target, kind, evidence=(Evidence(f"ev-{source}-{target}", "Liste"),))
    return replace(made, **changes)  # type: ignore[arg-type] # fields by name


STATEMENT = relation(HUSUM, "itvsh", RelationType.TRAEGER, confirmation=Confirmation.CONFIRMED, valid_from=date(2012, 1, 1))
ITVSH = relation("itvsh", "dataport", RelationType.TRAEGER)
DATAPORT = relation("dataport", "govdigital")
KOMM_ONE = relation("komm_one", "govdigital")
LAENDER = tuple(relation(land, "fitko", RelationType.TRAEGER) for land in ("DE", "DE-SN", "DE-NW"))
IT_NRW = relation("DE-NW", "it_nrw", RelationType.PART)
KDO = (relation("kdo", "govdigital"), relation("kdo", "kdo_service", RelationType.OWNER))
ITVSH_GROUP = CollectiveRelation("c1", "01", "itvsh", RelationType.TRAEGER, "Kommunen und Kreise in Schleswig-Holstein")


def accredited(
    channel: Channel = Channel.GOVDIGITAL, state: AccreditationState = AccreditationState.ERTEILT, **changes: object
) -> Accreditation:
    """Return a granted accreditation as Kunde."""
    return replace(Accreditation(f"acc-{channel}", channel, Role.KUNDE, state), **changes)  # type: ignore[arg-type] # as above


def facts(*relations: Relation, **changes: object) -> Facts:
    """Return facts with these relations and Husum accredited at govdigital, Sachsen at FITKO."""
    held = {HUSUM: (accredited(),), "DE-SN": (accredited(Channel.FITKO),)}
    made = Facts(bodies=BODIES, relations=relations, accreditations=held)
    return replace(made, **changes)  # type: ignore[arg-type] # as above


ALL = facts(STATEMENT, ITVSH, DATAPORT, KOMM_ONE, *LAENDER, IT_NRW, *KDO)


def request(
    channel: Channel = Channel.GOVDIGITAL,
    customer: str = HUSUM,
    provider: str = "komm_one",
    as_of: date = TODAY,
    indirect: IndirectJoint = IndirectJoint.ACCEPT,
) -> CheckRequest:
    """Return Husum's request for a service of Komm.ONE through govdigital, or another."""
    return CheckRequest(channel, customer, provider, as_of, replace(POLICY, indirect_joint=indirect))
