"""The OpenID Connect provider of the embedded run: one click on a person logs in, by the same way as at a real provider.

It serves this machine only, asks for no password, and signs with the embedded issuer's key, which every environment but
``embedded`` refuses.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlencode

import uvicorn
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from marktplatz.people import Somebody
from shared.http.issuer import LIFETIME, EmbeddedIssuer
from shared.process.serving import Server, listen

CLIENT = "portal"
CODE_SECONDS = 60.0
PAGE = Path(__file__).with_name("login.html")


@dataclass(frozen=True, slots=True)
class _Granted:
    """A code that was given out: to whom, for which login, until when."""

    somebody: Somebody
    nonce: str
    challenge: str
    redirect_uri: str
    until: float


class EmbeddedProvider:
    """Async context manager around the provider, on a port of this machine, a free one unless it is given.

    It knows one client, ``portal``, without a secret, whose pages are at ``portal``: only there it sends anybody.
    """

    def __init__(self, issuer: EmbeddedIssuer, people: Sequence[Somebody], portal: str, port: int = 0) -> None:
        self._issuer = issuer
        self._people = {it.subject: it for it in people}
        self._portal = portal
        self._codes: dict[str, _Granted] = {}
        self._socket = listen("127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/jwks", self._keys),
                Route("/authorize", self._choose),
                Route("/authorize", self._chosen, methods=["POST"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/logout", self._logout),
            ]
        )
        self._server = Server(uvicorn.Config(self.app, log_config=None, access_log=False, ws="none"))
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="identity-provider")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving

    async def _metadata(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
                "end_session_endpoint": f"{self.url}/logout",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["Ed25519"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _keys(self, _: Request) -> Response:
        return Response(self._issuer.jwks_file.read_bytes(), media_type="application/json")

    async def _choose(self, request: Request) -> Response:
        query = dict(request.query_params)
        refusal = self._refusal(query)
        if refusal is not None:
            return Response(refusal, 400, media_type="text/plain")
        page = Environment(autoescape=True).from_string(PAGE.read_text(encoding="utf-8"))
        return HTMLResponse(page.render(query=query, people=self._people.values()))

    async def _chosen(self, request: Request) -> Response:
        form = await _form(request)
        refusal = self._refusal(form)
        somebody = self._people.get(form.get("subject", ""))
        if refusal is not None or somebody is None:
            return Response(refusal or "There is no such person.", 400, media_type="text/plain")
        code = secrets.token_urlsafe(32)
        until = time.monotonic() + CODE_SECONDS
        self._codes[code] = _Granted(somebody, form.get("nonce", ""), form["code_challenge"], form["redirect_uri"], until)
        answer = {"code": code, "state": form.get("state", ""), "iss": self.url}
        return RedirectResponse(f"{form['redirect_uri']}?{urlencode(answer)}", 303)

    async def _token(self, request: Request) -> Response:
        form = await _form(request)
        granted = self._codes.pop(form.get("code", ""), None)
        if granted is None or form.get("grant_type") != "authorization_code" or form.get("client_id") != CLIENT:
            return JSONResponse({"error": "invalid_grant"}, 400)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        holds = hmac.compare_digest(challenge, granted.challenge.encode()) and form.get("redirect_uri") == granted.redirect_uri
        if not holds or time.monotonic() > granted.until:
            return JSONResponse({"error": "invalid_grant"}, 400)
        somebody, issued = granted.somebody, int(time.time())
        access = self._issuer.sign_token(
            subject=somebody.subject,
            organisation=somebody.organisation,
            organisation_name=somebody.organisation_name,
            roles=somebody.roles,
        )
        identity = self._issuer.sign_identity(
            {
                "iss": self.url,
                "aud": CLIENT,
                "sub": somebody.subject,
                "name": somebody.name,
                "nonce": granted.nonce,
                "sid": secrets.token_urlsafe(16),
                "iat": issued,
                "exp": issued + round(timedelta(minutes=5).total_seconds()),
            }
        )
        lifetime = round(LIFETIME.total_seconds())
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": lifetime, "id_token": identity}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def _logout(self, request: Request) -> Response:
        """Send back whoever has logged out: there is no session here to be ended."""
        back = request.query_params.get("post_logout_redirect_uri")
        if back != f"{self._portal}/":
            return Response("You are logged out.", media_type="text/plain")
        return RedirectResponse(back, 303)

    def _refusal(self, query: dict[str, str]) -> str | None:
        if query.get("client_id") != CLIENT or query.get("redirect_uri") != f"{self._portal}/login/callback":
            return "This provider knows the portal of this run only."
        if (
            query.get("response_type") != "code"
            or query.get("code_challenge_method") != "S256"
            or not query.get("code_challenge")
        ):
            return "Only the code flow with PKCE (S256) is served."
        return None


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
