"""Problems in German, where ``Accept-Language`` prefers it: what the code means, in the words of the handbook.

The values that a problem is about stand in members of their own, so nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.faults import GERMAN, language_of
from shared.http.problem import MEDIA_TYPE

FILE: Final = "german.json"
"""German sentences by code, generated from those of the handbook."""
POINTS: Final = "points"
"""Member that names every point of a form in which it falls short, each with a code of its own."""


@cache
def sentences() -> Mapping[str, str]:
    """Return what each code means, in a German sentence."""
    return dict(json.loads((resources.files(__package__) / FILE).read_text("utf-8")))


def detail_in(language: str, code: str, detail: str) -> str:
    """Return what a code means in the language of the reader; ``detail``, which is English, where it has no words there."""
    return sentences().get(code, detail) if language == GERMAN else detail


class German:
    """ASGI middleware: words the problems of an API in German for whom asks for it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or language_of(Request(scope)) != GERMAN:
            await self.app(scope, receive, send)
            return
        held: list[Message] = []
        body = b""

        async def outgoing(message: Message) -> None:
            nonlocal body
            if message["type"] == "http.response.start" and _is_english_problem(Headers(raw=message["headers"])):
                held.append(message)
                return
            if not held:
                await send(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                start = held.pop()
                worded = in_german(body)
                headers = MutableHeaders(scope=start)
                headers["Content-Length"] = str(len(worded))
                headers.add_vary_header("Accept-Language")
                if worded != body:
                    headers["Content-Language"] = GERMAN
                await send(start)
                await send({**message, "body": worded})

        await self.app(scope, receive, outgoing)


def in_german(problem: bytes) -> bytes:
    """Return a problem with the details that its codes have in German; one whose code has none as it is."""
    members: dict[str, Any] = orjson.loads(problem)
    known = sentences()
    detail = known.get(str(members.get("code")))
    if detail is None:
        return problem
    members["detail"] = detail
    points = members.get(POINTS)
    for point in points if isinstance(points, list) else ():
        if isinstance(point, dict) and point.get("code") in known:
            point["detail"] = known[point["code"]]
    return orjson.dumps(members)


def _is_english_problem(headers: Headers) -> bool:
    return headers.get("Content-Type") == MEDIA_TYPE and "Content-Language" not in headers
