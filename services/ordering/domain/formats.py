"""Checks of the values that settle an open point. Each format has a name for the data files and an example for people."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from shared.errors import InvalidError
from shared.written import is_written

MOST_ADDRESSES = 50

_URL = re.compile(r"https://[^\s/?#]+\.[^\s/?#]+[^\s]*")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,}")
_DVDV_KEY = re.compile(r"[a-z]{2,8}:[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{1,99}")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{64}|(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}")


_WIDEST = {4: 16, 6: 32}
"""No organisation names more addresses than these prefixes hold: a /16 of IPv4, what a provider gets of IPv6."""
_NOT_OF_THE_INTERNET = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
        *("192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"),
        *("::/16", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "5f00::/16"),
        *("fc00::/7", "fe80::/9", "ff00::/8"),
    )
)
"""Addresses that mean another machine at everybody, or none: special-purpose registries of IANA (RFC 6890), without those for
documentation, which examples name."""


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
        return all(_may_be_let_in(ipaddress.ip_network(part)) for part in parts)
    except ValueError:
        return False


def _may_be_let_in(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Return whether a firewall of somebody else can let a network in: one organisation's, with addresses of the Internet."""
    if network.prefixlen < _WIDEST[network.version]:
        return False
    return not any(network.version == other.version and network.overlaps(other) for other in _NOT_OF_THE_INTERNET)


def _uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _whole(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


_RULES = {
    Format.TEXT: _Rule(is_written, "a text that says something", "siehe Anbindungsfragebogen"),
    Format.IP_RANGES: _Rule(
        _ip_ranges,
        "IP addresses or networks of the Internet in CIDR form, at most /16 or, of IPv6, /32, separated by commas",
        "203.0.113.17, 2001:db8:12::/48",
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


def checked(form: Format, value: str, example: str | None = None) -> str:
    """Return the value without blanks around it.

    Raises InvalidError (``value_malformed``) with ``example``, or that of the format, if it has not the format.
    """
    stripped = value.strip()
    rule = _RULES[form]
    if not rule.fits(stripped):
        raise InvalidError(
            f"The value must be {rule.expected}, for example: {example or rule.example}",
            code="value_malformed",
            format=form.value,
            example=example or rule.example,
        )
    return stripped
