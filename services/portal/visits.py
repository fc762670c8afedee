"""Who asks for a page: a visitor, or somebody who is logged in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Protocol
from weakref import WeakValueDictionary

import structlog
from fastapi import Depends
from starlette.requests import Request

from services.portal.apis.client import LoginNeededError
from services.portal.rendering import Visit
from services.portal.sessions import Session, Sessions, Tokens
from shared.errors import RetryableError

RENEW_BEFORE = timedelta(seconds=30)

log = structlog.get_logger()


class Renewing(Protocol):
    """What gives fresh tokens."""

    async def renewed(self, tokens: Tokens) -> Tokens | None:
        """Return fresh tokens, None if there are none to be had. Raises RetryableError while the provider is away."""


@dataclass(frozen=True, slots=True)
class Cookies:
    """The names of our cookies. ``run`` tells runs on one host apart, whose cookies a browser does not keep apart by port."""

    run: str

    @property
    def session(self) -> str:
        """Of the session."""
        return f"__Host-portal-{self.run}"

    @property
    def login(self) -> str:
        """Of a login that has begun."""
        return f"__Host-login-{self.run}"


class Doorkeeper:
    """Knows a session by its cookie, and keeps its tokens fresh: one request renews them, others wait for it."""

    def __init__(self, sessions: Sessions, provider: Renewing, cookies: Cookies, clock: Callable[[], datetime]) -> None:
        self.sessions = sessions
        self.cookies = cookies
        self._provider = provider
        self._clock = clock
        self._renewing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def session(self, request: Request) -> Session | None:
        """Return the session of a request, None for a visitor."""
        secret = request.cookies.get(self.cookies.session)
        if not secret:
            return None
        session = await self.sessions.find(secret)
        if session is None or not self._is_stale(session):
            return session
        lock = self._renewing.setdefault(session.id, asyncio.Lock())
        async with lock:
            return await self._renewed(secret)

    def _is_stale(self, session: Session) -> bool:
        return session.tokens.until - self._clock() < RENEW_BEFORE

    async def _renewed(self, secret: str) -> Session | None:
        session = await self.sessions.find(secret)
        if session is None or not self._is_stale(session):
            return session
        try:
            tokens = await self._provider.renewed(session.tokens)
        except RetryableError as error:
            log.warning("not_renewed", code=error.code, detail=error.detail)
            return session  # what is public can be read on; the services judge whether the old token still holds
        if tokens is None:
            await self.sessions.end(secret)
            return None
        # Another process that was quicker has stored tokens as fresh as these.
        return await self.sessions.change(replace(session, tokens=tokens)) or await self.sessions.find(secret)


async def visit_of(request: Request) -> Visit:
    """Return what a request asks for, and of whom it is."""
    doorkeeper: Doorkeeper | None = request.app.state.doorkeeper
    session = None if doorkeeper is None else await doorkeeper.session(request)
    visit = Visit.of(request, session)
    request.state.visit = visit
    return visit


def session_of(visit: Visit) -> Session:
    """Return who has logged in. Raises LoginNeededError for a visitor."""
    if visit.session is None:
        raise LoginNeededError("Nobody is logged in.")
    return visit.session


CurrentVisit = Annotated[Visit, Depends(visit_of)]
