"""Where a reader of the feed goes on: the offset of each partition, and when that was written. Opaque for the reader."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from shared.http.problem import RefusedRequestError

VERSION = 1
LENGTH = 8192
_MOST_PARTITIONS = 1000
_END_OF_OFFSETS = 2**63


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """The next offset of each partition of a topic, known at ``made_at`` (whole milliseconds)."""

    topic: str
    made_at: datetime
    positions: Mapping[int, int]

    def text(self) -> str:
        """Return the cursor as readers carry it."""
        offsets = [[number, offset] for number, offset in sorted(self.positions.items())]
        milliseconds = round(self.made_at.timestamp() * 1000)
        return base64.urlsafe_b64encode(orjson.dumps([VERSION, self.topic, milliseconds, offsets])).rstrip(b"=").decode()


def parsed(text: str, topic: str) -> FeedCursor:
    """Return the cursor of a topic's feed. Raises RefusedRequestError (400, ``cursor_invalid``) for any other text."""
    try:
        if len(text) > LENGTH:
            raise ValueError(len(text))  # noqa: TRY301 - one way for every fault
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        version, named, milliseconds, offsets = orjson.loads(raw)
        if version != VERSION or named != topic or len(offsets) > _MOST_PARTITIONS:
            raise ValueError(named)  # noqa: TRY301 - as above
        positions = {_number(number, _MOST_PARTITIONS): _number(offset, _END_OF_OFFSETS) for number, offset in offsets}
        made_at = datetime.fromtimestamp(_number(milliseconds, _END_OF_OFFSETS) / 1000, UTC)
    except (ValueError, TypeError, OverflowError, OSError, binascii.Error) as error:
        raise RefusedRequestError("The cursor is not one of this feed.", status=400, code="cursor_invalid") from error
    return FeedCursor(topic, made_at, positions)


def _number(value: object, below: int) -> int:
    if type(value) is not int or not 0 <= value < below:
        raise ValueError(value)
    return value
