"""Checkpoints of the catalog topics: by them a portal knows that it holds what the marketplace published."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.messages.base import Message, Value, message_type
from shared.messages.values import Time

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class PartitionCheckpoint(Value):
    """The fold of one partition of the topic."""

    partition: Annotated[int, Field(ge=0, description="Number of the partition. Not personal.", examples=[0])]
    offset: Annotated[
        int, Field(ge=0, description="Offset of the next record: all records below it count. Not personal.", examples=[412])
    ]
    live: Annotated[int, Field(ge=0, description="Entries of the fold: keys with a value. Not personal.", examples=[48])]
    sha256: Annotated[
        Digest, Field(description="Digest of the partition's fold, lower-case hex SHA-256. Not personal.", examples=[_EMPTY])
    ]


class CheckpointState(Value):
    """The fold of a topic at a time. What is folded and how: docs/anbinden/fold.md."""

    topic: Annotated[str, Field(description="Topic that is spoken of. Not personal.", examples=["catalog.offering.v1"])]
    taken_at: Annotated[
        Time, Field(description="When the fold was computed, in UTC. Not personal.", examples=["2026-11-28T17:00:00Z"])
    ]
    live: Annotated[int, Field(ge=0, description="Entries of the fold of all partitions. Not personal.", examples=[575])]
    sha256: Annotated[
        Digest,
        Field(description="Digest of the fold of all partitions, lower-case hex SHA-256. Not personal.", examples=[_EMPTY]),
    ]
    partitions: Annotated[
        tuple[PartitionCheckpoint, ...], Field(description="The fold of each partition, ascending. Not personal.")
    ]


@message_type("catalog.checkpoint.recorded.v1")
class CheckpointRecorded(Message):
    """What the marketplace has published on a catalog topic, as one digest for each partition."""

    checkpoint: Annotated[CheckpointState, Field(description="The fold of the topic and of its partitions. Not personal.")]
