"""The catalog's topics on a real broker, written by the published rules alone; the folds are computed by another hand than the kit's."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from portal_world import fold

OFFERINGS, SERVICES, CHECKPOINTS, HEALTH = (
    "catalog.offering.v1",
    "catalog.known-service.v1",
    "catalog.checkpoint.v1",
    "catalog.portal-health.v1",
)
MEMBERS = {OFFERINGS: "offering", SERVICES: "service"}
PARTITIONS = {OFFERINGS: 3, SERVICES: 1, CHECKPOINTS: 1, HEALTH: 1}
KEEPING = {"cleanup.policy": "compact"}
"""What the topics are made with: in the time of a test the cleaner does not come by unless it asks for it."""
EAGER = {
    "cleanup.policy": "compact",
    "segment.ms": "200",
    "min.cleanable.dirty.ratio": "0.001",
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "1000",
    "delete.retention.ms": "0",
}


class CatalogTopics:
    """Publishes offers, known services, tombstones and checkpoints; remembers all it has written."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.log: dict[str, dict[int, list[tuple[int, bytes, bytes | None]]]] = {}
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type="zstd", acks="all")
        self._sequence = 0

    async def start(self) -> None:
        """Connect and make the topics, empty."""
        await self._admin.start()
        for name in PARTITIONS:
            await self.create(name)
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()
        await self._admin.close()

    async def delete(self, name: str) -> None:
        """Delete a topic and wait until it is gone."""
        await self._admin.delete_topics([name])
        for _ in range(300):
            if name not in await self._admin.list_topics():
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"{name} is not gone")

    async def create(self, name: str, *, partitions: int | None = None) -> None:
        """Make a topic again: whoever read the one before finds another topic of its name."""
        count = partitions or PARTITIONS[name]
        for _ in range(300):
            if name not in await self._admin.list_topics():
                with contextlib.suppress(KafkaError):
                    done = await self._admin.create_topics([NewTopic(name, count, 1, topic_configs=KEEPING)])
                    if all(error[1] == 0 for error in done.topic_errors):
                        break
            else:
                with contextlib.suppress(KafkaError):
                    await self._admin.delete_topics([name])
            await asyncio.sleep(0.2)
        else:
            raise AssertionError(f"{name} could not be made again")
        self.log[name] = {number: [] for number in range(count)}

    async def alter(self, name: str, configuration: dict[str, str]) -> None:
        """Change the configuration of a topic."""
        await self._admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=configuration)])

    async def write(self, topic: str, key: str, value: bytes | None, kind: str = "changed", partition: int | None = None) -> None:
        """Append a record, in zstd and binary mode, to the partition of its key."""
        self._sequence += 1
        number = sum(key.encode()) % len(self.log[topic]) if partition is None else partition
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        headers = {
            "ce_specversion": "1.0",
            "ce_id": f"{key}-{self._sequence}",
            "ce_source": "/catalog",
            "ce_type": f"{topic.removesuffix('.v1')}.{kind}.v1",
            "ce_time": now,
            "ce_sequence": str(self._sequence),
            "content-type": "application/json",
        }
        encoded = [(name, text.encode()) for name, text in headers.items()]
        done = await self._producer.send_and_wait(topic, value, key=key.encode(), partition=number, headers=encoded)
        if topic in self.log:
            self.log[topic][number].append((done.offset, key.encode(), value))

    async def offer(self, key: str, **fields: object) -> None:
        """Publish the state of an offer."""
        state = {"id": key, "state": "VEROEFFENTLICHT", "title": key.title(), "summary": "Straße, Öffnung", **fields}
        await self.write(OFFERINGS, key, json.dumps({"offering": state}).encode())

    async def service(self, key: str) -> None:
        """Publish a known service."""
        await self.write(SERVICES, key, json.dumps({"service": {"id": key, "title": key}}).encode())

    async def remove(self, key: str) -> None:
        """Publish the tombstone of an offer."""
        await self.write(OFFERINGS, key, None, "removed")

    def fold(self, topic: str) -> tuple[int, str]:
        """Return entries and digest of everything ever written to a topic."""
        return fold(((key, value) for part in self.log[topic].values() for _, key, value in part), MEMBERS[topic])

    async def checkpoint(self) -> None:
        """Publish a checkpoint of each topic as it stands."""
        for topic, short in ((OFFERINGS, "offering"), (SERVICES, "known-service")):
            live, digest = self.fold(topic)
            parts = []
            for number, records in self.log[topic].items():
                part_live, part_digest = fold(((key, value) for _, key, value in records), MEMBERS[topic])
                end = records[-1][0] + 1 if records else 0
                parts.append({"partition": number, "offset": end, "live": part_live, "sha256": part_digest})
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            body = {"topic": topic, "taken_at": now, "live": live, "sha256": digest, "partitions": parts}
            await self.write(CHECKPOINTS, short, json.dumps({"checkpoint": body}).encode(), "recorded", 0)

    async def compacted(self, topic: str) -> None:
        """Have the cleaner remove what is superseded and every tombstone, but what stands in the newest segments."""
        await self.alter(topic, EAGER)
        superseded = self._superseded(topic)
        for turn in range(120):
            for number in self.log[topic]:  # a segment is closed by what is written after its time
                value = json.dumps({MEMBERS[topic]: {"id": f"roll-{number}", "turn": turn}}).encode()
                await self.write(topic, f"roll-{number}", value, partition=number)
            if not superseded & {(record[0], record[1]) for record in await self.records(topic)}:
                return
            await asyncio.sleep(0.5)
        raise AssertionError("the cleaner has not come by")

    def _superseded(self, topic: str) -> set[tuple[int, int]]:
        found = set()
        for number, records in self.log[topic].items():
            last = {key: offset for offset, key, _ in records}
            found |= {(number, offset) for offset, key, value in records if last[key] != offset or value is None}
        return found

    async def records(self, topic: str) -> list[tuple[int, int, bytes | None, bytes | None]]:
        """Return what the broker holds of a topic now: partition, offset, key and value."""
        places = [TopicPartition(topic, number) for number in self.log[topic]]
        found: list[tuple[int, int, bytes | None, bytes | None]] = []
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap, auto_offset_reset="earliest") as consumer:
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            await consumer.seek_to_beginning(*places)
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=300)).values():
                    found += [(record.partition, record.offset, record.key, record.value) for record in records]
        return found

    async def delete_before(self, topic: str, offsets: dict[int, int]) -> None:
        """Delete the records of partitions below these offsets, as an operator may."""
        await self._admin.delete_records({TopicPartition(topic, n): RecordsToDelete(before_offset=o) for n, o in offsets.items()})
