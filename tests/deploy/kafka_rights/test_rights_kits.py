"""The kits need the rights of a portal or a partner and no others, by SCRAM and by certificate; without them they say what is missing."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from joserfc.jwk import OKPKey

from efa_partner import connection as partner_connection
from efa_partner import keys as partner_keys
from efa_partner.commands import AskQuestion
from efa_partner.errors import BrokerError
from efa_partner.jwks import Jwks
from efa_partner.partner import AsyncPartner, PartnerSettings
from efa_portal import Catalog, Follower, FollowSettings, PortalError
from efa_portal.connection import Connection, Security
from marktplatz.demo.people import eventually
from shared.bus.produce.publisher import KafkaPublisher
from tests.deploy.kafka_rights.federation import PARTNERS, PORTALS, Federation, Login
from tests.deploy.kafka_rights.secured_kafka import ADMIN
from tests.integration.partners.partners_fixture import Shop
from tests.support.builders.orders import CUSTOMER
from tests.support.partners import PartnerSystem, customer

pytestmark = pytest.mark.timeout(600)
_SECONDS = 240
"""A loaded machine takes its time, and the portal's quota counts the broker's time, not its work."""
_OFFER = b'{"offering":{"id":"kit","title":"Wohngeld"}}'
_TOPICS = {"catalog.offering.v1": "offering", "catalog.known-service.v1": "known-service"}


def connection_of(federation: Federation, login: Login, folder: Path, *, password: str | None = None) -> Connection:
    """Return the connection that a portal configures."""
    settings = federation.settings_of(login)
    if not login.scram:
        return Connection(
            settings.bootstrap_servers,
            Security.TLS,
            ca=settings.ssl_ca_file,
            cert=settings.ssl_cert_file,
            key=settings.ssl_key_file,
        )
    file = folder / f"password-{login.name}"
    file.write_text(password or f"secret-of-{login.name}", encoding="utf-8")
    return Connection(
        settings.bootstrap_servers, Security.SCRAM, ca=settings.ssl_ca_file, username=login.name, password_file=file
    )


async def publish(federation: Federation) -> None:
    """Write an offer, and checkpoints of what stands on the topics, as the marketplace does."""
    arguments = federation.settings_of(Login(ADMIN, scram=False, user=None)).connection()
    async with (
        AIOKafkaProducer(**arguments, compression_type="zstd") as producer,
        AIOKafkaConsumer(**arguments, auto_offset_reset="earliest") as consumer,
    ):
        await producer.send_and_wait("catalog.offering.v1", _OFFER, b"kit", partition=0)
        for topic, short in _TOPICS.items():
            places = [TopicPartition(topic, number) for number in sorted(await partitions(consumer, topic))]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            found: dict[TopicPartition, dict[bytes, bytes]] = {place: {} for place in places}
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                for place, records in (await consumer.getmany(timeout_ms=300)).items():
                    found[place] |= {record.key: record.value for record in records}
            parts = [
                {"partition": place.partition, "offset": ends[place], "live": len(last), "sha256": fold(last)}
                for place, last in found.items()
            ]
            body = {
                "topic": topic,
                "taken_at": datetime.now(UTC).isoformat(),
                "live": sum(len(last) for last in found.values()),
                "sha256": fold({key: value for last in found.values() for key, value in last.items()}),
                "partitions": parts,
            }
            await producer.send_and_wait("catalog.checkpoint.v1", json.dumps({"checkpoint": body}).encode(), short.encode())


async def partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    """Return the numbers of a topic's partitions."""
    consumer.assign([TopicPartition(topic, 0)])
    await consumer.end_offsets([TopicPartition(topic, 0)])
    return consumer.partitions_for_topic(topic) or set()


def fold(last: dict[bytes, bytes]) -> str:
    """Return the digest of a fold; what other tests have written is no state and counts with its bytes."""
    lines = b""
    for key, value in sorted(last.items()):
        state = b'{"id":"kit","title":"Wohngeld"}' if value == _OFFER else value
        lines += key + b" " + hashlib.sha256(state).hexdigest().encode() + b"\n"
    return hashlib.sha256(lines).hexdigest()


@asynccontextmanager
async def following(connection: Connection, store: Path, portal: str | None) -> AsyncIterator[Follower]:
    """Run a follower; an error that ends it fails the test."""
    follower = Follower(FollowSettings(connection, store, portal))
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        follower.end()
        await asyncio.wait_for(task, 60)


async def reporters(federation: Federation) -> set[str]:
    """Return the portals that the health reports on the topic name, each in its key, its source and its body."""
    arguments = federation.settings_of(Login(ADMIN, scram=False, user=None)).connection()
    place = TopicPartition("catalog.portal-health.v1", 0)
    found = set()
    async with AIOKafkaConsumer(**arguments, auto_offset_reset="earliest") as consumer:
        consumer.assign([place])
        ends = await consumer.end_offsets([place])
        while await consumer.position(place) < ends[place]:
            for record in (await consumer.getmany(place, timeout_ms=300)).get(place, ()):
                if dict(record.headers).get("ce_source") == b"/portal/" + record.key:
                    found |= {json.loads(record.value)["health"]["portal"]} & {record.key.decode()}
    return found


@pytest.mark.parametrize("portal", PORTALS)
async def test_the_kit_follows_and_reports_with_the_rights_of_a_portal(
    federation: Federation, portal: str, tmp_path: Path
) -> None:
    await publish(federation)
    connection = connection_of(federation, federation.login(portal), tmp_path)
    assert connection.principal == portal

    store = tmp_path / "store.sqlite"
    async with following(connection, store, portal) as follower:

        async def in_step() -> bool:
            return bool(follower.states) and set(follower.states.values()) == {"in-step"}

        async def reported() -> bool:
            return portal in await reporters(federation)

        await eventually("the portal is in step", in_step, seconds=_SECONDS)
        await eventually("the portal has reported", reported, seconds=_SECONDS)
    assert [offer.title for offer in Catalog(store).offers()] == ["Wohngeld"]


async def trouble(follower: Follower) -> str:
    """Wait until a follower cannot go on, and return why."""

    async def troubled() -> str | None:
        return follower.trouble

    return await eventually("the follower cannot go on", troubled, seconds=_SECONDS)


async def test_who_has_no_right_to_the_catalog_reads_what_is_missing(federation: Federation, tmp_path: Path) -> None:
    connection = connection_of(federation, federation.login("dataport"), tmp_path)
    async with following(connection, tmp_path / "store.sqlite", None) as follower:
        text = await trouble(follower)
    assert "catalog.offering.v1" in text
    assert "no right to it" in text


async def test_a_wrong_password_is_named(federation: Federation, tmp_path: Path) -> None:
    connection = connection_of(federation, federation.login("komm-one"), tmp_path, password="wrong")
    async with following(connection, tmp_path / "store.sqlite", None) as follower:
        assert "authentication" in (await trouble(follower)).lower()
    with pytest.raises(PortalError):
        Catalog(tmp_path / "store.sqlite").cursor()


def partner_settings(federation: Federation, partner: str, login: Login, shop: Shop | None, folder: Path) -> PartnerSettings:
    """Return what a partner configures, with a key of its own; ``shop`` is who answers it."""
    found = connection_of(federation, login, folder)
    secured = partner_connection.Connection(
        found.bootstrap,
        partner_connection.Security(found.security.value),
        ca=found.ca,
        cert=found.cert,
        key=found.key,
        username=found.username,
        password_file=found.password_file,
    )
    jwks = folder / "jwks.json"
    public = [] if shop is None else [shop.signer.key.as_dict(private=False) | {"kid": "ours"}]
    jwks.write_text(json.dumps({"keys": public}), encoding="utf-8")
    return PartnerSettings(secured, partner, partner_keys.generate(kid="k1"), folder / "journal.sqlite", Jwks(str(jwks)))


@pytest.mark.parametrize("partner", PARTNERS)
async def test_the_kit_for_partners_sends_and_gets_its_receipt_with_the_rights_of_a_partner(
    federation: Federation, partner: str, tmp_path: Path
) -> None:
    admin = federation.settings_of(Login(ADMIN, scram=False, user=None))
    publisher = KafkaPublisher(admin)
    await publisher.start()
    shop = Shop(tmp_path / "ordering.sqlite", publisher)
    await shop.open()
    settings = partner_settings(federation, partner, federation.login(partner), shop, tmp_path)
    assert settings.connection.principal == partner
    system = PartnerSystem(partner, (customer(CUSTOMER.id, CUSTOMER.name),), OKPKey.import_key(dict(settings.key.public_jwk())))
    await shop.register(system)
    order_id = await shop.order(partner)
    command = AskQuestion(organisation=CUSTOMER.id, order_id=order_id, text="Ab wann?")
    async with shop.reading(admin, publisher), AsyncPartner(settings) as kit:
        receipt = await kit.submit(command, timeout=_SECONDS)
    assert receipt.status == "accepted"
    assert await shop.questions(order_id) == ["Ab wann?"]
    await shop.store.close()
    await publisher.stop()


async def test_a_partner_without_the_right_to_its_topics_reads_which(
    federation: Federation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("efa_partner.broker.PATIENCE", 5.0)
    settings = partner_settings(federation, "dataport", federation.login("dataport-ag"), None, tmp_path)
    with pytest.raises(BrokerError, match=r"partner\.dataport\.receipts\.v1.*no right to it"):
        async with AsyncPartner(settings):
            pass
