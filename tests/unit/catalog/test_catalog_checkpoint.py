"""A checkpoint of a topic is published when it is newer, or when a while has passed; it never goes back on the same topic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.catalog.domain.checkpoint import Checkpoint
from shared.fold import EMPTY
from shared.messages.catalog_checkpoints import CheckpointRecorded, CheckpointState, PartitionCheckpoint

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
IDLE = timedelta(minutes=15)


def seen(*offsets: int, at: datetime = AT, digest: str = EMPTY) -> CheckpointState:
    parts = tuple(PartitionCheckpoint(partition=number, offset=it, live=0, sha256=digest) for number, it in enumerate(offsets))
    return CheckpointState(topic="catalog.offering.v1", taken_at=at, live=0, sha256=EMPTY, partitions=parts)


def begun(*offsets: int) -> Checkpoint:
    checkpoint, events = Checkpoint.begin("offering", seen(*offsets))
    assert events == [CheckpointRecorded(checkpoint=seen(*offsets))]
    return checkpoint


def test_more_records_give_a_new_checkpoint() -> None:
    checkpoint = begun(3, 5)
    newer = seen(3, 6, at=AT + timedelta(seconds=30))
    assert checkpoint.advance(newer, AT, IDLE) == [CheckpointRecorded(checkpoint=newer)]
    assert checkpoint.taken == newer


def test_nothing_new_gives_one_after_a_while_only() -> None:
    checkpoint = begun(3, 5)
    assert checkpoint.advance(seen(3, 5, at=AT + IDLE - timedelta(seconds=1)), AT, IDLE) == []
    assert checkpoint.taken.taken_at == AT
    assert checkpoint.advance(seen(3, 5, at=AT + IDLE), AT, IDLE) != []


@pytest.mark.parametrize("offsets", [(2, 5), (2, 9), (3, 4)])
def test_who_is_behind_publishes_nothing(offsets: tuple[int, ...]) -> None:
    checkpoint = begun(3, 5)
    assert checkpoint.advance(seen(*offsets, at=AT + timedelta(hours=1)), AT - timedelta(hours=1), IDLE) == []
    assert checkpoint.taken == seen(3, 5)


@pytest.mark.parametrize("offsets", [(0, 0), (2, 9), (1,)])
def test_a_topic_that_was_read_through_since_and_is_shorter_was_created_again(offsets: tuple[int, ...]) -> None:
    checkpoint = begun(3, 5)
    fresh = seen(*offsets, at=AT + timedelta(seconds=30))
    assert checkpoint.advance(fresh, AT + timedelta(seconds=20), IDLE) == [CheckpointRecorded(checkpoint=fresh)]


def test_further_partitions_are_news() -> None:
    checkpoint = begun(3)
    wider = seen(3, 0, at=AT + timedelta(seconds=30))
    assert checkpoint.advance(wider, AT, IDLE) == [CheckpointRecorded(checkpoint=wider)]


def test_another_digest_at_the_same_offsets_is_news() -> None:
    checkpoint = begun(3)
    other = seen(3, at=AT + timedelta(seconds=30), digest="0" * 64)
    assert checkpoint.advance(other, AT, IDLE) == [CheckpointRecorded(checkpoint=other)]
