"""A dead letter on its way back to its group: the original record, byte for byte, then headers with its first place.

It never goes to the topic that it came from: other groups and partners read that, and on a compacted topic an old state behind
a newer one would be what stays. Only the group that failed reads its replay topic, and judges the record by its first place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.bus.dead_letters.letter import DeadLetter
from shared.bus.record import Headers, RawRecord

_FACTS = ("replay_topic", "replay_partition", "replay_offset")


@dataclass(frozen=True, slots=True)
class Replay:
    """A record read from a replay topic, seen as the original at its first place. ``timestamp`` is that of the replay."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int


def replay_topic(group: str) -> str:
    """Return the name of the topic on which dead letters come back to a consumer group."""
    return f"{group}.replay"


def sent_back(letter: DeadLetter) -> RawRecord:
    """Return the record that brings a dead letter back to its group."""
    reason = letter.reason
    places = (reason.topic, str(reason.partition), str(reason.offset))
    facts = tuple((name, place.encode()) for name, place in zip(_FACTS, places, strict=True))
    partition = letter.partition if letter.key is None else None
    return RawRecord(replay_topic(reason.group), letter.key, letter.value, (*letter.headers, *facts), partition)


def unwrapped(record: Any, group: str) -> Any:  # noqa: ANN401 - a ConsumerRecord of aiokafka, which is untyped
    """Return the original that a record of the group's replay topic carries, and any other record as it is.

    A record without its first place stays one of the replay topic, where no event belongs.
    """
    facts = record.headers[-len(_FACTS) :]
    if record.topic != replay_topic(group) or tuple(name for name, _ in facts) != _FACTS:
        return record
    topic, partition, offset = ((content or b"").decode(errors="replace") for _, content in facts)
    if not (partition.isdecimal() and offset.isdecimal()):
        return record
    headers = tuple(record.headers[: -len(_FACTS)])
    return Replay(topic, int(partition), int(offset), record.key, record.value, headers, record.timestamp)
