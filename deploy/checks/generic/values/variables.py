"""Forms of settings that hold an address or a time zone: settings classes take any text for them, and the process fails later."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.checks.generic.values.addresses import SERVER, SERVERS, WEB_ADDRESS
from deploy.checks.generic.values.formats import Format
from deploy.checks.generic.values.times import ZONE

ENDINGS: Mapping[str, Format] = {
    "_ENDPOINT": WEB_ADDRESS,
    "_HOST": SERVER,
    "_ISSUER": WEB_ADDRESS,
    "_SERVERS": SERVERS,
    "_URL": WEB_ADDRESS,
    "_ZONE": ZONE,
}
_STORE = "_STORE_URL"
"""Addresses of databases are secrets and have a form of their own."""


def form_of(variable: str) -> Format | None:
    """Return the form of a variable's value by how its name ends, or None for one that may hold anything."""
    if variable.endswith(_STORE):
        return None
    return next((form for ending, form in ENDINGS.items() if variable.endswith(ending)), None)
