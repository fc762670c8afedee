"""A local mail server that keeps every mail as a file and delivers none: for the demo and for development."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from marktplatz.infrastructure.errors import InfrastructureError

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

HOSTNAME = "localhost"


class DataHandler(Protocol):
    """Handler that accepts mails; may also have the other hooks of aiosmtpd (``handle_RCPT`` …)."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Accept the mail and return the reply, code first."""


class SmtpListener:
    """An SMTP server on the running loop. Port 0 takes a free one; ``port`` holds the real one after ``start``.

    ``connections`` counts those that there have been. ``options`` are those of aiosmtpd's ``SMTP`` (TLS, log-in).
    """

    def __init__(self, handler: DataHandler, host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:  # noqa: ANN401 - as they come
        self.handler = handler
        self.options = options
        self.host = host
        self.port = port
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._sessions: set[SMTP] = set()

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken, InfrastructureError when the extra ``demo`` is not installed."""
        _smtp()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut what is connected."""
        if self._server is None:
            return
        self._server.close()
        for session in self._sessions:
            if session.transport is not None:
                session.transport.close()
        await self._server.wait_closed()
        self._sessions.clear()
        self._server = None

    def _session(self) -> SMTP:
        session = _smtp()(self.handler, hostname=HOSTNAME, enable_SMTPUTF8=True, **self.options)
        self._sessions.add(session)
        self.connections += 1
        return session


def _smtp() -> type[SMTP]:
    """Return the server's protocol. Its package comes with the extra ``demo``: an installation that serves has none."""
    try:
        from aiosmtpd.smtp import SMTP  # noqa: PLC0415 - as above
    except ModuleNotFoundError:
        raise InfrastructureError(
            "The mail server of demo and up is not installed.", remedy="pip install 'efa-marktplatz[demo]'"
        ) from None
    return SMTP


class CapturingSmtp:
    """SMTP server that writes any mail as ``NNNNN.eml`` into ``folder``. ``count`` is how many came since the start."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", port: int = 0) -> None:
        self.folder = folder
        self.count = 0
        self._last = 0
        self._listener = SmtpListener(self, host, port)

    @property
    def host(self) -> str:
        """Address it listens on."""
        return self._listener.host

    @property
    def port(self) -> int:
        """Port it listens on; known after ``start``."""
        return self._listener.port

    async def start(self) -> None:
        """Make the folder and listen; files of earlier runs stay. Raises OSError when the port is taken."""
        await asyncio.to_thread(self._open_folder)
        await self._listener.start()

    async def stop(self) -> None:
        """Stop listening. The files stay."""
        await self._listener.stop()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Store the mail, then acknowledge it."""
        self._last += 1
        await asyncio.to_thread(self._keep, self._last, envelope.original_content or b"")
        self.count += 1
        return "250 2.0.0 kept, not delivered"

    def _open_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._last = max((int(path.stem) for path in self.folder.glob("[0-9]*.eml")), default=0)

    def _keep(self, number: int, content: bytes) -> None:
        """Write in one step, so that a reader never sees half a mail."""
        draft = self.folder / f"{number:05d}.tmp"
        draft.write_bytes(content)
        draft.replace(draft.with_suffix(".eml"))
