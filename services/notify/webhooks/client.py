"""One HTTP request to a receiver: to checked addresses only, no redirects, nothing of the answer but its status."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import httpcore
import httpx

from services.notify.domain.webhook import GONE, UNREACHABLE, Attempt
from services.notify.webhooks.addresses import AddressRefusedError, Guard, GuardedBackend, Resolver, system_resolver
from shared.errors import InvalidError

REFUSED_ADDRESS = "webhook_address_refused"
TIMED_OUT = "webhook_timed_out"
REDIRECTED = "webhook_redirected"
REFUSED = "webhook_refused"
_TAKEN = range(200, 300)
_REDIRECTIONS = range(300, 400)
USER_AGENT = "EfA-Marktplatz-Webhooks/1"


class WebhookClient:
    """Posts to receivers. ``timeout`` bounds a request as a whole, from the resolving of the name on."""

    def __init__(
        self,
        guard: Guard,
        timeout: timedelta,
        steady: Callable[[], float],
        resolve: Resolver = system_resolver,
        trust: ssl.SSLContext | None = None,
        backend: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self.guard = guard
        self._seconds = timeout.total_seconds()
        self._steady = steady
        self._resolve = resolve
        self._trust = trust
        self._backend = backend

    async def post(self, url: str, headers: Mapping[str, str], content: bytes, at: datetime) -> Attempt:
        """Post and return what came of it; ``code`` is None if the receiver took it (2xx)."""
        begun = self._steady()
        status: int | None = None
        code: str | None = None
        try:
            async with asyncio.timeout(self._seconds):
                status = await self._status(url, headers, content)
            if status not in _TAKEN:
                code = GONE if status == httpx.codes.GONE else REDIRECTED if status in _REDIRECTIONS else REFUSED
        except (AddressRefusedError, InvalidError):
            code = REFUSED_ADDRESS
        except (TimeoutError, httpcore.TimeoutException):
            code = TIMED_OUT
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            code = UNREACHABLE
        return Attempt(at=at, status=status, code=code, latency_ms=max(0, round((self._steady() - begun) * 1000)))

    async def _status(self, url: str, headers: Mapping[str, str], content: bytes) -> int:
        target = self.guard.target(url)
        https = target.scheme == "https"
        backend = GuardedBackend(self.guard, self._resolve, https=https, inner=self._backend)
        if https and self._trust is None:
            self._trust = httpx.create_ssl_context(trust_env=False)
        sent = {"content-type": "application/json", "user-agent": USER_AGENT, **headers}
        # A connection of its own for each request: what was checked once is not relied on later.
        async with (
            httpcore.AsyncConnectionPool(ssl_context=self._trust, max_keepalive_connections=0, network_backend=backend) as pool,
            pool.stream("POST", target.url, headers=_with_host(target.host, target.port, sent), content=content) as response,
        ):
            status: int = response.status
            return status


def _with_host(host: str, port: int, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    name = f"[{host}]" if ":" in host else host
    return [("host", name if port in (80, 443) else f"{name}:{port}"), *headers.items()]
