"""A portal with a login, its identity provider in process, and a browser that goes through it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from fastapi import FastAPI

from marktplatz.infrastructure.idp import EmbeddedProvider
from marktplatz.people import OPERATOR, PEOPLE
from services.portal.sealing import ensure_session_keys
from services.portal.sessions import PENDING, SESSIONS
from shared.http.issuer import EmbeddedIssuer
from shared.store.sqlite.store import SqliteStore
from tests.support.html import Page
from tests.support.showcase import ORIGIN, browser, portal_over

HUSUM = "digitales.husum"
KOMM_ONE = "produkt.komm-one"
GOVDIGITAL = "vertrieb.govdigital"
OURS = {"Sec-Fetch-Site": "same-origin"}
SESSION, LOGIN = "__Host-portal-test", "__Host-login-test"


@dataclass
class Notified:
    """Notify as the portal calls it: what it was asked, and what it answers."""

    asked: list[httpx.Request] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    contact: dict[str, Any] | None = None
    kinds: list[dict[str, Any]] = field(default_factory=list)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.status != 200:
            return httpx.Response(self.status, json={"code": "token_expired", "detail": "The token has expired."})
        if request.url.path.startswith("/v1/webhooks"):
            return self._webhooks(request.url.path.removeprefix("/v1/webhooks"))
        if request.url.path.startswith("/v1/contacts"):
            return self._contacts(request.url.path)
        if request.url.path == "/v1/inbox/unread":
            return httpx.Response(200, json={"count": len([it for it in self.items if it["read_at"] is None]), "more": False})
        return httpx.Response(200, json={"items": self.items, "next": None})

    def _contacts(self, path: str) -> httpx.Response:
        if path == "/v1/contacts/kinds":
            return httpx.Response(200, json={"items": self.kinds})
        if self.contact is not None:
            return httpx.Response(200, json=self.contact, headers={"ETag": '"1"'})
        return httpx.Response(404, json={"code": "contact_not_found", "detail": "There is no contact yet."})

    def _webhooks(self, below: str) -> httpx.Response:
        if below.endswith("/deliveries"):
            return httpx.Response(200, json={"items": self.deliveries, "next": None})
        if below.endswith("/rotate"):
            return httpx.Response(200, json={**self.webhooks[0], "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="})
        if not below:
            return httpx.Response(200, json={"items": self.webhooks})
        return httpx.Response(200, json=self.webhooks[0], headers={"ETag": '"1"'})


@dataclass
class World:
    """The portal, its store, its provider, and a clock that tests move."""

    folder: Path
    store: SqliteStore = field(default_factory=lambda: SqliteStore(None))
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    notified: Notified = field(default_factory=Notified)
    further: dict[str, httpx.AsyncBaseTransport] = field(default_factory=dict)
    """Services by name, in place of those that are away."""
    ordering: httpx.AsyncBaseTransport = field(default_factory=lambda: httpx.MockTransport(lambda _: httpx.Response(503)))
    answers: Callable[[httpx.Request], httpx.Response] | None = None
    """What answers in place of the provider."""

    async def open(self) -> World:
        """Make the portal. The variables of the issuer must be those of the process."""
        keys = self.folder / "session-keys"
        ensure_session_keys(keys)
        self.provider = EmbeddedProvider(self.issuer, (*PEOPLE, OPERATOR), ORIGIN)
        await self.store.prepare([SESSIONS, PENDING])
        self.app = self.portal(oidc_issuer=self.provider.url, session_keys=keys)
        return self

    @property
    def issuer(self) -> EmbeddedIssuer:
        """The issuer of all tokens, whose keys both sides read from its folder."""
        return EmbeddedIssuer(self.folder / "issuer")

    def portal(self, **settings: Any) -> FastAPI:
        """Return a process of the portal on this store."""
        transports = {
            "provider": _Between(self),
            "notify": httpx.MockTransport(self.notified),
            "ordering": self.ordering,
            "catalog": httpx.MockTransport(lambda _: httpx.Response(503)),
            **self.further,
        }
        return portal_over(transports, self.store, lambda: self.now, run="test", **settings)

    def pass_by(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def browser(self) -> httpx.AsyncClient:
        """Return a browser that has visited nothing yet."""
        return browser(self.app)

    async def documents(self) -> str:
        """Return all that the store holds, as text."""
        return str([*await self.store.scan(SESSIONS), *await self.store.scan(PENDING)])

    async def choose(self, address: str, subject: str = HUSUM) -> str:
        """Choose a person at the provider, and return where it sends the browser."""
        assert address.startswith(self.provider.url)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.provider.app), base_url=self.provider.url) as there:
            page = Page((await there.get(address)).text)
            hidden = {it.attributes["name"]: it.attributes["value"] for it in page.all("input", type="hidden")}
            assert subject in {it.attributes["value"] for it in page.all("button")}
            answer = await there.post("/authorize", data={**hidden, "subject": subject})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    async def log_in(
        self, visitor: httpx.AsyncClient, subject: str = HUSUM, path: str = "/login?next=/imprint"
    ) -> httpx.Response:
        """Go through the whole login and return the last answer of the portal's callback."""
        begun = await visitor.get(path)
        assert begun.status_code == 303, begun.text
        return await visitor.get(await self.choose(begun.headers["Location"], subject))


class Acting(httpx.AsyncBaseTransport):
    """An API in process that takes whoever comes for one caller, by a token of ``FakeAuthenticator``."""

    def __init__(self, app: FastAPI, token: str) -> None:
        self.transport = httpx.ASGITransport(app=app)
        self.token = token

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "Authorization" in request.headers:
            assert request.headers["Authorization"].startswith("Bearer eyJ")
            request.headers["Authorization"] = f"Bearer {self.token}"
            request.headers.pop("X-Organisation", None)
        return await self.transport.handle_async_request(request)


class Beside(httpx.AsyncBaseTransport):
    """An API whose paths that begin in one way are answered by something else."""

    def __init__(self, api: httpx.AsyncBaseTransport, begins: str, answers: Callable[[httpx.Request], httpx.Response]) -> None:
        self.api = api
        self.begins = begins
        self.answers = httpx.MockTransport(answers)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        chosen = self.answers if request.url.path.startswith(self.begins) else self.api
        return await chosen.handle_async_request(request)


class ActingAs(httpx.AsyncBaseTransport):
    """An API in process that takes each person for another caller, by the tokens of ``FakeAuthenticator`` of their subjects."""

    def __init__(self, app: FastAPI, tokens: Mapping[str, str]) -> None:
        self.transport = httpx.ASGITransport(app=app)
        self.tokens = tokens
        self.away = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.away and request.method != "GET":
            raise httpx.ConnectError("away", request=request)
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind:
            claims = token.split(".")[1]
            subject = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
            request.headers["Authorization"] = f"Bearer {self.tokens[subject]}"
            request.headers.pop("X-Organisation", None)
        return await self.transport.handle_async_request(request)


class _Between(httpx.AsyncBaseTransport):
    """The way from the portal to the provider."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.provider = httpx.ASGITransport(app=world.provider.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.world.answers is not None:
            return self.world.answers(request)
        return await self.provider.handle_async_request(request)


def query_of(address: str) -> dict[str, str]:
    """Return the query of an address."""
    return dict(parse_qsl(urlsplit(address).query))


def token_of(page: Page, action: str) -> str:
    """Return the token of the form to an action."""
    form = next(it for it in page.all("form") if it.attributes["action"] == action)
    return next(it.attributes["value"] for it in form.inside if it.attributes.get("name") == "form")


def cookie_of(answer: httpx.Response, name: str) -> str:
    """Return the Set-Cookie line of a cookie."""
    (found,) = [line for line in answer.headers.get_list("set-cookie") if re.match(rf"{name}=", line)]
    return found
