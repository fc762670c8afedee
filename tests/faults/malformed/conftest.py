"""The five APIs, started once for all tests: what they refuse leaves nothing behind."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi import FastAPI

from marktplatz.assembly import BUILDERS, ServiceName
from shared.key_file import ensure_key_file
from tests.faults.malformed.apis import running


@pytest_asyncio.fixture(scope="session")
async def apps(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[ServiceName, FastAPI]]:
    """Start every API, with all that it may be given."""
    keys = tmp_path_factory.mktemp("keys") / "webhooks"
    ensure_key_file(keys)
    async with contextlib.AsyncExitStack() as stack:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("NOTIFY_WEBHOOK_KEYS", str(keys))
            started = {service: await stack.enter_async_context(running(service)) for service in BUILDERS}
        yield started
