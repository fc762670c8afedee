"""Evens out when a 404 leaves: whether something is hidden or absent must not show by the time that finding out took."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import timedelta

from starlette.types import ASGIApp, Message, Receive, Scope, Send

STEP = timedelta(milliseconds=50)
_NOT_FOUND = 404
_GRAINS = 1000


class Even:
    """ASGI middleware: a 404 waits for the next step since its request began, and up to a tenth of a step more, at random.

    What was looked at and how large it was differs by less than a tenth of a millisecond, a step covers all of a usual answer.
    The random part hides what the timers of an event loop, which count in milliseconds, let through of the rest.
    """

    def __init__(self, app: ASGIApp, step: timedelta) -> None:
        self.app = app
        self.step = step.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.step:
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def outgoing(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == _NOT_FOUND:
                spent = (time.perf_counter() - began) % self.step
                await asyncio.sleep(self.step - spent + secrets.randbelow(_GRAINS) / _GRAINS * self.step / 10)
            await send(message)

        await self.app(scope, receive, outgoing)
