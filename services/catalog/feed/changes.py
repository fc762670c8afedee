"""Pages of the feed, cut from the mirror of a topic: the same records in the same order per partition, tombstones among them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from services.catalog.checkpoints import state_of
from services.catalog.feed.cursor import FeedCursor
from services.catalog.feed.metrics import WAITING
from shared.bus.mirror.content import Content, Entry
from shared.bus.mirror.mirror import TopicMirror
from shared.errors import RetryableError
from shared.http.limits import PAGE_BYTES
from shared.http.problem import RefusedRequestError
from shared.messages.catalog_checkpoints import CheckpointState

_CLOCKS = timedelta(minutes=1)
"""How far the clocks of two processes may differ."""
_REMEDY = "Read the feed without a cursor into a new state, beside the one that is shown, and swap once it is complete."


class NotReadYetError(RetryableError):
    """The topic has not been read through since this process started."""

    code = "feed_not_ready"


class TooManyWaitingError(RetryableError):
    """So many requests wait for changes that no further one may."""

    code = "too_many_waiting"


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A page: its items as JSON, the cursor behind them, and the checkpoint at exactly these offsets once all has been read."""

    items: tuple[bytes, ...]
    next: FeedCursor
    checkpoint: CheckpointState | None

    @property
    def complete(self) -> bool:
        """Whether the reader has everything that the process knows."""
        return self.checkpoint is not None


class Waiting:
    """Counts the requests that wait, over all feeds of the process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._now = 0

    def __enter__(self) -> None:
        if self._now >= self._most:
            raise TooManyWaitingError(f"{self._most} requests wait for changes already; ask without waiting, or later.")
        self._now += 1
        WAITING.set(self._now)

    def __exit__(self, *_: object) -> None:
        self._now -= 1
        WAITING.set(self._now)


class Feed:
    """The feed of one topic."""

    def __init__(self, mirror: TopicMirror, waiting: Waiting, clock: Callable[[], datetime]) -> None:
        self.mirror = mirror
        self._waiting = waiting
        self._clock = clock
        self._checkpoint: tuple[Content, Mapping[int, int], CheckpointState] | None = None

    async def read(self, cursor: FeedCursor | None, limit: int, seconds: float) -> FeedPage:
        """Return the page behind a cursor; if there is nothing, wait so long for a change, and then return an empty page.

        Raises NotReadYetError, TooManyWaitingError; RefusedRequestError (410): ``cursor_expired``, ``cursor_of_lost_topic``.
        """
        page = self._page(cursor, limit)
        if page.items or seconds <= 0 or cursor is None:
            return page
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        with self._waiting:
            while not page.items and (left := deadline - loop.time()) > 0:
                await self.mirror.moved(left)
                page = self._page(cursor, limit)
        return page

    def _page(self, cursor: FeedCursor | None, limit: int) -> FeedPage:
        content = self.mirror.content
        if content is None:
            raise NotReadYetError(f"{self.mirror.topic.name} has not been read through yet.", topic=self.mirror.topic.name)
        at = self._clock()
        known = {} if cursor is None else dict(cursor.positions)
        if cursor is not None:
            self._check(cursor, content, at)
            if any(offset > content.positions[number] for number, offset in known.items()):
                return FeedPage((), cursor, None)  # another process was further: this one reads on meanwhile
        items, positions = _cut(content, known, limit)
        following = FeedCursor(self.mirror.topic.name, at, positions)
        return FeedPage(items, following, self._state(content, at) if positions == content.positions else None)

    def _check(self, cursor: FeedCursor, content: Content, at: datetime) -> None:
        """Refuse a cursor after which changes may be lost. Raises RefusedRequestError."""
        if at - cursor.made_at >= self.mirror.topic.tombstone_retention:
            days = self.mirror.topic.tombstone_retention.days
            raise RefusedRequestError(
                f"The cursor is older than the {days} days for which removals are kept. {_REMEDY}",
                status=410,
                code="cursor_expired",
            )
        # Read whole after the cursor was made, and shorter: the topic was created again.
        later = content.begun_at - cursor.made_at > _CLOCKS
        gone = cursor.positions.keys() - content.positions.keys()
        beyond = any(offset > content.positions[number] for number, offset in cursor.positions.items() if number not in gone)
        if gone or (later and beyond):
            raise RefusedRequestError(
                f"The topic was created again after the cursor was made. {_REMEDY}", status=410, code="cursor_of_lost_topic"
            )

    def _state(self, content: Content, at: datetime) -> CheckpointState:
        """Return the checkpoint of what the mirror holds, computed once for each state of it."""
        held = self._checkpoint
        if held is None or held[0] is not content or held[1] != content.positions:
            held = content, dict(content.positions), state_of(self.mirror.topic, content, at)
            self._checkpoint = held
        return held[2]


def _cut(content: Content, known: Mapping[int, int], limit: int) -> tuple[tuple[bytes, ...], dict[int, int]]:
    """Return the items behind the known positions, bounded in number and bytes, and the positions behind them."""
    items: list[bytes] = []
    size = 0
    positions = {number: known.get(number, 0) for number in content.positions}
    for entry in content.after(known):
        item = _item(entry)
        size += len(item)
        if len(items) == limit or (items and size > PAGE_BYTES):
            _pass(content, positions, before=entry.partition)
            return tuple(items), positions
        items.append(item)
        positions[entry.partition] = entry.offset + 1
    return tuple(items), dict(content.positions)


def _pass(content: Content, positions: dict[int, int], before: int) -> None:
    """Move the partitions that were read to their end to that end: ``Content.after`` goes through them in ascending order."""
    for number in positions:
        if number < before:
            positions[number] = content.positions[number]


def _item(entry: Entry) -> bytes:
    """Return a record as JSON. Its body stands in it byte by byte, or in base64 if that is no JSON."""
    fields: dict[str, object] = {
        "partition": entry.partition,
        "offset": entry.offset,
        "key": entry.key.decode("utf-8", "replace"),
        "type": entry.type,
        "time": entry.at,
    }
    if entry.value is None:
        return orjson.dumps({**fields, "body": None}, option=orjson.OPT_UTC_Z)
    try:
        orjson.loads(entry.value)
    except orjson.JSONDecodeError:
        return orjson.dumps({**fields, "raw": base64.b64encode(entry.value).decode()}, option=orjson.OPT_UTC_Z)
    return orjson.dumps(fields, option=orjson.OPT_UTC_Z)[:-1] + b',"body":' + entry.value + b"}"
