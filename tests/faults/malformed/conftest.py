"""The five APIs, started once for all tests: what they refuse leaves nothing behind."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest_asyncio
from fastapi import FastAPI

from marktplatz.assembly import BUILDERS, ServiceName
from tests.faults.malformed.apis import running


@pytest_asyncio.fixture(scope="session")
async def apps() -> AsyncIterator[dict[ServiceName, FastAPI]]:
    """Start every API."""
    async with contextlib.AsyncExitStack() as stack:
        yield {service: await stack.enter_async_context(running(service)) for service in BUILDERS}
