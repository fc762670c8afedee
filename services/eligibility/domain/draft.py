"""The draft of a registration: four steps, filled in over time by one person, and what is still wrong with each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import Field

from services.eligibility.domain.invoice_address import DraftAddress, parse_country, parse_mailbox, parse_postcode
from services.eligibility.domain.registration import (
    ACCREDITED,
    NOT_ORDERING,
    ORDERING,
    REGISTERABLE,
    VOLLMACHT_MISSING,
    Capacity,
    PublicBody,
    Registration,
    customer_details,
)
from services.eligibility.domain.vollmacht import Vollmacht
from shared.ars import parse_ars
from shared.errors import InvalidError, RejectedError
from shared.leitweg import parse_leitweg_id
from shared.messages.base import Value, is_absent
from shared.messages.values import Channel, Line, Role

T = TypeVar("T")


class Step(StrEnum):
    """The steps of a registration, in their order."""

    ORGANISATION = "organisation"
    PERSON = "person"
    ROLES = "roles"
    ACCREDITATIONS = "accreditations"


class DraftPerson(Value):
    """Step 2: by what right the person acts, and that they confirm it (Vertretungsberechtigung)."""

    capacity: Line | None = None
    confirmed: bool | None = None


class DraftCustomer(Value):
    """Part of step 3 that a Kunde or a Bündler fills in, who orders."""

    ars: Line | None = None
    leitweg_id: Line | None = None
    invoice_address: Annotated[DraftAddress | None, Field(exclude_if=is_absent)] = None


class Application(Value):
    """Part of step 4: one accreditation, at one Anbieter in one role."""

    channel: Line | None = None
    role: Line | None = None


class Draft(Value):
    """The steps as far as they are filled in, as they were typed: what is wrong with them is for ``faults_of``.

    Step 1, the organisation, is the body that the draft is for.
    """

    person: DraftPerson = DraftPerson()
    roles: tuple[Line, ...] = ()
    kunde: DraftCustomer = DraftCustomer()
    accreditations: tuple[Application, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps a draft from being a registration: at which step, in which field, a stable code, and what to do."""

    step: Step
    field: str
    code: str
    detail: str


def faults_of(draft: Draft, body: PublicBody | RejectedError, *, lacks_vollmacht: bool = False) -> list[Fault]:
    """Return all that is wrong with a draft, in the order of the steps; ``body`` may be the error of looking it up.

    ``lacks_vollmacht``: a Vollmacht is asked for and has not been brought.
    """
    found = [] if isinstance(body, PublicBody) else [Fault(Step.ORGANISATION, "organisation", body.code, body.detail)]
    found += _person_faults(draft.person, lacks_vollmacht=lacks_vollmacht)
    found += _role_faults(draft, body if isinstance(body, PublicBody) else None)
    found += _application_faults(draft)
    return found


def registration_of(draft: Draft, person: str, vollmacht: Vollmacht | None = None) -> Registration:
    """Return the registration that a draft without faults makes. Raises ValueError for one with faults."""
    address = draft.kunde.invoice_address
    return Registration(
        person=person,
        capacity=Capacity(draft.person.capacity or ""),
        roles=tuple(map(Role, draft.roles)),
        anbieter=(),
        ars=draft.kunde.ars,
        leitweg_id=draft.kunde.leitweg_id,
        vollmacht=vollmacht,
        applications=tuple((Channel(it.channel or ""), Role(it.role or "")) for it in draft.accreditations),
        invoice_address=None if address is None else address.typed(),
    )


def _person_faults(person: DraftPerson, *, lacks_vollmacht: bool) -> Iterator[Fault]:
    kinds = ", ".join(Capacity)
    if person.capacity is None:
        yield Fault(Step.PERSON, "person.capacity", "missing", f"State by what right you act for the organisation: {kinds}.")
    elif person.capacity not in set(Capacity):
        yield Fault(Step.PERSON, "person.capacity", "capacity_unknown", f"'{person.capacity}' is none of: {kinds}.")
    elif person.capacity == Capacity.BEVOLLMAECHTIGT and lacks_vollmacht:
        yield Fault(Step.PERSON, "person.vollmacht", "vollmacht_missing", VOLLMACHT_MISSING)
    if person.confirmed is not True:
        yield Fault(Step.PERSON, "person.confirmed", "not_confirmed", "Confirm that you may act for the organisation.")


def _role_faults(draft: Draft, body: PublicBody | None) -> Iterator[Fault]:
    if not draft.roles:
        yield Fault(Step.ROLES, "roles", "roles_missing", f"Choose at least one role: {', '.join(REGISTERABLE)}.")
    for number, role in enumerate(draft.roles):
        if role not in set(REGISTERABLE):
            detail = f"An organisation cannot register as {role}; it can as {', '.join(REGISTERABLE)}."
            yield Fault(Step.ROLES, f"roles.{number}", "role_not_registerable", detail)
    checks: tuple[tuple[str, str | None, Callable[[str], str]], ...] = (
        ("kunde.ars", draft.kunde.ars, parse_ars),
        ("kunde.leitweg_id", draft.kunde.leitweg_id, parse_leitweg_id),
    )
    orders = any(role in draft.roles for role in ORDERING)
    for field, text, parse in checks:
        if text is None:
            continue
        if not orders:
            yield Fault(Step.ROLES, field, "customer_details_without_role", NOT_ORDERING)
            continue
        error = _error_of(parse, text)
        if error is None and field == "kunde.ars" and body is not None:
            alone = Registration("-", Capacity.BEVOLLMAECHTIGT, (Role.KUNDE,), (), ars=text)
            error = _error_of(lambda given: customer_details(body, given, given.roles), alone)
        if error is not None:
            yield Fault(Step.ROLES, field, error.code, error.detail)
    if draft.kunde.invoice_address is not None:
        yield from _address_faults(draft.kunde.invoice_address, orders=orders)


def _address_faults(address: DraftAddress, *, orders: bool) -> Iterator[Fault]:
    within = "kunde.invoice_address"
    if not orders:
        yield Fault(Step.ROLES, within, "customer_details_without_role", NOT_ORDERING)
        return
    for name, text in (("postcode", address.postcode), ("city", address.city)):
        if text is None:
            yield Fault(Step.ROLES, f"{within}.{name}", "missing", "An invoice address needs postcode and place.")
    checks: tuple[tuple[str, str | None, Callable[[str], str]], ...] = (
        ("country", address.country, parse_country),
        ("postcode", address.postcode, lambda text: parse_postcode(text, address.country.upper())),
        ("email", address.email, parse_mailbox),
    )
    for name, text, parse in checks:
        error = None if text is None else _error_of(parse, text)
        if error is not None:
            yield Fault(Step.ROLES, f"{within}.{name}", error.code, error.detail)


def _application_faults(draft: Draft) -> Iterator[Fault]:
    for number, application in enumerate(draft.accreditations):
        field = f"accreditations.{number}"
        if application.channel not in set(Channel):
            detail = f"'{application.channel or ''}' is no Anbieter; there are {', '.join(Channel)}."
            yield Fault(Step.ACCREDITATIONS, f"{field}.channel", "channel_unknown", detail)
        if application.role not in set(ACCREDITED):
            detail = f"'{application.role or ''}' is not accredited; {', '.join(ACCREDITED)} are."
            yield Fault(Step.ACCREDITATIONS, f"{field}.role", "role_not_accredited", detail)
        elif application.role not in draft.roles:
            detail = f"The organisation does not register as {application.role}: add the role at step 3."
            yield Fault(Step.ACCREDITATIONS, f"{field}.role", "role_not_held", detail)


def _error_of(check: Callable[[T], object], value: T) -> InvalidError | None:
    try:
        check(value)
    except InvalidError as error:
        return error
    return None
