"""How a portal stands, judged by the catalog's own checkpoints and not by what the portal says of itself. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.messages.catalog_checkpoints import CheckpointState
from shared.messages.catalog_portals import PortalHealth, TopicHealth
from shared.messages.values import Time

SILENT_AFTER = timedelta(minutes=5)
"""Portals report every 30 seconds."""
CHECKPOINT_VALID = timedelta(minutes=30)
"""A checkpoint comes at least every 15 minutes. An older one says nothing of what a portal holds now."""
_BEYOND = timedelta(minutes=1)
"""How much later than a report a checkpoint must be taken to show that the report speaks of offsets that do not exist."""


class PortalState(StrEnum):
    """How a portal, or one topic of it, stands. The worst comes first.

    IN_STEP: it has read all that the newest checkpoint speaks of, and every digest that can be compared agrees.
    """

    SILENT = "silent"
    DIFFERS = "differs"
    BEHIND = "behind"
    UNKNOWN = "unknown"
    IN_STEP = "in-step"


class Standing(BaseModel):
    """How a portal stands on one topic: since when so, and how many records it is behind the checkpoint at most."""

    model_config = ConfigDict(frozen=True)

    topic: str
    state: PortalState
    since: Time
    behind: int = 0


def judged(
    health: PortalHealth,
    received_at: datetime,
    checkpoints: Mapping[str, CheckpointState],
    before: Sequence[Standing],
    at: datetime,
) -> tuple[Standing, ...]:
    """Return how a portal stands on each topic that has a checkpoint (``checkpoints`` by topic).

    ``before`` is what was found the last time, from which ``since`` goes on. A silent portal is silent on every topic.
    """
    reported = {topic.topic: topic for topic in health.topics}
    known = {standing.topic: standing for standing in before}
    found = []
    for name, checkpoint in sorted(checkpoints.items()):
        last = known.get(name)
        silent = at - received_at > SILENT_AFTER
        if last is not None and not silent and timedelta(0) < checkpoint.taken_at - received_at <= _BEYOND:
            found.append(last)  # the portal could not speak of this checkpoint yet
            continue
        state, behind = (PortalState.SILENT, 0) if silent else _compared(reported.get(name), received_at, checkpoint, at)
        begun = received_at if silent else at
        since = last.since if last is not None and last.state is state else begun
        found.append(Standing(topic=name, state=state, since=since, behind=behind))
    return tuple(found)


def worst(standings: Sequence[Standing]) -> PortalState:
    """Return the state of a portal: that of the topic on which it stands worst, UNKNOWN without any."""
    states = {standing.state for standing in standings}
    return next((state for state in PortalState if state in states), PortalState.UNKNOWN)


def _compared(
    reported: TopicHealth | None, received_at: datetime, checkpoint: CheckpointState, at: datetime
) -> tuple[PortalState, int]:
    """Return the state by a report and a checkpoint, and the records that the portal is behind it.

    Digests are compared only at equal offsets: below the checkpoint's, compaction may have taken records that the fold held.
    """
    if reported is None or at - checkpoint.taken_at > CHECKPOINT_VALID:
        return PortalState.UNKNOWN, 0
    behind = sum(max(0, distance) for distance in _distances(reported, checkpoint))
    if _disagrees(reported, received_at, checkpoint):
        return PortalState.DIFFERS, behind
    if behind:
        return PortalState.BEHIND, behind
    # Where it has read on since the checkpoint, the next one decides; somewhere it must agree.
    agrees = any(distance == 0 for distance in _distances(reported, checkpoint))
    return (PortalState.IN_STEP if agrees else PortalState.UNKNOWN), 0


def _distances(reported: TopicHealth, checkpoint: CheckpointState) -> Iterator[int]:
    offsets = {part.partition: part.offset for part in reported.partitions}
    return (part.offset - offsets.get(part.partition, 0) for part in checkpoint.partitions)


def _disagrees(reported: TopicHealth, received_at: datetime, checkpoint: CheckpointState) -> bool:
    parts = {part.partition: part for part in reported.partitions}
    later = checkpoint.taken_at - received_at > _BEYOND
    for own in checkpoint.partitions:
        part = parts.pop(own.partition, None)
        if part is None:
            continue
        if part.offset == own.offset and part.sha256 != own.sha256:
            return True
        if later and part.offset > own.offset:
            return True
    return bool(parts)  # partitions that the topic does not have
