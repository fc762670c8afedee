"""How the run reaches the marketplace: records out, receipts in."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias

from efa_partner.broker import ReceiptReader, Sender
from efa_partner.connection import Connection

Place: TypeAlias = tuple[int, int]
"""Partition and offset of a record."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is written. ``compressed``: in a batch that the client compresses."""

    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    compressed: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """A record on the topic of receipts."""

    key: bytes | None
    value: bytes | None


class Transport(Protocol):
    """Writes records and gathers what lies on the topic of receipts since the run began."""

    async def send(self, record: Record) -> Place:
        """Write a record. Raises RecordTooLargeError, BrokerError."""

    def answers(self) -> list[Answer]:
        """Return what has come, in its order."""

    async def more(self, beyond: int, deadline: float) -> bool:
        """Wait until more than so many have come, at most until a time of the monotonic clock. Returns whether they have."""


class KafkaTransport:
    """The partner's two topics on a broker. Use it as an asynchronous context manager."""

    def __init__(self, connection: Connection, partner: str) -> None:
        self._compressed = Sender(connection, partner)
        self._plain = Sender(connection, partner, compression=None)
        self._reader = ReceiptReader(connection, partner)
        self._answers: list[Answer] = []
        self._news = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises BrokerError."""
        try:
            for client in (self._compressed, self._plain, self._reader):
                await client.start()
        except BaseException:
            await self._close()
            raise
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def send(self, record: Record) -> Place:
        """Write a record."""
        sender = self._compressed if record.compressed else self._plain
        return await sender.send(record.value, record.key, partition=record.partition)

    def answers(self) -> list[Answer]:
        """Return what has come."""
        return self._answers

    async def more(self, beyond: int, deadline: float) -> bool:
        """Wait for more. Raises BrokerError if the topic cannot be read any more."""
        async with self._news:
            while len(self._answers) <= beyond:
                if self._reading is not None and self._reading.done():
                    self._reading.result()
                try:
                    await asyncio.wait_for(self._news.wait(), max(0.0, deadline - time.monotonic()))
                except TimeoutError:
                    return len(self._answers) > beyond
        return True

    async def _read(self) -> None:
        try:
            while True:
                found = [Answer(record.key, record.value) for record in await self._reader.poll(0.5)]
                if found:
                    async with self._news:
                        self._answers += found
                        self._news.notify_all()
        finally:
            async with self._news:
                self._news.notify_all()

    async def _close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._reading
        for client in (self._compressed, self._plain, self._reader):
            await client.stop()
