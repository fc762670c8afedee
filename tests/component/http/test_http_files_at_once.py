"""A process takes only so many files at the same time: each lies whole in its memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http import limits
from shared.http.body import RequestGuard
from shared.http.site import Site, create_site
from shared.http.uploads import Uploads, file_body
from tests.support.http import FakeAuthenticator, FixedHealth

PDF, FORM = "application/pdf", "multipart/form-data"
MORE = 2


def route(media_type: str) -> APIRouter:
    router = APIRouter()

    @router.post("/files", openapi_extra=file_body(media_type))
    async def bring(request: Request) -> Response:
        await request.body()
        return Response(status_code=204)

    return router


def api() -> ASGIApp:
    async def taken(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(status_code=204)(scope, receive, send)

    return RequestGuard(taken, FakeAuthenticator(), uploads=Uploads.of(route(PDF).routes))


def pages() -> ASGIApp:
    site = Site("https://portal.test", "default-src 'none'", lambda _, status, code: Response(code, status))
    return create_site("pages", route(FORM), site, title="Pages", health=FixedHealth())


class Bringing:
    """Requests that bring files to an application; of none anything arrives before ``let``."""

    def __init__(self, app: ASGIApp, media_type: str) -> None:
        self.app = app
        self.let = asyncio.Event()
        self.read: set[int] = set()
        self.statuses: list[int] = []
        self.scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": "/files",
            "raw_path": b"/files",
            "query_string": b"",
            "root_path": "",
            "scheme": "https",
            "headers": [
                (b"host", b"portal.test"),
                (b"authorization", b"Bearer anna/010510044044/KUNDE"),
                (b"sec-fetch-site", b"same-origin"),
                (b"content-type", media_type.encode()),
            ],
        }

    async def request(self, number: int) -> None:
        async def receive() -> Message:
            self.read.add(number)
            await self.let.wait()
            return {"type": "http.request", "body": b"%PDF-1.7", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.statuses.append(message["status"])

        await self.app(dict[str, Any](self.scope), receive, send)


@pytest.mark.parametrize(("made", "media_type"), [(api, PDF), (pages, FORM)], ids=["api", "pages"])
async def test_who_brings_one_more_waits_unread_until_another_is_through(made: Callable[[], ASGIApp], media_type: str) -> None:
    bringing = Bringing(made(), media_type)
    requests = [asyncio.create_task(bringing.request(number)) for number in range(limits.FILES_AT_ONCE + MORE)]
    for _ in range(200):  # far more turns of the loop than a request takes to its body
        await asyncio.sleep(0)
    assert len(bringing.read) == limits.FILES_AT_ONCE
    assert bringing.statuses == []
    bringing.let.set()
    await asyncio.gather(*requests)
    assert bringing.statuses == [204] * (limits.FILES_AT_ONCE + MORE)
