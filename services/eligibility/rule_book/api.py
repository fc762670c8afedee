"""Routes of the public rules of the channels: the same for everybody until another rule set is in use."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi import Request as HttpRequest
from pydantic import BaseModel
from starlette.responses import Response

from services.eligibility.records.judge import Policy
from services.eligibility.rule_book.views import ChannelHead, ChannelRulesView, channel_views
from shared.errors import NotFoundError
from shared.http.cached import NOT_MODIFIED, content_tag, is_held, not_modified
from shared.http.paging import Page

MAX_AGE_SECONDS: Final = 300


def channel_routes(policy: Policy) -> APIRouter:
    """Return the routes. The answers are made once. Raises InvalidError if the rule set or the file of a channel is unfit."""
    router = APIRouter(prefix="/v1/channels", tags=["channels"])
    views = channel_views(policy)
    heads = [ChannelHead(**{name: getattr(view, name) for name in ChannelHead.model_fields}) for view in views.values()]
    everything = _Answer(Page[ChannelHead](items=heads))
    single = {channel: _Answer(view) for channel, view in views.items()}

    @router.get(
        "",
        response_model=Page[ChannelHead],
        responses=dict(NOT_MODIFIED),
        summary="The channels through which one may order (public)",
    )
    async def listed(request: HttpRequest) -> Response:
        return everything.to(request)

    @router.get(
        "/{channel}",
        response_model=ChannelRulesView,
        responses=dict(NOT_MODIFIED),
        summary="All rules of a channel with law, codes, sentences (public)",
    )
    async def one(channel: str, request: HttpRequest) -> Response:
        found = single.get(channel)
        if found is None:
            raise NotFoundError(f"There are no rules of a channel {channel}.", code="channel_not_found")
        return found.to(request)

    return router


class _Answer:
    """An answer that clients may hold."""

    def __init__(self, content: BaseModel) -> None:
        self.body = content.model_dump_json()
        self.tag = content_tag(self.body)

    def to(self, request: HttpRequest) -> Response:
        """Return the answer, or that the client holds it already."""
        headers = {"Cache-Control": f"public, max-age={MAX_AGE_SECONDS}"}
        if is_held(request, self.tag):
            return not_modified(self.tag, headers)
        return Response(self.body, headers={**headers, "ETag": self.tag}, media_type="application/json")
