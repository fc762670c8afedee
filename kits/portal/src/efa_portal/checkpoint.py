"""Checkpoints: what the marketplace publishes about the fold of a catalog topic."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class PartitionCheckpoint(_Read):
    """The fold of one partition: of all its records below ``offset``."""

    partition: Count
    offset: Count
    live: Count
    sha256: Digest


class Checkpoint(_Read):
    """The fold of a topic at a time, per partition."""

    topic: str
    taken_at: AwareDatetime
    live: Count
    sha256: Digest
    partitions: tuple[PartitionCheckpoint, ...]

    def partition(self, number: int) -> PartitionCheckpoint | None:
        """Return the part that speaks of a partition, or None."""
        return next((part for part in self.partitions if part.partition == number), None)


class _Body(_Read):
    checkpoint: Checkpoint


def parse_checkpoint(value: bytes) -> Checkpoint | None:
    """Return the checkpoint in the body of a record, or None where there is none that can be read."""
    try:
        return _Body.model_validate_json(value).checkpoint
    except ValidationError:
        return None
