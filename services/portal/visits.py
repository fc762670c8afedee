"""Who asks for a page: a visitor, or somebody who is logged in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPMethod
from typing import Annotated, Protocol
from urllib.parse import parse_qs
from weakref import WeakValueDictionary

import structlog
from fastapi import Depends
from starlette.requests import Request
from starlette.routing import Match

from services.portal.apis.client import LoginNeededError
from services.portal.cookies import Cookies
from services.portal.forms import FIELD, FIELDS, Given
from services.portal.language import path_of
from services.portal.rendering import Visit
from services.portal.sessions import Held, Session, Sessions, Tokens, new_secret
from services.portal.uploads import brings_file
from shared.errors import RetryableError

RENEW_BEFORE = timedelta(seconds=30)
_LOOKS = (0.0, 1.0)
"""Seconds before each look for the tokens that another process may have got."""
_OWN = frozenset({FIELD, "action"})
"""Fields of a form that are about its sending, and not kept."""

log = structlog.get_logger()


class Renewing(Protocol):
    """What gives fresh tokens."""

    async def renewed(self, tokens: Tokens) -> Tokens | None:
        """Return fresh tokens, None if there are none to be had. Raises RetryableError while the provider is away."""


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

    async def hold(self, request: Request, session: Session | None) -> str | None:
        """Keep what a form was filled in with by somebody who has to log in again; return what their browser is to hold.

        None: it is nothing that a page could show again, or nobody knows whose it is. Files are not kept.
        """
        path = path_of(request.scope)
        if request.method != HTTPMethod.POST or brings_file(request) or not _has_page(request, path):
            return None
        person = self.sessions.marked(request.cookies.get(self.cookies.person, "")) if session is None else session.person
        if person is None:
            return None
        try:
            values = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS)
        except ValueError:
            return None
        secret = new_secret()
        await self.sessions.hold(secret, Held(person, path, {name: it for name, it in values.items() if name not in _OWN}))
        return secret

    async def held(self, request: Request, session: Session) -> Given | None:
        """Return what this person had filled in the page's form with; once the form is sent it is forgotten."""
        secret = request.cookies.get(self.cookies.held)
        found = None if not secret else await self.sessions.held(secret)
        if not secret or found is None or (found.person, found.path) != (session.person, path_of(request.scope)):
            return None
        if request.method != HTTPMethod.GET:
            await self.sessions.let_go(secret)
            return None
        return Given({name: tuple(it.replace("\r\n", "\n") for it in values) for name, values in found.values.items()}, "")

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
        return await self._renewed_elsewhere(session) if tokens is None else await self._stored(session, tokens)

    async def _stored(self, session: Session, tokens: Tokens) -> Session | None:
        """Store fresh tokens, also where another request notes meanwhile that the session is used; None if it has ended."""
        found: Session | None = session
        while found is not None and found.tokens == session.tokens:
            if (changed := await self.sessions.change(replace(found, tokens=tokens))) is not None:
                return changed
            found = await self.sessions.find(session.secret)
        return found

    async def _renewed_elsewhere(self, session: Session) -> Session | None:
        """Return the session with the tokens that another process got and is storing just now; without any it ends.

        A provider that replaces refresh tokens takes each of them once, and refuses the slower of two.
        """
        for pause in () if session.tokens.refresh is None else _LOOKS:
            await asyncio.sleep(pause)
            found = await self.sessions.find(session.secret)
            if found is None or found.tokens != session.tokens:
                return found
        await self.sessions.end(session.secret)
        return None


def _has_page(request: Request, path: str) -> bool:
    """Return whether a page is shown at the path that a form was sent to."""
    scope = {"type": "http", "method": HTTPMethod.GET.value, "path": path}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)


async def visit_of(request: Request) -> AsyncIterator[Visit]:
    """Give what a request asks for, and of whom it is; what was filled in by who has to log in again is kept for them."""
    doorkeeper: Doorkeeper | None = request.app.state.doorkeeper
    session = None if doorkeeper is None else await doorkeeper.session(request)
    held = None if doorkeeper is None or session is None else await doorkeeper.held(request, session)
    visit = Visit.of(request, session, held)
    request.state.visit = visit
    try:
        yield visit
    except LoginNeededError:
        request.state.held = None if doorkeeper is None else await doorkeeper.hold(request, session)
        raise


def session_of(visit: Visit) -> Session:
    """Return who has logged in. Raises LoginNeededError for a visitor."""
    if visit.session is None:
        raise LoginNeededError("Nobody is logged in.")
    return visit.session


CurrentVisit = Annotated[Visit, Depends(visit_of)]
