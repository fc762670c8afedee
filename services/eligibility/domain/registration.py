"""The four steps of a registration: organisation, person, roles with a Kunde's details, Anbieter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.eligibility.domain.invoice_address import TypedAddress
from services.eligibility.domain.vollmacht import Vollmacht
from shared.ars import ARS_LENGTH, parse_ars
from shared.errors import InvalidError
from shared.laender import LAENDER
from shared.leitweg import parse_leitweg_id
from shared.messages.eligibility import InvoiceAddress
from shared.messages.values import Channel, OrganisationType, Role

ORDERING = (Role.KUNDE, Role.BUENDELNDE_ORGANISATION)
"""Roles in which an organisation orders, for itself or its Klienten: it has the invoices."""
NOT_ORDERING = "ARS, Leitweg-ID and invoice address are of a Kunde or a Bündler only; add the role or leave them out."
REGISTERABLE = (Role.KUNDE, Role.BEREITSTELLER, Role.BUENDELNDE_ORGANISATION, Role.KLIENT)
ACCREDITED = REGISTERABLE


VOLLMACHT_MISSING = (
    "Whoever is BEVOLLMAECHTIGT brings the Vollmacht: PUT /v1/registrations/{body}/vollmacht, then submit that draft."
)


class Capacity(StrEnum):
    """By what right the registering person acts for the organisation."""

    VERTRETUNGSBERECHTIGT = "VERTRETUNGSBERECHTIGT"
    BEVOLLMAECHTIGT = "BEVOLLMAECHTIGT"


@dataclass(frozen=True, slots=True)
class PublicBody:
    """The entry of the register of bodies that registers. ``ars``: of a municipality 12 digits, else None."""

    id: str
    name: str
    type: OrganisationType
    state_code: str | None = None
    ars: str | None = None


@dataclass(frozen=True, slots=True)
class LeitwegChange:
    """What becomes of a Leitweg-ID: ``to`` None removes it."""

    to: str | None

    def parsed(self) -> str | None:
        """Return the Leitweg-ID as it is stored then. Raises as ``parse_leitweg_id``."""
        return None if self.to is None else parse_leitweg_id(self.to)


@dataclass(frozen=True, slots=True)
class Registration:
    """The four steps: organisation (the body), person, roles with what is asked of a Kunde, Anbieter."""

    person: str
    capacity: Capacity
    roles: tuple[Role, ...]
    anbieter: tuple[Channel, ...]
    ars: str | None = None
    leitweg_id: str | None = None
    applications: tuple[tuple[Channel, Role], ...] = ()
    """Accreditations applied for one by one, beside ``anbieter``, where each role is applied for."""
    vollmacht: Vollmacht | None = None
    invoice_address: TypedAddress | None = None

    def require_vollmacht(self) -> None:
        """Return unless the person acts by a Vollmacht not brought yet. Raises InvalidError (``vollmacht_missing``)."""
        if self.capacity is Capacity.BEVOLLMAECHTIGT and self.vollmacht is None:
            raise InvalidError(VOLLMACHT_MISSING, code="vollmacht_missing")

    def accreditations(self, roles: Sequence[Role]) -> tuple[tuple[Channel, Role], ...]:
        """Return the accreditations applied for by an organisation of these roles, each once.

        Raises InvalidError (``role_not_held``) for a role that it does not hold or that no Anbieter accredits.
        """
        for _, role in self.applications:
            if role not in roles or role not in ACCREDITED:
                raise InvalidError(
                    f"Accreditation as {role} needs the role itself first, and {', '.join(ACCREDITED)} are accredited.",
                    code="role_not_held",
                    role=role.value,
                )
        everywhere = ((channel, role) for channel in self.anbieter for role in roles if role in ACCREDITED)
        return tuple(dict.fromkeys((*everywhere, *self.applications)))


def known_roles(roles: Sequence[Role]) -> tuple[Role, ...]:
    """Return the roles in a fixed order, each once. Raises InvalidError for one that is not registered for."""
    refused = sorted({role.value for role in roles} - {role.value for role in REGISTERABLE})
    if refused:
        raise InvalidError(
            f"An organisation cannot register as {', '.join(refused)}.", code="role_not_registerable", roles=refused
        )
    return tuple(role for role in REGISTERABLE if role in roles)


def require_ordering(roles: Sequence[Role]) -> None:
    """Return if an organisation of these roles orders. Raises InvalidError (``customer_details_without_role``)."""
    if not set(ORDERING) & set(roles):
        raise InvalidError(NOT_ORDERING, code="customer_details_without_role")


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """What an organisation that orders has stated, checked."""

    ars: str | None
    leitweg_id: str | None
    invoice_address: InvoiceAddress | None


def customer_details(body: PublicBody, registration: Registration, roles: Sequence[Role]) -> CustomerDetails:
    """Return ARS, Leitweg-ID and invoice address. Raises InvalidError if they do not fit body or roles."""
    if any((registration.ars, registration.leitweg_id, registration.invoice_address)):
        require_ordering(roles)
    ars = None if registration.ars is None else parse_ars(registration.ars)
    expected = body.ars or _ars_of_area(body)
    if ars and expected and ars != expected:
        raise InvalidError(f"{body.name} has the ARS {expected}, not {ars}.", code="ars_differs", expected=expected, ars=ars)
    leitweg_id = None if registration.leitweg_id is None else parse_leitweg_id(registration.leitweg_id)
    address = None if registration.invoice_address is None else registration.invoice_address.parsed()
    return CustomerDetails(body.ars or ars, leitweg_id, address)


def _ars_of_area(body: PublicBody) -> str | None:
    """Return the regional key of a Kreis or Land in the digits of an ARS, None for any other body."""
    by_land = {land: key for key, land in LAENDER.items()}
    key = body.id if body.type is OrganisationType.KREIS else by_land.get(body.id)
    return None if key is None else key.ljust(ARS_LENGTH, "0")
