"""A tap on the broker: counts and repeats records, and waits for consumer groups to catch up."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from marktplatz.demo.people import eventually
from shared.bus.aiokafka_internals import partitions_known
from shared.topics import CHECKPOINTS, CONTRACTS, DELIVERIES, ORDERS, TOPICS, read_by

QUIET_SECONDS = 1.0


class Tap:
    """Reads and repeats what is on the topics, as any consumer with the rights could."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    async def records(self, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
        """Return every record that is on a topic now."""
        async with self._reader() as reader:
            partitions = [TopicPartition(topic, number) for number in await partitions_known(reader, topic)]
            reader.assign(partitions)
            ends = await reader.end_offsets(partitions)
            await reader.seek_to_beginning(*partitions)
            found: list[ConsumerRecord[bytes, bytes]] = []
            while any([await reader.position(partition) < ends[partition] for partition in partitions]):
                for records in (await reader.getmany(timeout_ms=200)).values():
                    found += records
            return found

    async def counts(self) -> dict[str, Counter[str]]:
        """Return the number of events per topic and type."""
        found: dict[str, Counter[str]] = {}
        for topic in TOPICS:
            found[topic.name] = Counter(header(record, "ce_type") for record in await self.records(topic.name))
        return found

    async def repeat(self, topic: str, key: str) -> int:
        """Send the records of a key once more, byte for byte; return how many there were."""
        records = [record for record in await self.records(topic) if record.key == key.encode()]
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", enable_idempotence=True)
        await producer.start()
        try:
            for record in records:
                await producer.send_and_wait(
                    topic, record.value, key=record.key, partition=record.partition, headers=list(record.headers)
                )
        finally:
            await producer.stop()
        return len(records)

    async def checkpoint(self, name: str, topic: str) -> str:
        """Return the digest of a catalog topic that the marketplace published last, once it speaks of all that is there."""
        ends = len(await self.records(topic))

        async def newest() -> str | None:
            records = [record for record in await self.records(CHECKPOINTS.name) if record.key == name.encode()]
            state: dict[str, Any] = json.loads(records[-1].value or b"{}")["checkpoint"] if records else {}
            read = sum(part["offset"] for part in state.get("partitions", ()))
            return str(state["sha256"]) if read >= ends else None

        return await eventually(f"a checkpoint of all {ends} records of {topic}", newest)

    async def is_removed(self, topic: str, key: str) -> bool:
        """Return whether the last record of a key is a tombstone."""
        return [record for record in await self.records(topic) if record.key == key.encode()][-1].value is None

    async def caught_up(self, group: str) -> None:
        """Wait until a consumer group has committed everything that was on its topics when asked."""
        async with self._reader() as reader:
            partitions = [
                TopicPartition(topic.name, number)
                for topic in read_by(group)
                for number in await partitions_known(reader, topic.name)
            ]
            ends = {partition: end for partition, end in (await reader.end_offsets(partitions)).items() if end}
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:

            async def look() -> bool:
                committed = await admin.list_consumer_group_offsets(group)
                return all(partition in committed and committed[partition].offset >= end for partition, end in ends.items())

            await eventually(f"{group} has caught up", look, 60)
        finally:
            await admin.close()

    async def concerned(self, rules: Mapping[str, Sequence[str]]) -> set[tuple[str, str]]:
        """Return (event id, organisation) for everybody whom ``rules`` names by event type."""
        pairs: set[tuple[str, str]] = set()
        for topic in (ORDERS, CONTRACTS):
            for record in await self.records(topic.name):
                body = json.loads(record.value or b"{}")
                head = body.get("order") or body.get("contract") or {}
                for party in rules.get(header(record, "ce_type"), ()):
                    pairs.add((header(record, "ce_id"), _organisation(party, head, body)))
        return pairs

    async def settled_deliveries(self) -> list[dict[str, Any]] | None:
        """Return what notify has delivered, or None while more is still coming."""
        before = await self.deliveries()
        await asyncio.sleep(QUIET_SECONDS)
        after = await self.deliveries()
        return after if len(before) == len(after) else None

    async def deliveries(self) -> list[dict[str, Any]]:
        """Return what notify has delivered so far; an event that was sent twice counts once."""
        events = {header(record, "ce_id"): record for record in await self.records(DELIVERIES.name)}
        return [json.loads(record.value) for record in events.values() if record.value is not None]

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[AIOKafkaConsumer]:
        reader = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
        await reader.start()
        try:
            yield reader
        finally:
            await reader.stop()


def _organisation(party: str, head: dict[str, Any], body: dict[str, Any]) -> str:
    if party == "channel":
        return str(head["channel"])
    if party.startswith("not "):
        party = "provider" if body[party.removeprefix("not ")] == "KUNDE" else "customer"
    return str(head[party]["id"])


def header(record: ConsumerRecord[bytes, bytes], name: str) -> str:
    """Return the text of a record's header, empty if it has none of this name."""
    return next((value.decode() for key, value in record.headers if key == name), "")
