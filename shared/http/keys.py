"""Where the public keys come from that tokens are checked with: a JWK set by URL or in a file (RFC 7517)."""

from __future__ import annotations

import asyncio
import ssl
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import structlog
from joserfc.jwk import Key, import_key
from prometheus_client import Counter as Metric
from prometheus_client import Gauge

from shared.errors import RetryableError

FRESH_FOR = timedelta(minutes=10)
UNKNOWN_PAUSE = timedelta(seconds=10)
FETCH_SECONDS = 5.0
SIZE_LIMIT = 256 * 1024

READS = Metric("http_token_keys_reads", "Readings of the identity provider's keys, by outcome: done, failed.", ("outcome",))
PASSED_OVER = Gauge("http_token_keys_passed_over", "Keys of the identity provider's set, as read last, that cannot be used here.")

log = structlog.get_logger()


class KeysUnavailableError(RetryableError):
    """The identity provider's keys cannot be had just now (HTTP 503): no token can be checked."""

    code = "token_keys_unavailable"


class KeySetUnfitError(ValueError):
    """The document found is no set of public keys."""


class Keys(ABC):
    """Public keys by id, kept for ten minutes.

    An unknown id asks the source once more, since keys rotate, but not more than every ten seconds: anybody can send
    unknown ids. While the source is away the keys that are known go on serving.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._keys: dict[str, tuple[Key, ...]] = {}
        self._fresh_until = float("-inf")
        self._next_look = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, kid: str) -> tuple[Key, ...]:
        """Return the keys of that id, none if it is unknown. Raises KeysUnavailableError when no keys are known at all."""
        if kid in self._keys and (self._clock() < self._fresh_until or self._lock.locked()):
            # While one caller asks a slow source the others go on with the keys that are known.
            return self._keys[kid]
        async with self._lock:
            stale = self._clock() >= self._fresh_until
            if (stale or kid not in self._keys) and self._clock() >= self._next_look:
                await self._refresh()
        if not self._keys:
            raise KeysUnavailableError("The keys of the identity provider cannot be read.")
        return self._keys.get(kid, ())

    async def _refresh(self) -> None:
        self._next_look = self._clock() + UNKNOWN_PAUSE.total_seconds()
        try:
            keys = parse_key_set(await self._read())
        except (OSError, httpx.HTTPError, KeySetUnfitError) as error:
            log.warning("token_keys_not_read", reason=f"{type(error).__name__}: {error}")
            READS.labels("failed").inc()
            return
        READS.labels("done").inc()
        self._keys = keys
        self._fresh_until = self._clock() + FRESH_FOR.total_seconds()

    @abstractmethod
    async def _read(self) -> bytes:
        """Return the document. Raises OSError, httpx.HTTPError or KeySetUnfitError."""


class FileKeys(Keys):
    """Keys in a local file."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self.path = path

    async def _read(self) -> bytes:
        return self.path.read_bytes()


class UrlKeys(Keys):
    """Keys at a URL. Redirects are not followed: the address is part of the trust, and so is who signs its certificate."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        trust: ssl.SSLContext | bool = True,
    ) -> None:
        super().__init__(clock)
        self.url = url
        self._transport = transport
        self._trust = trust

    async def _read(self) -> bytes:
        async with httpx.AsyncClient(
            verify=self._trust, transport=self._transport, timeout=FETCH_SECONDS, follow_redirects=False
        ) as client:
            response = await client.get(self.url)
        if response.status_code != httpx.codes.OK or len(response.content) > SIZE_LIMIT:
            raise KeySetUnfitError(f"{self.url} answered {response.status_code} with {len(response.content)} bytes")
        return response.content


def parse_key_set(document: bytes) -> dict[str, tuple[Key, ...]]:
    """Return the public keys for signatures of a JWK set, by id (several may share one: RFC 7517, 4.5).

    What cannot be used is passed over and counted, key by key: a curve or kind that is not known here, a malformed key, one
    without an id or for encryption, a private or symmetric one. Raises KeySetUnfitError if the document is no JWK set or holds
    no usable key.
    """
    try:
        members = orjson.loads(document)["keys"]
    except (ValueError, KeyError, TypeError) as error:
        raise KeySetUnfitError(f"not a JWK set: {type(error).__name__}") from error
    if not isinstance(members, list):
        raise KeySetUnfitError("not a JWK set: keys is no list")
    found: dict[str, tuple[Key, ...]] = {}
    passed_over: Counter[str] = Counter()
    for member in members:
        try:
            key = _usable(member)
        except Exception as error:  # noqa: BLE001 - whatever an importer raises for a foreign key, the others must go on serving
            passed_over[type(error).__name__] += 1
            continue
        found[str(key.kid)] = (*found.get(str(key.kid), ()), key)
    PASSED_OVER.set(passed_over.total())
    if passed_over:
        log.warning("token_keys_passed_over", count=passed_over.total(), reasons=dict(passed_over), usable=len(found))
    if not found:
        raise KeySetUnfitError("the key set holds no usable key for signatures")
    return found


def _usable(member: Any) -> Key:  # noqa: ANN401 - an element of foreign JSON
    """Return one key of a set, loaded, so that a malformed one is found now. Raises whatever its importer raises."""
    if member.get("kty") == "oct":
        raise KeySetUnfitError("a shared secret")
    key = import_key(member)
    if not key.kid or key.is_private or key.get("use") not in (None, "sig"):
        raise KeySetUnfitError("no public key for signatures with an id")
    key.get_op_key("verify")
    return key
