"""Checks of the values that settle an open point. Each format has a name for the data files and an example for people."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from shared.errors import InvalidError

MOST_ADDRESSES = 50

_URL = re.compile(r"https://[^\s/?#]+\.[^\s/?#]+[^\s]*")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,}")
_DVDV_KEY = re.compile(r"[a-z]{2,8}:[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{1,99}")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{64}|(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}")


class Format(StrEnum):
    """Form of the value that settles a point."""

    TEXT = "text"
    IP_RANGES = "ip_ranges"
    UUID = "uuid"
    DVDV_KEY = "dvdv_key"
    EMAIL = "email"
    URL = "url"
    IDENTIFIER = "identifier"
    FINGERPRINT = "sha256_fingerprint"


@dataclass(frozen=True, slots=True)
class _Rule:
    fits: Callable[[str], bool]
    expected: str
    example: str


def _ip_ranges(value: str) -> bool:
    parts = [part for part in re.split(r"[\s,;]+", value) if part]
    if not 0 < len(parts) <= MOST_ADDRESSES:
        return False
    try:
        for part in parts:
            ipaddress.ip_network(part)
    except ValueError:
        return False
    return True


def _uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _whole(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


_RULES = {
    Format.TEXT: _Rule(bool, "a text", "siehe Anbindungsfragebogen"),
    Format.IP_RANGES: _Rule(
        _ip_ranges, "IP addresses or networks in CIDR form, separated by commas", "203.0.113.17, 2001:db8:12::/48"
    ),
    Format.UUID: _Rule(_uuid, "a UUID", "6d2f0d4c-8a3e-4b63-9f0a-2f7d0c1b5e11"),
    Format.DVDV_KEY: _Rule(_whole(_DVDV_KEY), "a DVDV-Organisationsschlüssel: prefix, colon, key", "ags:01051044"),
    Format.EMAIL: _Rule(_whole(_EMAIL), "a mail address", "efa-anbindung@heide.example"),
    Format.URL: _Rule(_whole(_URL), "an address that begins with https://", "https://www.heide.example/datenschutz"),
    Format.IDENTIFIER: _Rule(_whole(_IDENTIFIER), "an identifier without blanks", "L100108_9173521"),
    Format.FINGERPRINT: _Rule(_whole(_FINGERPRINT), "a SHA-256 fingerprint: 64 hexadecimal digits", "9f86d081" * 8),
}


def example_of(form: Format) -> str:
    """Return a value that the format takes."""
    return _RULES[form].example


def checked(form: Format, value: str) -> str:
    """Return the value without blanks around it. Raises InvalidError (``value_malformed``) if it has not the format."""
    stripped = value.strip()
    rule = _RULES[form]
    if not rule.fits(stripped):
        raise InvalidError(
            f"The value must be {rule.expected}, for example: {rule.example}",
            code="value_malformed",
            format=form.value,
            example=rule.example,
        )
    return stripped
