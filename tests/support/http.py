"""Clients for API tests: in process, with tokens that say who calls."""

from __future__ import annotations

from typing import Any

import httpx
from fastapi import FastAPI

from shared.http.auth import Caller, UnauthenticatedError
from shared.messages.values import Role


class FakeAuthenticator:
    """Takes a token ``sub/org/ROLE1+ROLE2`` at its word. The organisation's name is its id unless ``names`` has one."""

    def __init__(self, names: dict[str, str] | None = None) -> None:
        self.names = names or {}

    async def authenticate(self, token: str) -> Caller:
        try:
            subject, organisation, roles = token.split("/")
            held = frozenset(Role(role) for role in roles.split("+") if role)
        except ValueError:
            raise UnauthenticatedError("token_invalid", "The token is not of the form sub/org/ROLE1+ROLE2.") from None
        return Caller(subject, organisation, self.names.get(organisation, organisation), held)


def client(app: FastAPI, token: str | None = None, **options: Any) -> httpx.AsyncClient:
    """Return a client of the app, in process, that sends ``token`` with each request."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://marktplatz.test", headers=headers, **options)


class FixedHealth:
    """Health as the test sets it."""

    def __init__(self, *, alive: bool = True, **parts: bool) -> None:
        self.alive = alive
        self.parts = parts or {"store": True}

    def live(self) -> bool:
        return self.alive

    def ready(self) -> dict[str, bool]:
        return self.parts
