"""The bounded connection: uvicorn's protocol, with a limit on what is not body and a deadline for head and body.

uvicorn's httptools protocol has neither: a client may send a head or trailer of any length, as slowly as it likes.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.http import limits


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Beyond a bound it is answered 431 or 408, without a look at the rest, and closed."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **options)
        self._bytes = 0
        """What came since the head began, or since the last of the body: head, sizes of chunks, trailer."""
        self._in_head = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._expect(limits.HEAD_TIME.total_seconds(), "The head of the request took too long.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._end_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand on what arrives; of what is not body no more than its limit."""
        while data and not self.transport.is_closing():
            room = limits.HEAD_BYTES - self._bytes
            if room <= 0:
                self._refuse(b"431 Request Header Fields Too Large", b"The head or the trailer of the request is too long.")
                return
            piece, data = data[:room], data[room:]
            self._bytes += len(piece)
            super().data_received(piece)

    def on_message_begin(self) -> None:
        """Begin a head; of a connection kept alive the deadline begins now, not while it is idle."""
        super().on_message_begin()
        self._in_head, self._bytes = True, 0
        if self._deadline is None:
            self._expect(limits.HEAD_TIME.total_seconds(), "The head of the request took too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. Fields of a trailer are passed over: they must not count as headers (RFC 9110, 6.5.1)."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the head, begin the body."""
        self._in_head, self._bytes = False, 0
        self._end_deadline()
        self._expect(limits.BODY_TIME.total_seconds(), "The body of the request took too long.")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, which has a limit of its own."""
        self._bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the body."""
        self._end_deadline()
        self._in_head, self._bytes = True, 0
        super().on_message_complete()

    def _expect(self, seconds: float, text: str) -> None:
        self._deadline = self.loop.call_later(seconds, self._refuse, b"408 Request Timeout", text.encode())

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: bytes, text: bytes) -> None:
        self._end_deadline()
        if self.transport.is_closing():
            return
        if not self._answering():
            self.transport.write(
                b"HTTP/1.1 %b\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
                % (status, len(text), text)
            )
        self.transport.close()

    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and cycle.response_started and not cycle.response_complete
