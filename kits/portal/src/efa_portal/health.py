"""The health report of a portal: what it shows and how far it has read, for the marketplace to compare."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from importlib.metadata import version
from uuid import uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict

from efa_portal.errors import PortalError

PORTAL_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
TYPE = "catalog.portal-health.reported.v1"


class TopicState(StrEnum):
    """How what a portal shows of a topic relates to the topic."""

    IN_STEP = "in-step"
    BEHIND = "behind"
    DIFFERS = "differs"
    REBUILDING = "rebuilding"
    UNVERIFIED = "unverified"


class _Reported(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class PartitionHealth(_Reported):
    """How far a partition was read (next offset), and the fold of what is shown of it."""

    partition: int
    offset: int
    sha256: str


class TopicHealth(_Reported):
    """State of one topic. ``lag`` counts records up to the end of the topic; ``live`` and ``sha256`` speak of what is shown."""

    topic: str
    state: TopicState
    lag: int
    behind_since: AwareDatetime | None
    live: int
    sha256: str
    verified_at: AwareDatetime | None
    partitions: tuple[PartitionHealth, ...]


class Health(_Reported):
    """The report of a portal."""

    portal: str
    reported_at: AwareDatetime
    kit: str
    topics: tuple[TopicHealth, ...]


class HealthBody(_Reported):
    """Body of the record."""

    health: Health


class PortalIdError(PortalError):
    """The name of the portal's principal is no id of a portal."""


def check_portal_id(name: str) -> str:
    """Return the id of a portal. Raises PortalIdError if it has another form."""
    if not PORTAL_ID.fullmatch(name):
        raise PortalIdError(
            f"'{name}' is no id of a portal: small letters a-z, digits and hyphens, 2 to 40 characters; it is the name that the "
            "marketplace has given the portal's Kafka user"
        )
    return name


def kit_version() -> str:
    """Return the name and version of this package as reports carry it."""
    return f"efa-portal {version('efa-portal')}"


def health_record(health: Health) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Return key, value and headers of a report: a CloudEvent in binary mode, in sequence by its time in milliseconds."""
    key = health.portal.encode()
    time = health.reported_at
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid4()),
        "ce_source": f"/portal/{health.portal}",
        "ce_type": TYPE,
        "ce_time": _rfc3339(time),
        "ce_subject": health.portal,
        "ce_partitionkey": health.portal,
        "ce_sequence": str(int(time.timestamp() * 1000)),
        "content-type": "application/json",
    }
    value = HealthBody(health=health).model_dump_json().encode()
    return key, value, [(name, text.encode()) for name, text in headers.items()]


def _rfc3339(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def overall(topics: Mapping[str, TopicState]) -> TopicState:
    """Return the state of a portal: the worst of its topics."""
    order = (TopicState.DIFFERS, TopicState.REBUILDING, TopicState.BEHIND, TopicState.UNVERIFIED, TopicState.IN_STEP)
    return next((state for state in order if state in topics.values()), TopicState.REBUILDING)
