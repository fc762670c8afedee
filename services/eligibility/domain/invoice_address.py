"""The address that an organisation wants its invoices to have, as it was typed and as it is stored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from shared.errors import InvalidError
from shared.messages.base import Value
from shared.messages.eligibility import InvoiceAddress
from shared.messages.values import Mailbox
from shared.written import WrittenLine

GERMANY: Final = "DE"
_GERMAN_POSTCODE: Final = re.compile(r"(?!00)[0-9]{5}")
_POSTCODE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 -]{0,8}[A-Za-z0-9])?")
_MAILBOX: Final = TypeAdapter(Mailbox)
_SECOND_LETTERS: Final = {
    "A": "DEFGILMOQRSTUWXZ",
    "B": "ABDEFGHIJLMNOQRSTVWYZ",
    "C": "ACDFGHIKLMNORUVWXYZ",
    "D": "EJKMOZ",
    "E": "CEGHRST",
    "F": "IJKMOR",
    "G": "ABDEFGHILMNPQRSTUWY",
    "H": "KMNRTU",
    "I": "DELMNOQRST",
    "J": "EMOP",
    "K": "EGHIMNPRWYZ",
    "L": "ABCIKRSTUVY",
    "M": "ACDEFGHKLMNOPQRSTUVWXYZ",
    "N": "ACEFGILOPRUZ",
    "O": "M",
    "P": "AEFGHKLMNRSTWY",
    "Q": "A",
    "R": "EOSUW",
    "S": "ABCDEGHIJKLMNORSTVXYZ",
    "T": "CDFGHJKLMNORTVWZ",
    "U": "AGMSYZ",
    "V": "ACEGINU",
    "W": "FS",
    "Y": "ET",
    "Z": "AMW",
}
COUNTRIES: Final = frozenset(first + second for first, letters in _SECOND_LETTERS.items() for second in letters)
"""ISO 3166-1 alpha-2: an XRechnung with any other country is invalid (BR-CL-14)."""


class _TypedLines(Value):
    care_of: Annotated[
        tuple[WrittenLine, ...], Field(max_length=2, description="Lines above the street, such as an office.")
    ] = ()
    street: Annotated[WrittenLine | None, Field(description="Street and number, or post-office box.")] = None
    country: Annotated[WrittenLine, Field(description="Country by the two letters of ISO 3166-1.", examples=[GERMANY])] = GERMANY
    email: Annotated[
        WrittenLine | None, Field(description="Shared mailbox of the office that examines invoices, not that of a person.")
    ] = None


class TypedAddress(_TypedLines):
    """An invoice address as it was typed."""

    postcode: Annotated[WrittenLine, Field(description="Postcode, in Germany five digits.", examples=["25813"])]
    city: Annotated[WrittenLine, Field(description="Place.", examples=["Husum"])]

    def parsed(self) -> InvoiceAddress:
        """Return the address as it is stored. Raises InvalidError (``country_unknown``, ``postcode_form``, ``mailbox_form``)."""
        country = parse_country(self.country)
        return InvoiceAddress(
            care_of=self.care_of,
            street=self.street,
            postcode=parse_postcode(self.postcode, country),
            city=self.city,
            country=country,
            email=None if self.email is None else parse_mailbox(self.email),
        )


@dataclass(frozen=True, slots=True)
class AddressChange:
    """What becomes of an invoice address: ``to`` None removes it."""

    to: TypedAddress | None

    def parsed(self) -> InvoiceAddress | None:
        """Return the address as it is stored then. Raises as ``TypedAddress.parsed``."""
        return None if self.to is None else self.to.parsed()


class DraftAddress(_TypedLines):
    """An invoice address as far as it is filled in."""

    postcode: Annotated[WrittenLine | None, Field(description="Postcode, in Germany five digits.", examples=["25813"])] = None
    city: Annotated[WrittenLine | None, Field(description="Place.", examples=["Husum"])] = None

    def typed(self) -> TypedAddress:
        """Return the whole address. Raises ValueError where something is missing."""
        return TypedAddress.model_validate(self.model_dump())


def parse_country(text: str) -> str:
    """Return a country by its two letters in upper case. Raises InvalidError (``country_unknown``)."""
    country = text.upper()
    if country not in COUNTRIES:
        raise InvalidError(
            f"'{text}' is no country of ISO 3166-1, which has two letters, such as {GERMANY}.",
            code="country_unknown",
            field="country",
        )
    return country


def parse_postcode(text: str, country: str) -> str:
    """Return a postcode of a country. Raises InvalidError (``postcode_form``)."""
    form = _GERMAN_POSTCODE if country == GERMANY else _POSTCODE
    if form.fullmatch(text) is None:
        raise InvalidError(
            f"'{text}' is no postcode of {country}: in Germany it has five digits, elsewhere up to 10 letters and digits.",
            code="postcode_form",
            field="postcode",
        )
    return text


def parse_mailbox(text: str) -> str:
    """Return the address of a mailbox. Raises InvalidError (``mailbox_form``)."""
    try:
        return _MAILBOX.validate_python(text)
    except ValidationError:
        raise InvalidError("The mailbox is not written as an e-mail address.", code="mailbox_form", field="email") from None
