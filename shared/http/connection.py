"""The bounded connection: uvicorn's protocol, with a limit on what is not body and a deadline for head and body.

uvicorn's httptools protocol has neither: a client may send a head or trailer of any length, as slowly as it likes.
What is refused here never reaches the application, so the problem answer (RFC 9457) is written here too.
"""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.http import limits
from shared.http.problem import RETRY_AFTER_SECONDS, problem

_CLOSE = {"Connection": "close"}


def _refusal(status: HTTPStatus, code: str, detail: str) -> Response:
    return problem(status, code, detail, instance="", headers=_CLOSE)


_TOO_LARGE = _refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "headers_too_large",
    f"The head or the trailer of the request is longer than {limits.HEAD_BYTES} bytes.",
)
_SLOW_HEAD = _refusal(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", "The head of the request took too long.")
_SLOW_BODY = _refusal(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", "The body of the request took too long.")
_MALFORMED = _refusal(HTTPStatus.BAD_REQUEST, "request_malformed", "The bytes received are no HTTP/1.1 request.")
_OVERLOADED: ASGIApp = problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "overloaded",
    "This process has as many connections as it takes; the same request may succeed later.",
    instance="",
    headers={**_CLOSE, "Retry-After": str(RETRY_AFTER_SECONDS)},
)


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Beyond a bound it is answered 431, 408, 400 or 503, without a look at the rest, and closed."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **options)
        self._served = self.app
        self._bytes = 0
        """What came since the head began, or since the last of the body: head, sizes of chunks, trailer."""
        self._in_head = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        if len(self.connections) > limits.CONNECTIONS + limits.CONNECTIONS_REFUSED:
            transport.abort()
            return
        self._expect(limits.HEAD_TIME.total_seconds(), _SLOW_HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._end_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand on what arrives; of what is not body no more than its limit."""
        while data and not self.transport.is_closing():
            room = limits.HEAD_BYTES - self._bytes
            if room <= 0:
                self._refuse(_TOO_LARGE)
                return
            piece, data = data[:room], data[room:]
            self._bytes += len(piece)
            super().data_received(piece)

    def on_message_begin(self) -> None:
        """Begin a head; of a connection kept alive the deadline begins now, not while it is idle."""
        super().on_message_begin()
        self._in_head, self._bytes = True, 0
        if self._deadline is None:
            self._expect(limits.HEAD_TIME.total_seconds(), _SLOW_HEAD)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header. Fields of a trailer are skipped: they must not count as headers (RFC 9110, 6.5.1)."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the head, begin the body."""
        self._in_head, self._bytes = False, 0
        self._end_deadline()
        self.app = self._served if len(self.connections) <= limits.CONNECTIONS else _OVERLOADED
        self._expect(limits.BODY_TIME.total_seconds(), _SLOW_BODY)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Add a piece of the body, which has a limit of its own."""
        self._bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the body."""
        self._end_deadline()
        self._in_head, self._bytes = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text holds less
        """Answer bytes that are no request."""
        self._refuse(_MALFORMED)

    def _expect(self, seconds: float, refusal: Response) -> None:
        self._deadline = self.loop.call_later(seconds, partial(self._refuse, refusal))

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, refusal: Response) -> None:
        self._end_deadline()
        if self.transport.is_closing():
            return
        if not self._owes_another_answer():
            self.transport.write(_written(refusal))
        self.transport.close()

    def _owes_another_answer(self) -> bool:
        """Return whether what is written now would be taken for the answer to an earlier request, or for a part of it."""
        cycle: RequestResponseCycle | None = self.cycle
        if self.pipeline:
            return True
        return cycle is not None and not cycle.response_complete and (cycle.response_started or not cycle.more_body)


def _written(response: Response) -> bytes:
    status = HTTPStatus(response.status_code)
    lines = [b"HTTP/1.1 %d %b" % (status, status.phrase.encode()), *(b"%b: %b" % field for field in response.raw_headers)]
    return b"\r\n".join([*lines, b"", bytes(response.body)])
