"""Who sends a statement as an invoice, who gets it, and how it is paid: what XRechnung asks beyond contract and statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.contracts.documents.vat import VatCategory
from shared.errors import InvalidError
from shared.leitweg import parse_leitweg_id
from shared.messages.eligibility import InvoiceAddress
from shared.messages.values import Country, Line, Mailbox, OrganisationId, Party

log = structlog.get_logger()
_AT_HOME = "DE"
Iban = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$")]
Terms = Annotated[str, Field(min_length=1, max_length=1000)]


def _leitweg_id(text: str) -> str:
    try:
        return parse_leitweg_id(text)
    except InvalidError as error:
        raise ValueError(error.detail) from error


LeitwegId = Annotated[str, AfterValidator(_leitweg_id)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Endpoint(_Part):
    """Electronic address with its scheme (EAS): ``EM`` a mailbox, ``0204`` a Leitweg-ID, ``9930`` a VAT number."""

    scheme: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|[0-9]{4})$")]
    id: Line


class Place(_Part):
    """A postal address."""

    street: Line | None = None
    postcode: Line
    city: Line
    country: Country = _AT_HOME


class Contact(_Part):
    """Whom to ask about an invoice: a unit and its shared mailbox rather than a person."""

    name: Line
    phone: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]*([0-9][^\x00-\x1f]*){3,}$", max_length=60)]
    email: Mailbox


class Seller(_Part):
    """Who is paid. ``vat_id`` is needed, or ``tax_number`` with ``register_id`` (where it is registered, BT-30)."""

    name: Line
    place: Place
    contact: Contact
    endpoint: Endpoint
    vat_id: Line | None = None
    tax_number: Line | None = None
    register_id: Line | None = None


class Buyer(_Part):
    """Who pays; without an endpoint the Leitweg-ID is the electronic address.

    ``care_of`` are lines above the street, ``email`` is the mailbox of the office that examines invoices. ``leitweg_id`` counts
    where the contract states none.
    """

    name: Line
    place: Place
    care_of: tuple[Line, ...] = ()
    email: Mailbox | None = None
    endpoint: Endpoint | None = None
    leitweg_id: LeitwegId | None = None


class Payment(_Part):
    """How is paid: by transfer to an account, until a day."""

    iban: Iban
    holder: Line
    due_on: date
    terms: Terms | None = None


class Billing(_Part):
    """All of it."""

    seller: Seller
    buyer: Buyer
    payment: Payment
    previous_number: Line | None = None

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Billing:
        """Return the data for invoices. Raises InvalidError (``billing_incomplete``) with the first that is missing or wrong."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InvalidError(f"No XRechnung without {where}: {first['msg']}", code="billing_incomplete", field=where) from error


class Address(_Part):
    """Where an organisation is reached: ``care_of`` are lines above the street, ``endpoint`` takes its invoices.

    ``email`` is the mailbox of the office that examines them. ``leitweg_id`` is for invoices by contracts that state none.
    """

    place: Place
    care_of: tuple[Line, ...] = ()
    email: Mailbox | None = None
    endpoint: Endpoint | None = None
    leitweg_id: LeitwegId | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines below the name, as a document shows them."""
        street = () if self.place.street is None else (self.place.street,)
        country = () if self.place.country == _AT_HOME else (self.place.country,)
        return (*self.care_of, *street, f"{self.place.postcode} {self.place.city}", *country)


class Account(_Part):
    """How the Anbieter is paid: ``days`` after the day of the invoice."""

    iban: Iban
    holder: Line
    days: Annotated[int, Field(ge=0, le=365)]
    terms: Terms | None = None


class BillingData(_Part):
    """What an Anbieter states for its documents: addresses of organisations by key, and for invoices the rest. All is optional.

    Without ``tax`` the statements state none, and without one of the other parts there is no XRechnung.
    """

    seller: Seller | None = None
    account: Account | None = None
    tax: VatCategory | None = None
    addresses: Mapping[OrganisationId, Address] = Field(default_factory=dict)

    @classmethod
    def read_file(cls, file: Path) -> BillingData:
        """Return the data in a JSON file, none if there is no file. Raises OSError, InvalidError (``billing_unfit``)."""
        try:
            return cls.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return cls()
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InvalidError(f"{file} holds no data for invoices: {where}: {first['msg']}", code="billing_unfit") from error

    @property
    def address_lines(self) -> dict[str, tuple[str, ...]]:
        """The lines of the addresses by key of the organisation."""
        return {key: address.lines for key, address in self.addresses.items()}

    def addressed(self, organisation: str, registered: InvoiceAddress | None) -> BillingData:
        """Return the data for an invoice to an organisation: what it has registered is in place of its address in the file.

        What the file states beside a postal address stays: its endpoint and Leitweg-ID. None leaves all as it is.
        """
        if registered is None:
            return self
        stated = self.addresses.get(organisation)
        address = Address(
            place=Place(street=registered.street, postcode=registered.postcode, city=registered.city, country=registered.country),
            care_of=registered.care_of,
            email=registered.email,
            endpoint=None if stated is None else stated.endpoint,
            leitweg_id=None if stated is None else stated.leitweg_id,
        )
        return self.model_copy(update={"addresses": {**self.addresses, organisation: address}})

    def of(self, customer: Party, issued_on: date, previous_number: str | None = None) -> Billing:
        """Return the data for an invoice to a customer. Raises InvalidError (``billing_incomplete``)."""
        address, account = self.addresses.get(customer.id), self.account
        if self.seller is None or account is None or address is None:
            part = "seller" if self.seller is None else "account" if account is None else f"addresses.{customer.id}"
            raise InvalidError(f"No XRechnung without {part}.", code="billing_incomplete", field=part)
        return Billing(
            seller=self.seller,
            buyer=Buyer(
                name=customer.name,
                place=address.place,
                care_of=address.care_of,
                email=address.email,
                endpoint=address.endpoint,
                leitweg_id=address.leitweg_id,
            ),
            payment=Payment(
                iban=account.iban,
                holder=account.holder,
                due_on=issued_on + timedelta(days=account.days),
                terms=account.terms,
            ),
            previous_number=previous_number,
        )


class BillingFile:
    """The data of an Anbieter in its file, read again when that has changed: nothing has to be started anew for an address."""

    def __init__(self, file: Path | None) -> None:
        """Read the file, if there is one. Raises OSError, InvalidError (``billing_unfit``)."""
        self._file = file
        self._seen = self._stamp()
        self._data = BillingData() if file is None else BillingData.read_file(file)

    def data(self) -> BillingData:
        """Return what the file holds now; of one that cannot be read or is unfit since it was changed, what it held before."""
        if self._file is None or (stamp := self._stamp()) == self._seen:
            return self._data
        self._seen = stamp
        try:
            self._data = BillingData.read_file(self._file)
        except (OSError, InvalidError) as error:
            log.error("billing_not_read_again", file=self._file.name, reason=str(error))  # noqa: TRY400
        return self._data

    def _stamp(self) -> tuple[int, ...] | None:
        """Return what another content of the file changes: also where a link leads elsewhere, as in a mounted ConfigMap."""
        if self._file is None:
            return None
        try:
            found = self._file.stat()
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino)
