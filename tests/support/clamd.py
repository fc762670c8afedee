"""A clamd that answers what a test says, by the protocol of the real one (clamd(8), INSTREAM)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The text that every scanner takes for a virus (EICAR), and that harms nobody."""


@dataclass
class FakeClamd:
    """The server. It finds EICAR; ``answer`` replaces what it says, None closes without a word, "" never says anything."""

    limit: int = 25 * 1024 * 1024
    answer: str | None = "by content"
    port: int = 0
    scanned: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        try:
            assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
            content = b""
            while length := int.from_bytes(await reader.readexactly(4), "big"):
                content += await reader.readexactly(length)
                if len(content) > self.limit:
                    writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                    await writer.drain()
                    return
            self.scanned.append(content)
            if self.answer == "":
                await asyncio.sleep(60)
            elif self.answer is not None:
                found = "stream: Eicar-Signature FOUND" if EICAR in content else "stream: OK"
                writer.write((found if self.answer == "by content" else self.answer).encode() + b"\0")
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def clamd(server: FakeClamd | None = None) -> AsyncIterator[FakeClamd]:
    """Run a server on a free port."""
    server = server or FakeClamd()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", server.port)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
