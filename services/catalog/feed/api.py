"""The routes of the change feed. Only translates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.catalog.feed.changes import Feed, FeedPage
from services.catalog.feed.cursor import LENGTH, parsed
from shared.http.cached import content_tag, is_held, not_modified
from shared.messages.catalog_checkpoints import CheckpointState

LONGEST_WAIT_SECONDS = 30
MOST_ITEMS = 500
PATHS: Mapping[str, str] = {"offering": "/offerings/changes", "known-service": "/known-services/changes"}
"""Paths of the feeds, by the key of the topic's checkpoints."""

Position = Annotated[
    str | None, Query(max_length=LENGTH, description="`next` of the page before; from the beginning without it.")
]
Seconds = Annotated[
    float, Query(ge=0, le=LONGEST_WAIT_SECONDS, description="Seconds to wait for a change if there is none behind the cursor.")
]
Items = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Largest number of changes on the page.")]


class ChangeReply(BaseModel):
    """One record of the topic: the newest of its key. ``body`` null is a tombstone: the key has left the catalog."""

    partition: int
    offset: int
    key: str
    type: str = Field(description="CloudEvents type of the record.")
    time: datetime = Field(description="When the broker got the record.")
    body: dict[str, Any] | None = Field(default=None, description="Body of the record, as it stands on the topic.")
    raw: str | None = Field(default=None, description="The record's value in base64, instead of a body that is no JSON.")


class ChangesReply(BaseModel):
    """A page of changes, in the order of the topic for each partition."""

    topic: str
    items: list[ChangeReply]
    next: str = Field(description="Cursor behind this page.")
    complete: bool = Field(description="Whether there is nothing behind this page for now.")
    checkpoint: CheckpointState | None = Field(
        description="If complete: what the fold of all that was read must be (docs/anbinden/fold.md), at exactly these offsets."
    )


_ANSWERS: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing has changed behind the cursor (If-None-Match)."}}


def feed_routes(feeds: Mapping[str, Feed]) -> APIRouter:
    """Return the routes of the feeds, which everybody may read; ``feeds`` by the key of the topic's checkpoints."""
    router = APIRouter(prefix="/v1", tags=["changes"])
    for name, feed in feeds.items():
        router.add_api_route(
            PATHS[name],
            _route(feed),
            name=f"changes_of_{name.replace('-', '_')}",
            summary=f"Changes of {feed.mirror.topic.name}",
            response_model=ChangesReply,
            responses=_ANSWERS,
        )
    return router


def _route(feed: Feed) -> Callable[..., Awaitable[Response]]:
    async def changes(request: Request, cursor: Position = None, wait: Seconds = 0, limit: Items = 200) -> Response:
        """Follow the topic over HTTP: the records behind the cursor, each key's newest, tombstones among them.

        Begin without a cursor and go on with `next`. With `wait` the answer comes when something changes, or after that time.
        410: changes may be lost; begin again without a cursor, beside what is shown, and swap when `complete`.
        """
        position = None if cursor is None else parsed(cursor, feed.mirror.topic.name)
        page = await feed.read(position, limit, wait)
        # Once an hour the tag changes although nothing else does, so that nobody's cursor grows old unnoticed.
        hour = page.next.made_at.replace(minute=0, second=0, microsecond=0)
        tag = content_tag(page.next.topic, sorted(page.next.positions.items()), page.items, page.complete, hour, weak=True)
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if is_held(request, tag):
            return not_modified(tag, headers)
        return Response(_body(page), headers=headers, media_type="application/json")

    return changes


def _body(page: FeedPage) -> bytes:
    head = b'{"topic":"%b","items":[%b],"next":"%b","complete":%b,"checkpoint":%b}'
    checkpoint = b"null" if page.checkpoint is None else page.checkpoint.model_dump_json().encode()
    complete = b"true" if page.complete else b"false"
    return head % (page.next.topic.encode(), b",".join(page.items), page.next.text().encode(), complete, checkpoint)
