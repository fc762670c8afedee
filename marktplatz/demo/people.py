"""The people of the story: each speaks to the HTTP interfaces with a token of their organisation."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from marktplatz.embedded import Embedded
from shared.messages.values import Role

T = TypeVar("T")
LIMITS = httpx.Limits(keepalive_expiry=2)
"""Idle connections are given up before the server does so: else a request may meet its closing."""

Json = dict[str, Any]


class StepFailedError(Exception):
    """A step of the story did not go as expected; the text holds what was asked and what came back."""


@dataclass(slots=True)
class Person:
    """Somebody at an organisation, acting through the public interfaces."""

    run: Embedded
    client: httpx.AsyncClient
    subject: str
    organisation: str
    organisation_name: str
    roles: tuple[Role, ...]

    def headers(self, key: str | None = None) -> dict[str, str]:
        """Return the headers of a request; each POST gets an Idempotency-Key of its own unless one is given."""
        token = self.run.token(
            subject=self.subject,
            organisation=self.organisation,
            organisation_name=self.organisation_name,
            roles=list(self.roles),
        )
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": key or str(uuid.uuid4())}

    async def send(
        self, method: str, service: str, path: str, body: Json | None = None, key: str | None = None
    ) -> httpx.Response:
        """Send a request and return the answer, whatever it is."""
        url = f"{self.run.endpoints[service]}{path}"
        return await self.client.request(method, url, json=body, headers=self.headers(key))

    async def post(self, service: str, path: str, body: Json | None = None, key: str | None = None) -> Json:
        """POST and return the JSON answer. Raises StepFailedError unless it succeeds."""
        return _answer(await self.send("POST", service, path, body if body is not None else {}, key))

    async def put(self, service: str, path: str, body: Json) -> Json:
        """PUT and return the JSON answer. Raises StepFailedError unless it succeeds."""
        return _answer(await self.send("PUT", service, path, body))

    async def edit(self, service: str, path: str, edited: Callable[[Json], Json]) -> Json:
        """PUT what ``edited`` makes of the state as it is, on the condition that it still is. Raises StepFailedError."""
        url = f"{self.run.endpoints[service]}{path}"
        found = await self.client.get(url, headers=self.headers())
        body = edited(_answer(found))
        headers = {**self.headers(), "If-Match": found.headers["ETag"]}
        return _answer(await self.client.put(url, json=body, headers=headers))

    async def get(self, service: str, path: str, parameters: Mapping[str, str | int] | None = None) -> Json:
        """GET and return the JSON answer. Raises StepFailedError unless it succeeds."""
        url = f"{self.run.endpoints[service]}{path}"
        return _answer(await self.client.get(url, params=dict(parameters or {}), headers=self.headers()))


def _answer(response: httpx.Response) -> Json:
    if response.is_success:
        answer: Json = response.json()
        return answer
    message = f"{response.request.method} {response.request.url.path} answered {response.status_code}: {response.text}"
    raise StepFailedError(message)


async def eventually(what: str, look: Callable[[], Awaitable[T | None]], seconds: float = 30.0) -> T:
    """Look again and again until ``look`` returns something. Raises StepFailedError after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = await look()
        if found:
            return found
        await asyncio.sleep(0.05)
    message = f"{what}: not seen within {seconds:.0f} s"
    raise StepFailedError(message)
