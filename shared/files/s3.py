"""Files in a bucket of an S3-compatible store, addressed by path, signed with AWS Signature Version 4."""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import httpx
import structlog
from httpx_auth import AWS4Auth

from shared.errors import InvalidError
from shared.files.port import LARGEST, FilesUnavailableError, require_content, require_name, too_large, verified
from shared.retry import RetryPolicy

_RETRY = RetryPolicy(timedelta(seconds=0.2), timedelta(seconds=5))
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Statuses that the same request may not get a moment later."""
_CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,80})</Code>")
_FAULT_BYTES = 16 * 1024
_NO_OBJECT = "NoSuchKey"
_PLAIN = {"Accept-Encoding": "identity"}

log = structlog.get_logger()


class S3Keys:
    """The key of the bucket, in two files of a mounted secret."""

    def __init__(self, access_key: Path, secret_key: Path) -> None:
        self.paths = (access_key, secret_key)

    def read(self) -> tuple[str, str]:
        """Return access key and secret key as they are now. Raises InvalidError (``files_key_unreadable``)."""
        found = []
        for path in self.paths:
            with suppress(OSError, ValueError):
                found.append(path.read_text(encoding="ascii").strip())
        if len(found) < len(self.paths) or not all(found):
            raise InvalidError(
                f"a key of the S3-compatible store is missing or empty: {self.paths[0]}, {self.paths[1]} "
                "(FILES_S3_ACCESS_KEY_FILE, FILES_S3_SECRET_KEY_FILE); mount the secret there",
                code="files_key_unreadable",
            )
        return found[0], found[1]


class S3Files:
    """One object per file, ``<folder>/<name>``. A write is atomic there, and the store compares it with its signed SHA-256.

    What passes is repeated with pauses until ``patience`` is over; everything else but a missing object is a fault of the
    configuration, and is logged with the code of the store.
    """

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        folder: str,
        keys: S3Keys,
        *,
        region: str,
        trust: ssl.SSLContext | bool = True,
        timeout: timedelta = timedelta(seconds=10),
        patience: timedelta = timedelta(seconds=20),
    ) -> None:
        self.bucket_url = f"{endpoint.rstrip('/')}/{bucket}"
        self.folder = folder
        self.keys = keys
        self.region = region
        self.timeout = timeout.total_seconds()
        self.patience = patience.total_seconds()
        self._trust = trust

    async def put(self, name: str, content: bytes) -> None:
        """Write a file. Raises ValueError, FilesUnavailableError."""
        require_content(name, content)
        await self._done("PUT", self._url(name), content)

    async def get(self, name: str) -> bytes | None:
        """Return a file, None if there is none. Raises FileDamagedError, FilesUnavailableError."""
        content = await self._done("GET", self._url(name))
        if content is None:
            return None
        if len(content) > LARGEST:
            raise too_large(name)
        return verified(name, content)

    async def ping(self) -> None:
        """List at most one object of the bucket. Raises FilesUnavailableError."""
        await self._done("GET", f"{self.bucket_url}?list-type=2&max-keys=1")

    def _url(self, name: str) -> str:
        return f"{self.bucket_url}/{self.folder}/{require_name(name)}"

    async def _done(self, method: str, url: str, content: bytes = b"") -> bytes | None:
        """Return the body of the answer, None if there is no such object. Raises FilesUnavailableError."""
        pauses = _RETRY.pauses()
        now = asyncio.get_running_loop().time
        deadline = now() + self.patience
        while True:
            try:
                async with asyncio.timeout_at(min(deadline, now() + self.timeout)):
                    status, body = await self._answer(method, url, content)
            except (OSError, httpx.TransportError) as error:
                passes, fault = True, type(error).__name__
            else:
                code = found[1].decode() if (found := _CODE.search(body, 0, _FAULT_BYTES)) else ""
                if status == HTTPStatus.OK:
                    return body
                if status == HTTPStatus.NOT_FOUND and code == _NO_OBJECT:
                    return None
                passes, fault = status in _PASSING, f"{status} {code}".rstrip()
            pause = next(pauses)
            if not passes or now() + pause >= deadline:
                log.error("files_unavailable", method=method, bucket=self.bucket_url, fault=fault)
                raise FilesUnavailableError(f"the bucket {self.bucket_url} cannot be used: {fault}")
            await asyncio.sleep(pause)

    async def _answer(self, method: str, url: str, content: bytes) -> tuple[int, bytes]:
        """Return status and body of one request; of a body not more than makes clear that it is too long."""
        try:
            access_key, secret_key = self.keys.read()
        except InvalidError as error:
            raise FilesUnavailableError(error.detail) from error
        auth = AWS4Auth(access_key, secret_key, self.region, "s3")
        async with (
            httpx.AsyncClient(verify=self._trust, timeout=self.timeout) as client,
            client.stream(method, url, content=content, headers=_PLAIN, auth=auth) as answer,
        ):
            parts, size = [], 0
            async for part in answer.aiter_raw():
                parts.append(part)
                size += len(part)
                if size > LARGEST:
                    break
            return answer.status_code, b"".join(parts)
