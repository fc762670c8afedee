"""Portals, partners and ordering do their work with the rights and within the quotas that are generated for them."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.protocol.produce import ProduceRequest_v7
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from tests.deploy.kafka_rights.attempts import Attempts, attempts
from tests.deploy.kafka_rights.federation import ENCROACHING, PARTNERS, PORTALS, Federation, Login
from tests.deploy.kafka_rights.secured_kafka import ADMIN

pytestmark = pytest.mark.timeout(600)
_SECONDS = 60


async def write(federation: Federation, login: Login, topic: str, value: bytes) -> None:
    """Write one record as the kits do: idempotent, compressed with zstd."""
    arguments = federation.settings_of(login).connection()
    producer = AIOKafkaProducer(**arguments, enable_idempotence=True, acks="all", compression_type="zstd")
    await producer.start()
    try:
        async with asyncio.timeout(_SECONDS):
            await producer.send_and_wait(topic, value, b"key")
    finally:
        await producer.stop()


async def read(federation: Federation, login: Login, group: str, *topics: str) -> set[tuple[str, bytes]]:
    """Read a record of each topic by a group and commit."""
    arguments = federation.settings_of(login).connection()
    consumer = AIOKafkaConsumer(*topics, **arguments, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False)
    found: dict[str, bytes] = {}
    await consumer.start()
    try:
        async with asyncio.timeout(_SECONDS):
            async for record in consumer:
                found.setdefault(record.topic, record.value)
                if found.keys() == set(topics):
                    break
            await consumer.commit()
    finally:
        await consumer.stop()
    return set(found.items())


async def test_a_portal_follows_the_catalog_and_reports_its_health(federation: Federation) -> None:
    admin = Login(ADMIN, scram=False, user=None)
    topics = ("catalog.offering.v1", "catalog.known-service.v1", "catalog.checkpoint.v1")
    for topic in topics:
        await write(federation, admin, topic, topic.encode())
    for portal in PORTALS:
        login = federation.login(portal)
        assert {topic for topic, _ in await read(federation, login, f"portal.{portal}", *topics)} == set(topics)
        await write(federation, login, "catalog.portal-health.v1", portal.encode())


async def test_an_event_goes_from_each_partner_to_ordering_and_its_receipt_back(federation: Federation) -> None:
    ordering = federation.login("ordering-worker")
    for partner in PARTNERS:
        orders, receipts = f"partner.{partner}.orders.v1", f"partner.{partner}.receipts.v1"
        await write(federation, federation.login(partner), orders, b"event")
        assert await read(federation, ordering, f"ordering.partner.{partner}", orders) == {(orders, b"event")}
        await write(federation, ordering, receipts, b"receipt")
        await write(federation, federation.login("ordering-api"), receipts, b"receipt of what was sent in again")
        assert await read(federation, federation.login(partner), f"partner.{partner}", receipts)


async def test_a_partner_beyond_its_quota_is_slowed_and_the_other_one_is_not(federation: Federation) -> None:
    throttled: dict[str, int] = {}
    for partner in PARTNERS:
        async with attempts(federation.settings_of(federation.login(partner))) as connection:
            for _ in range(4):
                throttled[partner] = await _delay(connection, f"partner.{partner}.orders.v1")
                if throttled[partner]:
                    break
    assert {partner for partner, delay in throttled.items() if delay > 0} == {ENCROACHING}


async def test_a_partner_writes_no_record_beyond_the_size_and_no_time_of_its_own(federation: Federation) -> None:
    login = federation.login("dataport-ag")
    async with attempts(federation.settings_of(login)) as connection:
        answer = await connection.send(
            ProduceRequest_v7(None, -1, 5000, [("partner.dataport-ag.orders.v1", [(0, _batch(270_000))])])
        )
    assert answer.topics[0][1][0][1] == 10  # MESSAGE_TOO_LARGE
    async with attempts(federation.settings_of(login)) as connection:
        answer = await connection.send(ProduceRequest_v7(None, -1, 5000, [("partner.dataport-ag.orders.v1", [(0, _batch(10))])]))
    partition = answer.topics[0][1][0]
    assert partition[1] == 0
    assert partition[3] > 1_000_000_000_000  # the broker's clock, not the 1 that was written


async def _delay(connection: Attempts, topic: str) -> int:
    """Write 100 kB and return for how many milliseconds the broker lets nothing more through."""
    answer = await connection.send(ProduceRequest_v7(None, -1, 5000, [(topic, [(0, _batch(100_000))])]))
    assert answer.topics[0][1][0][1] == 0, answer
    delay: int = answer.throttle_time_ms
    return delay


def _batch(size: int) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    builder.append(0, 1, None, b"x" * size, [])
    return bytes(builder.build())
