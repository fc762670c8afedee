"""A portal on a port of this machine, over services in this process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import uvicorn

from services.portal.app import portal
from services.portal.settings import Settings
from shared.http.site import create_site
from shared.process.service import Resources
from shared.process.serving import Server
from shared.store.port import Store
from tests.support.http import FixedHealth
from tests.support.publisher import RecordingPublisher
from tests.support.showcase import DATA


def address_of(listening: socket.socket) -> str:
    """Return the address that is served at a socket."""
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@asynccontextmanager
async def served(
    listening: socket.socket,
    store: Store,
    transports: Mapping[str, httpx.AsyncBaseTransport],
    clock: Callable[[], datetime],
    **settings: Any,
) -> AsyncIterator[str]:
    """Serve the portal at a socket and give its address."""
    url = address_of(listening)
    resources = Resources(store, RecordingPublisher(), DATA, clock=clock)
    service = portal(resources, Settings(public_url=url, **settings), transports)
    assert service.site is not None
    app = create_site(service.name, service.router, service.site, title=service.title, health=FixedHealth())
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield url
    server.should_exit = True
    await serving
