"""An API on a port of this machine, on the connections that the runtime uses, and raw bytes sent to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from shared.http.connection import BoundedProtocol


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[tuple[uvicorn.Server, int]]:
    """Serve the API on a free port, and give server and port."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, http=BoundedProtocol, timeout_keep_alive=75, lifespan="off"
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield server, server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        await task


async def answer_to(port: int, *pieces: bytes) -> bytes:
    """Send raw bytes and return the beginning of what is answered, nothing if the connection is cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            try:
                await writer.drain()
            except ConnectionError:
                break
        async with asyncio.timeout(30):
            return await reader.read(65536)
    except ConnectionError:
        return b""
    finally:
        writer.close()
