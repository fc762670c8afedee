"""Which version of the program this process runs, and since when; and the name by which a member of a consumer group says so.

Kafka lists the members of a group by the ids of their clients. With version and start in that id nobody has to write down
elsewhere which processes of which version are at work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from shared.clock import now

UNKNOWN: Final = "unknown"
_PACKAGE: Final = "efa-marktplatz"
_TIME: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(r"(?P<process>.+?)-v(?P<version>[^-]+)-(?P<started>[0-9]{8}T[0-9]{6}Z)")


def _version() -> str:
    try:
        return version(_PACKAGE)
    except PackageNotFoundError:
        return UNKNOWN


VERSION: Final = _version()
"""Version of the installed package, ``unknown`` where the program runs without being installed."""
STARTED: Final = now().replace(microsecond=0)
"""When this process began, to the second."""


@dataclass(frozen=True, slots=True)
class ClientName:
    """What the id of a client says of its process. Version and start are None for one that does not state them."""

    process: str
    version: str | None = None
    started_at: datetime | None = None


def client_name(client_id: str) -> str:
    """Return the id that a member of a group shows to the broker, in letters that Kafka passes on unchanged."""
    return f"{client_id}-v{VERSION}-{STARTED.strftime(_TIME)}"


def read_client_name(name: str) -> ClientName:
    """Return what a client's id says; one of a version before this form, or of another program, is the process's name alone."""
    found = _NAME.fullmatch(name)
    if found is None:
        return ClientName(name)
    try:
        started = datetime.strptime(found["started"], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return ClientName(name)
    return ClientName(found["process"], found["version"], started)
