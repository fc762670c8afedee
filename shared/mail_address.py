"""Addresses of persons: taken by the APIs, stored by notify, and by contracts for contact persons."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

MailAddress = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=(
            r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
            r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$"
        ),
    ),
]
"""An address as RFC 5321 writes it without quoting; a domain with umlauts in its ``xn--`` form."""
