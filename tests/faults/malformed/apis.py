"""The five APIs in one process, with stores that hold the reference data only, as clients of any kind meet them."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from marktplatz.assembly import BUILDERS, ServiceName
from marktplatz.loading import LOADERS
from shared.bus.mirror.content import Content
from shared.clock import now
from shared.http import idempotency, limits
from shared.http.app import create_app
from shared.messages.values import Role
from shared.process.service import Resources, Service
from shared.store.sqlite.store import SqliteStore
from tests.support.desk import MemoryDesk
from tests.support.http import FakeAuthenticator, FixedHealth
from tests.support.publisher import RecordingPublisher

DATA = Path("data")
ANSWER_BYTES = 256 * 1024
REFUSAL_BYTES = 16 * 1024
ROLES = "+".join(role.value for role in Role)
CALLERS = (f"erika/010540056056/{ROLES}", f"gerd/govdigital/{ROLES}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as the OpenAPI document of its service describes it."""

    service: ServiceName
    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    body: dict[str, Any] | None

    def __str__(self) -> str:
        return f"{self.service.value} {self.method} {self.path}"


def app_of(service: ServiceName, store: SqliteStore) -> tuple[Service, FastAPI]:
    """Return a service and its API."""
    built = BUILDERS[service](Resources(store, RecordingPublisher(), DATA, desk=MemoryDesk()))
    return built, create_app(
        built.name, built.router, title=built.title, authenticator=FakeAuthenticator(), store=store, health=FixedHealth()
    )


@asynccontextmanager
async def running(service: ServiceName) -> AsyncIterator[FastAPI]:
    """Give the API of a service with a store that holds the reference data only."""
    store = SqliteStore(None)
    built, app = app_of(service, store)
    await store.prepare([*built.collections, idempotency.COLLECTION])
    for mirror in built.mirrors:  # there is no broker: an empty topic, read through
        mirror.content = Content(mirror.member, dict.fromkeys(range(mirror.topic.partitions), 0), now())
    if service in LOADERS:
        await LOADERS[service][1](store, DATA, lambda _kind, _done, _total: None)
    try:
        yield app
    finally:
        await store.close()


@functools.cache
def document(service: ServiceName) -> dict[str, Any]:
    """Return the OpenAPI document of a service."""
    return app_of(service, SqliteStore(None))[1].openapi()


def operations(service: ServiceName, described: dict[str, Any]) -> list[Operation]:
    """Return every operation of a document."""
    return [
        Operation(
            service,
            method.upper(),
            path,
            tuple(operation.get("parameters", ())),
            operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema"),
        )
        for path, item in described["paths"].items()
        for method, operation in item.items()
    ]


def judge(answer: httpx.Response, reported: str) -> None:
    """Fail unless the answer is bounded and no error of ours; a refusal must be a small problem with a code."""
    assert answer.status_code < 500, f"{reported}: {answer.status_code} {answer.text[:500]}"
    assert len(answer.content) <= ANSWER_BYTES, f"{reported}: {len(answer.content)} bytes"
    if answer.status_code >= 400:
        assert len(answer.content) <= REFUSAL_BYTES, f"{reported}: {len(answer.content)} bytes"
        assert answer.headers["content-type"] == "application/problem+json", reported
        problem = answer.json()
        assert problem["status"] == answer.status_code, reported
        assert problem["code"], reported
        assert len(problem.get("errors", [])) <= limits.ERRORS_NAMED, reported
