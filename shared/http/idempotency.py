"""Idempotency-Key: a request repeated with its key has one effect and gets the first answer again.

The first request with a key stores a mark (insert if absent decides the race), runs, and stores its answer under the
mark's revision. A crash leaves the mark behind; when its lease has run out the next request takes it over and runs
again. That is safe because what the operation creates has ids derived from the key.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated

import orjson
import structlog
from fastapi import Depends, Header, Request
from starlette.responses import Response

from shared import context
from shared.errors import ConflictError, MarktplatzError, RetryableError, StoreUnavailableError
from shared.http.auth import Caller, authenticated
from shared.http.problem import RefusedRequestError, problem_of
from shared.ids import derived_id
from shared.store.port import Collection, Document, Index, Query, Save, Store

COLLECTION = Collection("idempotency", (Index("expiry", ("expires_at",)),))
KEPT = timedelta(days=31)
LEASE = timedelta(seconds=60)
RETRY_AFTER_SECONDS = 1
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_NOT_REPLAYED = frozenset({"content-length", "content-type"})

Operation = Callable[[], Awaitable[Response]]

log = structlog.get_logger()

_Header = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Unique text of the client's choice (1-128 visible characters, best a UUID); send it again with a repeat.",
    ),
]


class OperationRunningError(ConflictError, RefusedRequestError):
    """The first request with this key is still at work (HTTP 409); ask again a moment later."""

    def __init__(self) -> None:
        RefusedRequestError.__init__(
            self,
            "The first request with this Idempotency-Key is still at work.",
            status=409,
            code="idempotency_key_in_use",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )


class Idempotency:
    """Dependency of an operation that changes something. The caller is authenticated before any stored answer is looked up."""

    def __init__(self, request: Request, caller: Annotated[Caller, Depends(authenticated)], _key: _Header = None) -> None:
        self.request = request
        self.caller = caller
        self.key = _key_of(request)

    def required(self) -> None:
        """Return if there is a key. Raises RefusedRequestError (400)."""
        if self.key is None:
            raise RefusedRequestError(
                "This request needs an Idempotency-Key header, so that a repeat is recognised.",
                status=400,
                code="idempotency_key_missing",
            )

    def derived_id(self, kind: str) -> str:
        """Return the id of what the operation creates: the same for each repeat with the key, random without a key."""
        if self.key is None:
            return str(uuid.uuid4())
        return derived_id("idempotency", kind, self.caller.organisation, self.caller.subject, self._operation(), self.key)

    async def run(self, operation: Operation) -> Response:
        """Run the operation once per key and return its answer, or the stored one. Without a key it just runs.

        Refusals (4xx) are stored and replayed as answers; errors of ours (5xx) are not, so that a repeat tries anew.
        Raises RefusedRequestError 422 when the key came with another request before, 409 while that one is at work.
        """
        if self.key is None:
            return await operation()
        return await _Run(self, await self._fingerprint()).answer(operation)

    def document_id(self) -> str:
        """Return the id of the mark: tenant, person, operation, key."""
        return self.derived_id("mark")

    def _operation(self) -> str:
        route = self.request.scope.get("route")
        return f"{self.request.method} {getattr(route, 'path', self.request.url.path)}"

    async def _fingerprint(self) -> str:
        """Return the hash of all that makes up the request: path, query and body, the body's layout left aside."""
        body = await self.request.body()
        try:
            body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS) if body else b""
        except orjson.JSONDecodeError:
            log.debug("body_hashed_as_it_is")
        url = self.request.url
        return hashlib.sha256(b"\x00".join((url.path.encode(), url.query.encode(), body))).hexdigest()


class _Run:
    """One passage of a keyed request through its mark."""

    def __init__(self, idempotency: Idempotency, fingerprint: str) -> None:
        state = idempotency.request.app.state
        self.store: Store = state.store
        self.now: Callable[[], datetime] = state.clock
        self.path = idempotency.request.url.path
        self.id = idempotency.document_id()
        self.roles = {role.value for role in idempotency.caller.roles}
        self.fingerprint = fingerprint

    async def answer(self, operation: Operation) -> Response:
        """Take the mark and run, or return the stored answer."""
        mark = self._mark(rev=1)
        if not await self.store.insert_many(COLLECTION, [mark]):
            found = await self.store.get(COLLECTION, self.id)
            if found is None:
                raise OperationRunningError
            replay = self._stored_answer(found)
            if replay is not None:
                # Rights are checked again: who has lost a role since gets what the operation says now. What it did, it does not
                # do twice, and the answer that is kept stays.
                return replay if self.roles.issuperset(found.get("roles", ())) else await operation()
            mark = self._mark(rev=found["rev"] + 1)
            if await self.store.save_many(COLLECTION, [Save(mark, expected_rev=found["rev"])]):
                raise OperationRunningError
        return await self._run(operation, mark)

    def _stored_answer(self, found: Document) -> Response | None:
        """Return the answer to replay, None if the mark may be taken over. Raises for another body or a running request."""
        now = self.now()
        if found["expires_at"] <= now:
            return None
        if found["fingerprint"] != self.fingerprint:
            raise RefusedRequestError(
                "This Idempotency-Key came with another request before. Use a new key for a new request.",
                status=422,
                code="idempotency_key_reused",
            )
        if found["answer"] is not None:
            stored = found["answer"]
            headers = {**dict(stored["headers"]), "Idempotency-Replayed": "true"}
            return Response(stored["body"], stored["status"], headers, stored["media_type"])
        if found["lease_until"] > now:
            raise OperationRunningError
        return None

    async def _run(self, operation: Operation, mark: Document) -> Response:
        token = context.request.set(context.Request(self.id))
        try:
            response = await operation()
        except RetryableError:
            await self._release(mark)
            raise
        except MarktplatzError as error:
            if error.status >= 500:  # noqa: PLR2004 - class of HTTP status
                await self._release(mark)
                raise
            response = problem_of(error, self.path)
        except Exception:
            await self._release(mark)
            raise
        finally:
            context.request.reset(token)
        if response.status_code >= 500:  # noqa: PLR2004 - class of HTTP status
            await self._release(mark)
        else:
            await self._keep(mark, response)
        return response

    async def _keep(self, mark: Document, response: Response) -> None:
        answer: Document = {
            "status": response.status_code,
            "headers": [[name, value] for name, value in response.headers.items() if name not in _NOT_REPLAYED],
            "media_type": response.headers.get("content-type"),
            "body": bytes(response.body).decode(),
        }
        await self._save({**mark, "answer": answer})

    async def _release(self, mark: Document) -> None:
        await self._save({**mark, "lease_until": self.now()})

    async def _save(self, mark: Document) -> None:
        """Save the outcome if the mark is still ours. The answer goes out in any case: a repeat would give the same."""
        try:
            await self.store.save_many(COLLECTION, [Save({**mark, "rev": mark["rev"] + 1}, expected_rev=mark["rev"])])
        except StoreUnavailableError:
            log.warning("idempotency_outcome_not_saved", mark=self.id)

    def _mark(self, rev: int) -> Document:
        now = self.now()
        return {
            "_id": self.id,
            "rev": rev,
            "fingerprint": self.fingerprint,
            "roles": sorted(self.roles),
            "lease_until": now + LEASE,
            "expires_at": now + KEPT,
            "answer": None,
        }


async def purge_expired(store: Store, now: datetime, limit: int = 1000) -> int:
    """Delete all marks whose time is up, ``limit`` at once, and return how many; work for a Periodic."""
    deleted = 0
    while expired := await store.find(COLLECTION, Query("expiry", below=now, limit=limit)):
        deleted += await store.delete(COLLECTION, [mark["_id"] for mark in expired])
        if len(expired) < limit:
            break
    return deleted


def _key_of(request: Request) -> str | None:
    headers = request.headers.getlist("idempotency-key")
    if not headers:
        return None
    # The IETF draft writes the key as a quoted structured-field string; many clients send it bare.
    key = headers[0].strip()
    if len(key) > 1 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if len(headers) > 1 or not _KEY.fullmatch(key):
        raise RefusedRequestError(
            "The Idempotency-Key header must be one text of 1 to 128 visible ASCII characters.",
            status=400,
            code="idempotency_key_invalid",
        )
    return key
