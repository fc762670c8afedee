"""Who sends a statement as an invoice, who gets it, and how it is paid: what XRechnung asks beyond contract and statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shared.errors import InvalidError
from shared.messages.values import Line, Mailbox

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


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
    country: Country = "DE"


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
    """Who pays; without an endpoint the Leitweg-ID of the contract is the address."""

    name: Line
    place: Place
    endpoint: Endpoint | None = None


class Payment(_Part):
    """How is paid: by transfer to an account, until a day."""

    iban: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$")]
    holder: Line
    due_on: date
    terms: Annotated[str, Field(min_length=1, max_length=1000)] | None = None


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
