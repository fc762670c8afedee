"""A TCP proxy that resets its connections, or lets them stand without a word, when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from marktplatz.infrastructure.broker_process import HOST

_RESET = struct.pack("ii", 1, 0)
_CHUNK = 64 * 1024


class _Link:
    """One connection with its two directions."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.writers = near, far
        self.flowing = asyncio.Event()
        self.flowing.set()

    def reset(self) -> None:
        for writer in self.writers:
            found = writer.get_extra_info("socket")
            if found is not None and found.fileno() >= 0:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
        self.flowing.set()


class TcpProxy:
    """Context manager: listens on ``port`` of the loopback interface and passes everything on to ``upstream``, another port.

    It runs on a loop and a thread of its own, so that no loop under test is the one that moves the bytes. Its methods are
    called from any thread.
    """

    def __init__(self, port: int, upstream: Callable[[], int]) -> None:
        self._port, self._upstream = port, upstream
        self._links: set[_Link] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{port}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._accept, HOST, self._port)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(30)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._call(self._server.close)
        self.reset()
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    def reset(self) -> int:
        """Reset all connections at once, as a firewall does that has lost its state; return how many there were."""
        return self._call(self._reset)

    def silence(self) -> int:
        """Pass nothing on any more on the connections there are now, without closing them; return how many there were."""
        return self._call(self._silence)

    def _call(self, function: Callable[[], object]) -> int:
        async def call() -> object:
            return function()

        result = asyncio.run_coroutine_threadsafe(call(), self._loop).result(30)
        return result if isinstance(result, int) else 0

    def _reset(self) -> int:
        links = list(self._links)
        for link in links:
            link.reset()
        return len(links)

    def _silence(self) -> int:
        for link in self._links:
            link.flowing.clear()
        return len(self._links)

    async def _ended(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            far_reader, far = await asyncio.open_connection(HOST, self._upstream())
        except OSError:
            near.transport.abort()
            return
        link = _Link(near, far)
        self._links.add(link)
        try:
            await asyncio.gather(_pump(link, reader, far), _pump(link, far_reader, near))
        finally:
            self._links.discard(link)
            near.transport.abort()
            far.transport.abort()


async def _pump(link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            await link.flowing.wait()
            writer.write(data)
            await writer.drain()
    # One end has closed: so does the other, also when nothing flows any more.
    for other in link.writers:
        other.close()
