"""A contract processor as a process of its own: what Kafka does for it, its arguments and two files do.

It handles the requests after the committed offset in batches, appends what it publishes to a file and commits each batch.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from services.contracts.app import processor
from shared import failpoints
from shared.aggregate.outgoing import OutgoingEvent
from shared.errors import RetryableError
from shared.messages.ordering import ContractRequested
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.contract_requests import received


class FilePublisher:
    """Appends the key and id of each event to a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        failpoints.passing("bus.send", "before")
        # One write with O_APPEND: lines of two processes do not mix.
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, "".join(f"{event.key} {event.id}\n" for event in events).encode())
        os.close(handle)
        failpoints.passing("bus.send", "after")
        return [True] * len(events)


class Offset:
    """The committed offset, in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> int:
        return int(self.path.read_text()) if self.path.exists() else 0

    def commit(self, value: int) -> None:
        failpoints.passing("bus.commit", "before")
        self.path.write_text(str(value))
        failpoints.passing("bus.commit", "after")


async def main(
    store_file: Path, channel: Channel, requests: Sequence[ContractRequested], offset_file: Path, events: Path, size: int
) -> None:
    """Handle every request after the committed offset, then publish what a crash before may have left."""
    store = SqliteStore(store_file)
    service = processor(channel)(Resources(store, FilePublisher(events), store_file.parent))
    await store.prepare(service.collections)
    consumer, *_ = service.consumers
    records = [received(it) for it in requests]
    offset = Offset(offset_file)
    done = offset.read()
    while done < len(requests):
        batch = records[done : done + size]
        try:
            if await consumer.handle(batch):
                raise SystemExit("a request was rejected")
        except RetryableError:
            continue
        done += len(batch)
        offset.commit(done)
    await service.ledgers[0].outbox.relay(timedelta(0))
    await store.close()
