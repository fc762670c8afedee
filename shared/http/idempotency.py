"""Idempotency-Key: a request repeated with its key has one effect and gets the first answer again.

The first request with a key stores a mark (insert if absent decides the race), runs, and stores its answer under the
mark's revision. While it runs, its process raises that revision every half second. A crash leaves the mark behind: the next
request sees at once that its own process holds it no longer, or watches for two seconds of its own clock that nobody raises
it, takes it over and runs again. That is safe even if the first was only slow: what the operation creates has ids derived
from the key, and the ledger knows the changes of a request by its name.

An answer that is not replayed as it was (the token has fewer rights now, the answer was too long to be stored, or shows a
secret) is computed again by the operation with ``context.Request.settled`` set: it answers what it would answer, and changes
nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

import orjson
import structlog
from fastapi import Depends, Header, Request
from starlette.responses import Response

from shared.errors import ConflictError, MarktplatzError, RetryableError, StoreUnavailableError
from shared.http.auth import Caller, Person, authenticated, identified
from shared.http.problem import RefusedRequestError, problem_of
from shared.ids import derived_id
from shared.store.port import Collection, Document, Index, Query, Save, Store
from shared.tracing import context

COLLECTION = Collection("idempotency", (Index("expiry", ("expires_at",)),))
RETENTION = timedelta(days=31)
BEAT = timedelta(seconds=0.5)
SILENCE = timedelta(seconds=2)
ANSWER_LIMIT = 16 * 1024
"""Bytes of an answer that are stored; a longer one is computed again for a repeat."""
RETRY_AFTER_SECONDS = 1
NOT_FOUND = 404
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_NOT_REPLAYED = frozenset({"content-length", "content-type"})

_FORMER_LEASE = timedelta(seconds=60)
"""What versions before this one go by while they run beside it."""

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


@dataclass(frozen=True, slots=True)
class Holder:
    """The process of an API as holder of marks: its name, new at each start, and the marks of the requests it is working on."""

    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    running: set[str] = field(default_factory=set)


class Idempotency:
    """A request for an operation that changes something: who asks, and the key that names it. Raises what its key comes to."""

    def __init__(self, request: Request, caller: Caller) -> None:
        self.request = request
        self.caller = caller
        self.key = _key_of(request)

    def derived_id(self, kind: str) -> str:
        """Return the id of what the operation creates: the same for each repeat with the key, random without a key."""
        if self.key is None:
            return str(uuid.uuid4())
        return derived_id("idempotency", kind, self.caller.organisation, self.caller.subject, self._operation(), self.key)

    async def run(self, operation: Operation, *, secret: bool = False) -> Response:
        """Run the operation once per key and return its answer, or the stored one. Without a key it just runs.

        ``secret``: its good answer shows what is stored nowhere, so it is computed again for a repeat.

        Refusals (4xx) are stored and replayed as answers; errors of ours (5xx) are not, nor is a 404: what is not there yet may
        come within moments, as services follow each other. A repeat of those tries again.
        Raises RefusedRequestError 422 when the key came with another request before, 409 while that one is at work.
        """
        if self.key is None:
            return await operation()
        return await _Run(self, await self._fingerprint(), secret=secret).answer(operation)

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


async def idempotency_of(
    request: Request, caller: Annotated[Caller, Depends(authenticated)], _key: _Header = None
) -> Idempotency:
    """Return what runs an operation once. The caller is authenticated before any stored answer is looked up.

    Raises RefusedRequestError (400) for a malformed key or several.
    """
    return Idempotency(request, caller)


async def needed_idempotency_of(idempotency: Annotated[Idempotency, Depends(idempotency_of)]) -> Idempotency:
    """Return the same for an operation that makes something new, which a repeat must not make twice.

    Raises what ``idempotency_of`` raises, and RefusedRequestError (400) without a key.
    """
    if idempotency.key is None:
        raise RefusedRequestError(
            "This request needs an Idempotency-Key header, so that a repeat is recognised.",
            status=400,
            code="idempotency_key_missing",
        )
    return idempotency


async def person_idempotency_of(
    request: Request, person: Annotated[Person, Depends(identified)], _key: _Header = None
) -> Idempotency:
    """Return the same for an operation of a person who need not act for any organisation yet. Raises as ``idempotency_of``."""
    return Idempotency(request, person if isinstance(person, Caller) else Caller(person.subject, "", "", frozenset()))


class _Run:
    """One passage of a keyed request through its mark."""

    def __init__(self, idempotency: Idempotency, fingerprint: str, *, secret: bool) -> None:
        state = idempotency.request.app.state
        self.secret = secret
        self.store: Store = state.store
        self.now: Callable[[], datetime] = state.clock
        self.holder: Holder = state.idempotency
        self.path = idempotency.request.url.path
        self.id = idempotency.document_id()
        self.roles = {role.value for role in idempotency.caller.roles}
        self.fingerprint = fingerprint
        self.mark: Document = {}
        self._lock = asyncio.Lock()

    async def answer(self, operation: Operation) -> Response:
        """Claim the key and run, or return the stored answer."""
        if self.id in self.holder.running:
            raise await self._busy()
        self.holder.running.add(self.id)
        try:
            self.mark = self._new(rev=1)
            if await self.store.insert_many(COLLECTION, [self.mark]):
                return await self._run(operation, context.Request(self.id))
            found = await self._settled()
            if found["expires_at"] > self.now() and found["answer"] is not None:
                return await self._replay(found["answer"], set(found.get("roles", ())), operation)
            self.mark = self._new(rev=found["rev"] + 1)
            if await self.store.save_many(COLLECTION, [Save(self.mark, expected_rev=found["rev"])]):
                raise OperationRunningError
            return await self._run(operation, context.Request(self.id, repeat=True))
        finally:
            self.holder.running.discard(self.id)

    async def _busy(self) -> RefusedRequestError:
        found = await self.store.get(COLLECTION, self.id)
        if found is not None:
            self._check(found)
        return OperationRunningError()

    async def _settled(self) -> Document:
        """Return the mark once it holds an answer or nobody works under it. Raises for another body or a running request."""
        found = await self._found()
        holder = found.get("holder", "a version before this one")
        if found["answer"] is not None or holder in (None, self.holder.name):
            return found
        loop = asyncio.get_running_loop()
        until = loop.time() + SILENCE.total_seconds()
        while loop.time() < until:
            await asyncio.sleep(BEAT.total_seconds() / 2)
            current = await self._found()
            if current["answer"] is not None:
                return current
            if current["rev"] != found["rev"]:
                raise OperationRunningError
        return found

    async def _found(self) -> Document:
        found = await self.store.get(COLLECTION, self.id)
        if found is None:
            raise OperationRunningError
        self._check(found)
        return found

    def _check(self, found: Document) -> None:
        if found["expires_at"] > self.now() and found["fingerprint"] != self.fingerprint:
            raise RefusedRequestError(
                "This Idempotency-Key came with another request before. Use a new key for a new request.",
                status=422,
                code="idempotency_key_reused",
            )

    async def _replay(self, stored: Document, roles: set[str], operation: Operation) -> Response:
        """Return the stored answer, or the operation's present one if that may not or cannot be shown; no second effect."""
        headers = {**dict(stored["headers"]), "Idempotency-Replayed": "true"}
        stored_answer = Response(stored["body"], stored["status"], headers, stored["media_type"])
        if stored["body"] is not None and self.roles.issuperset(roles):
            return stored_answer
        with context.bound(context.request, context.Request(self.id, settled=True)):
            present = await operation()
        return stored_answer if stored["status"] >= 400 else present  # noqa: PLR2004 - class of HTTP status

    async def _run(self, operation: Operation, request: context.Request) -> Response:
        async with self._beating():
            try:
                with context.bound(context.request, request):
                    response = await operation()
            except RetryableError:
                await self._release()
                raise
            except MarktplatzError as error:
                if error.status >= 500:  # noqa: PLR2004 - class of HTTP status
                    await self._release()
                    raise
                response = problem_of(error, self.path)
            except Exception:
                await self._release()
                raise
            if response.status_code >= 500 or response.status_code == NOT_FOUND:  # noqa: PLR2004 - class of HTTP status
                await self._release()
            else:
                await self._keep(response)
            return response

    @contextlib.asynccontextmanager
    async def _beating(self) -> AsyncIterator[None]:
        """Show others that this process is at work, as long as it is."""
        task = asyncio.create_task(self._beat(), name="idempotency-beat")
        try:
            yield
        finally:
            task.cancel()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT.total_seconds())
            await self._save({})

    async def _keep(self, response: Response) -> None:
        body = bytes(response.body)
        is_hidden = self.secret and response.status_code < 400  # noqa: PLR2004 - class of HTTP status
        answer: Document = {
            "status": response.status_code,
            "headers": [[name, value] for name, value in response.headers.items() if name not in _NOT_REPLAYED],
            "media_type": response.headers.get("content-type"),
            "body": None if is_hidden or len(body) > ANSWER_LIMIT else body.decode(),
        }
        await self._save({"answer": answer})

    async def _release(self) -> None:
        await self._save({"holder": None, "lease_until": self.now()})

    async def _save(self, change: Document) -> None:
        """Save the mark if it is still ours. The answer goes out in any case: a repeat would give the same."""
        async with self._lock:
            rev = self.mark["rev"]
            mark = {**self.mark, **change, "rev": rev + 1}
            try:
                if not await self.store.save_many(COLLECTION, [Save(mark, expected_rev=rev)]):
                    self.mark = mark
            except StoreUnavailableError:
                log.warning("idempotency_outcome_not_saved", mark=self.id)

    def _new(self, rev: int) -> Document:
        now = self.now()
        return {
            "_id": self.id,
            "rev": rev,
            "holder": self.holder.name,
            "fingerprint": self.fingerprint,
            "roles": sorted(self.roles),
            "lease_until": now + _FORMER_LEASE,
            "expires_at": now + RETENTION,
            "answer": None,
        }


async def purge_expired(store: Store, now: datetime, limit: int = 1000) -> int:
    """Delete all marks whose time is up, ``limit`` at once, and return how many; work for a Periodic."""
    deleted = 0
    while expired := await store.find(COLLECTION, Query("expiry", below=now, limit=limit, only=("expires_at",))):
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
