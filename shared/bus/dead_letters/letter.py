"""A dead letter: the original record, byte for byte, with the reason in headers whose names begin with ``dlq_``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.bus.record import Headers, RawRecord
from shared.errors import NotFoundError

UNDECODABLE_BATCH = "undecodable_batch"
HANDLER_ERROR = "handler_error"
OVERSIZED = "oversized"
LETTER_BYTES = 1024 * 1024 + 64 * 1024
"""The largest dead letter: the largest record of a topic, and the headers with the reason."""

_FACTS = ("dlq_code", "dlq_reason", "dlq_topic", "dlq_partition", "dlq_offset", "dlq_group", "dlq_time")
_NULL_VALUE = "dlq_null_value"
_REASON_LIMIT = 1000
_OVERHEAD = 1024  # what a batch adds to its record, generously


@dataclass(frozen=True, slots=True)
class Reason:
    """Why and from where a record came into the dead-letter topic of ``group``."""

    code: str
    text: str
    topic: str
    partition: int
    offset: int
    group: str
    time: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record read from a dead-letter topic. ``partition`` and ``offset`` are its own; the original's are in ``reason``."""

    partition: int
    offset: int
    reason: Reason
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def id(self) -> str:
        """The place in the dead-letter topic, ``<partition>:<offset>``."""
        return f"{self.partition}:{self.offset}"

    @property
    def replayable(self) -> bool:
        """Whether the original bytes are here; those of a batch that could not be decoded, or of a giant, are not."""
        return self.reason.code not in (UNDECODABLE_BATCH, OVERSIZED)


def dead_letter_topic(group: str) -> str:
    """Return the name of a consumer group's dead-letter topic."""
    return f"{group}.dlq"


def unknown_letter(group: str, letter_id: str) -> NotFoundError:
    """Return the error for a dead letter that does not lie in its topic, or not any more."""
    detail = f"{dead_letter_topic(group)} holds no dead letter {letter_id}"
    return NotFoundError(detail, code="dead_letter_not_found", group=group, letter=letter_id)


def holds_letters(name: str) -> bool:
    """Return whether a topic holds a group's dead letters, or those that come back: their records carry headers of ours."""
    return name.endswith((".dlq", ".replay"))


def to_dead_letter(key: bytes | None, value: bytes | None, headers: Headers, reason: Reason) -> RawRecord:
    """Return the record that goes to the dead-letter topic. Without key and value it gets an empty value and a header for it.

    One that is too large for the topic (packed it may have passed the broker) is replaced by its size and digest, with the code
    ``oversized``: it must not stand in the way of those behind it for ever, and lies where it lay until its retention ends.
    """
    contents = (
        reason.code,
        reason.text[:_REASON_LIMIT],
        reason.topic,
        str(reason.partition),
        str(reason.offset),
        reason.group,
        reason.time.isoformat(),
    )
    facts = [(name, content.encode(errors="replace")) for name, content in zip(_FACTS, contents, strict=True)]
    if key is None and value is None:
        facts.append((_NULL_VALUE, b"1"))
        value = b""
    letter = RawRecord(dead_letter_topic(reason.group), key, value, (*headers, *facts))
    return letter if letter.size <= LETTER_BYTES - _OVERHEAD else _digest(letter, value or b"", reason)


def _digest(letter: RawRecord, value: bytes, reason: Reason) -> RawRecord:
    contents = {"size": letter.size, "sha256": hashlib.sha256(value).hexdigest(), "code": reason.code}
    oversized = replace(reason, code=OVERSIZED, text=f"{reason.code}: {reason.text}")
    return to_dead_letter(None, json.dumps(contents).encode(), (), oversized)


def from_dead_letter(
    partition: int, offset: int, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
) -> DeadLetter:
    """Return the dead letter that a record of a dead-letter topic is.

    Raises ValueError if it does not end with the headers of the reason.
    """
    null_value = bool(headers) and headers[-1][0] == _NULL_VALUE
    own = len(_FACTS) + null_value
    facts = {name: (content or b"").decode(errors="replace") for name, content in headers[-own:]}
    if tuple(facts)[: len(_FACTS)] != _FACTS:
        raise ValueError(f"the record {partition}:{offset} is no dead letter: its last headers are not {', '.join(_FACTS)}")
    return DeadLetter(
        partition=partition,
        offset=offset,
        reason=Reason(
            code=facts["dlq_code"],
            text=facts["dlq_reason"],
            topic=facts["dlq_topic"],
            partition=int(facts["dlq_partition"]),
            offset=int(facts["dlq_offset"]),
            group=facts["dlq_group"],
            time=datetime.fromisoformat(facts["dlq_time"]),
        ),
        key=key,
        value=None if null_value else value,
        headers=tuple(headers[:-own]),
    )
