"""Login and logout: the browser goes to the identity provider and comes back, tokens stay here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.cookies import set_cookie
from services.portal.forms import read_given
from services.portal.metrics import DONE, LOGINS, judged_login
from services.portal.provider import LoggedIn, LoginRefusedError, Provider
from services.portal.sessions import LOGIN_TIME, LONGEST, Pending, Session, new_secret
from services.portal.visits import CurrentVisit, Doorkeeper, session_of

CALLBACK = "/login/callback"
LOGOUT = "/logout"
BACK_CHANNEL = "/logout/back-channel"
_OURS = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_LONGEST = 2000
SEE_OTHER = 303

log = structlog.get_logger()


def following(address: str | None) -> str:
    """Return where to go after the login: a path of ours, else the start page.

    A path begins with one slash and holds neither a backslash nor a space nor a control character, which browsers read as
    something else than they look like.
    """
    if address is None or len(address) > _LONGEST or _OURS.fullmatch(address) is None:
        return "/"
    return address


def login_routes(doorkeeper: Doorkeeper, provider: Provider, clock: Callable[[], datetime]) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)
    sessions, cookies = doorkeeper.sessions, doorkeeper.cookies

    @router.get("/login")
    async def login(visit: CurrentVisit, next: str | None = None) -> Response:  # noqa: A002 - the name in the address
        pending = Pending(new_secret(), new_secret(), new_secret(), following(next or visit.language.prefix or "/"))
        with judged_login():
            address = await provider.address(pending, visit.language.value)
        secret = new_secret()
        await sessions.begin_login(secret, pending)
        reply = RedirectResponse(address, SEE_OTHER)
        set_cookie(reply, cookies.login, secret, round(LOGIN_TIME.total_seconds()))
        return reply

    @router.get(CALLBACK)
    async def callback(request: Request) -> Response:
        answer = dict(request.query_params)
        begun = await sessions.take_login(request.cookies.get(cookies.login, ""), answer.get("state", ""))
        if begun is None:
            raise LoginRefusedError("No login has begun in this browser, or it has taken too long.", code="login_expired")
        with judged_login():
            found = await provider.finish(answer, begun)
        LOGINS.labels(DONE).inc()
        if former := request.cookies.get(cookies.session):
            await sessions.end(former)
        session = _session_of(found, clock(), doorkeeper)
        await sessions.begin(session)
        log.info("logged_in", organisation=session.organisation)
        reply = RedirectResponse(begun.following, SEE_OTHER)
        set_cookie(reply, cookies.session, session.secret, None)
        set_cookie(reply, cookies.person, sessions.mark(session.person), round(LONGEST.total_seconds()))
        set_cookie(reply, cookies.login, "", 0)
        return reply

    @router.post(LOGOUT)
    async def logout(request: Request, visit: CurrentVisit) -> Response:
        session = session_of(visit)
        await read_given(request, session, LOGOUT)
        await sessions.end(session.secret)
        reply = RedirectResponse(await provider.logout_address(session.tokens), SEE_OTHER)
        for name in (cookies.session, cookies.person, cookies.held):
            set_cookie(reply, name, "", 0)
        return reply

    @router.post(BACK_CHANNEL)
    async def back_channel(request: Request) -> Response:
        fields = parse_qs((await request.body()).decode("utf-8", "replace"))
        ended = await sessions.end_all_of(await provider.ended(fields.get("logout_token", [""])[0]))
        log.info("logged_out_by_provider", sessions=ended)
        return Response(status_code=200, headers={"Cache-Control": "no-store"})

    return router


def _session_of(found: LoggedIn, at: datetime, doorkeeper: Doorkeeper) -> Session:
    caller = found.caller
    return Session(
        secret=new_secret(),
        person=found.person.subject,
        name=found.name,
        organisation=None if caller is None else caller.organisation,
        organisation_name=None if caller is None else caller.organisation_name,
        roles=frozenset() if caller is None else frozenset(role.value for role in caller.roles),
        sid=found.sid,
        tokens=found.tokens,
        began_at=at,
        ends_at=doorkeeper.sessions.new_end(at),
    )
