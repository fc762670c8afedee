"""What federated portals report of themselves: how far they have read the catalog topics, and what they show."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.messages.base import Message, Value, message_type
from shared.messages.catalog_checkpoints import Digest
from shared.messages.open_enum import OpenEnum
from shared.messages.values import Line, Time

PORTAL_ID = r"[a-z0-9][a-z0-9-]{1,39}"
PortalId = Annotated[str, StringConstraints(pattern=f"^{PORTAL_ID}$")]
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class ReportedState(OpenEnum):
    """How a portal itself judges what it shows of a topic."""

    IN_STEP = "in-step"
    BEHIND = "behind"
    DIFFERS = "differs"
    REBUILDING = "rebuilding"
    UNVERIFIED = "unverified"


class PartitionHealth(Value):
    """How far a portal has read a partition, and the fold of what it shows of it."""

    partition: Annotated[int, Field(ge=0, lt=10_000, description="Number of the partition. Not personal.", examples=[0])]
    offset: Annotated[
        int, Field(ge=0, lt=2**63, description="Offset of the next record that the portal reads. Not personal.", examples=[412])
    ]
    sha256: Annotated[
        Digest,
        Field(description="Digest of the fold of the partition, lower-case hex SHA-256. Not personal.", examples=[_EMPTY]),
    ]


class TopicHealth(Value):
    """What a portal shows of one topic of the catalog."""

    topic: Annotated[Line, Field(description="Topic that is spoken of. Not personal.", examples=["catalog.offering.v1"])]
    state: Annotated[ReportedState, Field(description="How the portal judges what it shows. Not personal.", examples=["in-step"])]
    lag: Annotated[int, Field(ge=0, lt=2**63, description="Records up to the end of the topic. Not personal.", examples=[0])]
    behind_since: Annotated[
        Time | None,
        Field(description="Since when records wait, in UTC; null if none does. Not personal.", examples=["2026-11-28T17:00:00Z"]),
    ] = None
    live: Annotated[int, Field(ge=0, lt=2**63, description="Entries that the portal shows. Not personal.", examples=[575])]
    sha256: Annotated[
        Digest, Field(description="Digest of the fold of what is shown, lower-case hex SHA-256. Not personal.", examples=[_EMPTY])
    ]
    verified_at: Annotated[
        Time | None,
        Field(
            description="When a checkpoint last agreed, in UTC; null if none has yet. Not personal.",
            examples=["2026-11-28T17:00:00Z"],
        ),
    ] = None
    partitions: Annotated[
        tuple[PartitionHealth, ...],
        Field(max_length=200, description="How far each partition was read, ascending. Not personal."),
    ]


class PortalHealth(Value):
    """The report of a portal. It is monitoring only: nothing is decided by it."""

    portal: Annotated[
        PortalId, Field(description="Id of the portal, the name of its Kafka user. Not personal.", examples=["portal-nord"])
    ]
    reported_at: Annotated[
        Time,
        Field(description="When, by the portal's clock, in UTC. Not personal.", examples=["2026-11-28T17:00:00Z"]),
    ]
    kit: Annotated[
        Line,
        Field(description="Program and version that follow the catalog. Not personal.", examples=["efa-portal 0.1.0"]),
    ]
    topics: Annotated[
        tuple[TopicHealth, ...], Field(max_length=20, description="What the portal shows of each topic. Not personal.")
    ]


@message_type("catalog.portal-health.reported.v1")
class PortalHealthReported(Message):
    """A portal has reported how far it follows the catalog; every 30 seconds, and when its state changes."""

    health: Annotated[PortalHealth, Field(description="What the portal reports of itself. Not personal.")]
