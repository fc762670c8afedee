"""Print each change of the published offers: ``python examples/catalog_consumer.py BOOTSTRAP``, with aiokafka[zstd] alone."""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer


async def follow(servers: str) -> None:
    """Read the compacted topic from its beginning: at least the newest state of each offer, then every change and removal."""
    async with AIOKafkaConsumer("catalog.offering.v1", bootstrap_servers=servers, auto_offset_reset="earliest") as records:
        async for record in records:
            headers = {name: value.decode() for name, value in record.headers}
            event = None if record.value is None else json.loads(record.value)
            print(headers["ce_time"], headers["ce_type"], record.key.decode(), event, flush=True)


asyncio.run(follow(sys.argv[1]))
