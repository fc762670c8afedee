"""The floor: a bare loop over the same client libraries that does the same reads, writes, sends and commits, and nothing else.

No validation, no domain, no envelope, no deduplication, no dead letters, no rebalance guard: what is left is what the
broker, the store and their drivers cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.figures import BenchError, Sample, Stopwatch
from benchmarks.records import Offsets
from services.ordering.repository import ORDERS
from shared.bus.produce.line import BATCH_BYTES
from shared.bus.settings import KafkaSettings, milliseconds
from shared.clock import now
from shared.process.runtime import tune_gc
from shared.store.opening import open_store
from shared.store.port import Save, Store
from shared.topics import VERDICTS, Topic

GROUP = "bench.bare"
REQUESTS = Topic("bench.request.v1", "order id", (), "bench", (), partitions=12)
PLACEHOLDER = b"00000000-0000-0000-0000-000000000000"


def run(bootstrap: str, database: Path, ends: Offsets, events: int, body: bytes) -> Sample:
    """Work until all up to the ends is committed; for a process of its own. Sends ``body`` with each order's id put in."""
    return uvloop.run(_run(bootstrap, database, ends, events, body))


async def _run(bootstrap: str, database: Path, ends: Offsets, events: int, body: bytes) -> Sample:
    settings = KafkaSettings(bootstrap_servers=bootstrap)
    store = open_store(f"sqlite:///{database}")
    consumer = AIOKafkaConsumer(
        VERDICTS.name,
        **settings.connection(),
        group_id=GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=milliseconds(settings.session_timeout),
    )
    producer = AIOKafkaProducer(
        **settings.connection(),
        enable_idempotence=True,
        acks="all",
        compression_type="zstd",
        max_batch_size=BATCH_BYTES,
        linger_ms=milliseconds(settings.linger),
    )
    await producer.start()
    await consumer.start()
    tune_gc()
    left = {partition: end for partition, end in ends.items() if end}
    stopwatch = Stopwatch()
    try:
        while left:
            batches = await consumer.getmany(timeout_ms=1000, max_records=settings.max_records)
            if not batches:
                continue
            stopwatch.start()
            await _process(list(chain(*batches.values())), store, producer, body)
            await consumer.commit()
            for partition, records in batches.items():
                if records[-1].offset + 1 >= left.get(partition.partition, 0):
                    left.pop(partition.partition, None)
        return stopwatch.stop(events)
    finally:
        await consumer.stop()
        await producer.stop()
        await store.close()


async def _process(records: Sequence[Any], store: Store, producer: AIOKafkaProducer, body: bytes) -> None:
    documents = await store.get_many(ORDERS, [record.key.decode() for record in records])
    at = now()
    saves: list[Save] = []
    for record in records:
        verdict = orjson.loads(record.value)
        document = documents[verdict["order_id"]]
        document["verdict"] = verdict["assessment"]["verdict"]
        document["contract_requested_at"] = document["pending_since"] = at
        document["outbox"] = [{"topic": REQUESTS.name, "data": body.replace(PLACEHOLDER, record.key).decode()}]
        document["rev"] += 1
        saves.append(Save(document, document["rev"] - 1))
    await _save(store, saves)
    acks = [
        await producer.send(entry["topic"], entry["data"].encode(), save.document["_id"].encode())
        for save in saves
        for entry in save.document["outbox"]
    ]
    await asyncio.gather(*acks)
    for save in saves:
        save.document["outbox"] = []
        save.document["pending_since"] = None
    await _save(store, [Save(save.document, save.document["rev"]) for save in saves])


async def _save(store: Store, saves: Sequence[Save]) -> None:
    if conflicts := await store.save_many(ORDERS, saves):
        raise BenchError(f"{len(conflicts)} documents were changed by somebody else")
