"""The scanner clamd of ClamAV, asked over TCP by its command INSTREAM (clamd(8))."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from datetime import timedelta

import structlog

from shared.files.scanning import FileInfectedError, ScannerUnavailableError

_COMMAND = b"zINSTREAM\0"
_CHUNK = 64 * 1024
_LENGTH_BYTES = 4
_REPLY_BYTES = 4096
_CLEAN = b"stream: OK"
_FOUND = re.compile(rb"stream: (.{1,200}) FOUND")

log = structlog.get_logger()


class Clamd:
    """One connection for each file. What is no answer of clamd, or comes late, counts as no answer: the file is not taken."""

    def __init__(self, host: str, port: int, timeout: timedelta) -> None:
        self.host = host
        self.port = port
        self.timeout = timeout.total_seconds()

    async def require_clean(self, content: bytes) -> None:
        """Return if nothing was found in a file. Raises FileInfectedError, ScannerUnavailableError."""
        try:
            async with asyncio.timeout(self.timeout):
                reply = await self._reply(content)
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:
            raise self._away(type(error).__name__) from error
        if reply == _CLEAN:
            return
        found = _FOUND.fullmatch(reply)
        if found is None:
            raise self._away(reply.decode("utf-8", "replace"))
        name = found[1].decode("utf-8", "replace")
        log.warning("file_infected", found=name, size=len(content))
        raise FileInfectedError(f"The scanner has found {name} in the file; it was not stored.", found=name)

    async def _reply(self, content: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=_REPLY_BYTES)
        try:
            writer.write(_COMMAND)
            for start in range(0, len(content), _CHUNK):
                part = content[start : start + _CHUNK]
                writer.write(len(part).to_bytes(_LENGTH_BYTES, "big") + part)
                await writer.drain()
            writer.write(bytes(_LENGTH_BYTES))
            await writer.drain()
            return (await reader.readuntil(b"\0")).removesuffix(b"\0")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _away(self, fault: str) -> ScannerUnavailableError:
        log.error("scanner_unavailable", scanner=f"{self.host}:{self.port}", fault=fault)
        return ScannerUnavailableError("The file cannot be looked through just now, and was not stored; bring it again later.")
