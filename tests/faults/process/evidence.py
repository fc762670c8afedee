"""What is left after a run, written into its history: topics, committed offsets, dead letters, stores, mails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from marktplatz.assembly import ServiceName
from marktplatz.demo.tap import Tap
from marktplatz.recovery.stores import ServiceStore
from services.notify.app import load_routing
from services.notify.mail import IDEMPOTENCY_HEADER
from services.ordering.repository import RESERVED_FOR
from shared.bus.dead_letters.letter import from_dead_letter
from shared.ids import contract_id
from shared.messages.values import Channel
from shared.store.paging import scanned
from shared.store.port import Document
from shared.topics import (
    CONTRACT_REQUESTS,
    DEAD_LETTERS,
    NOTIFY,
    ORDERING_CONTRACTS,
    TOPICS,
    CleanupPolicy,
    contract_group,
    read_by,
)
from tests.faults.checker.history import Kind
from tests.faults.process.clients import Journal
from tests.faults.process.nemesis import POISON_KEY, digest

JUDGED = (*(contract_group(channel) for channel in Channel), ORDERING_CONTRACTS, NOTIFY)
"""The groups whose handling of each single record shows in a store."""
Stores = Mapping[ServiceName, ServiceStore]
Held = dict[str, dict[str, Document]]


async def held(stores: Stores) -> tuple[Held, int]:
    """Return all aggregates by ``service/collection`` and id, and how many events lie in their outboxes."""
    found: Held = {}
    for name, recorded in stores.items():
        for ledger in recorded.service.ledgers:
            pages = scanned(recorded.store, ledger.collection)
            documents = {it["_id"]: it async for page in pages for it in page if RESERVED_FOR not in it}
            found[f"{name.value}/{ledger.collection.name}"] = documents
    return found, sum(len(doc.get("outbox", ())) for documents in found.values() for doc in documents.values())


async def lagging(bootstrap: str) -> list[str]:
    """Return the groups that have not committed all that is on their topics."""
    tap, late = Tap(bootstrap), []
    async with tap._reader() as reader:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            for group in DEAD_LETTERS:
                committed = await admin.list_consumer_group_offsets(group)
                offsets = {(place.topic, place.partition): at.offset for place, at in committed.items()}
                for topic in read_by(group):
                    await reader._client.set_topics([topic.name, *reader._client._topics])
                    from aiokafka import TopicPartition  # noqa: PLC0415 - beside its only use

                    parts = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
                    ends = await reader.end_offsets(parts)
                    if any(offsets.get((p.topic, p.partition), 0) < end for p, end in ends.items()):
                        late.append(group)
        finally:
            await admin.close()
    return sorted(set(late))


async def tell(journal: Journal, bootstrap: str, stores: Stores, documents: Held, mails: Path) -> None:
    """Write it all down. What is poison the topics say: its sender may have died before it learned where it lies, or how often."""
    tap = Tap(bootstrap)
    fates = _Fates(stores, documents)
    for topic in TOPICS:
        for record in await tap.records(topic.name):
            place = {"topic": topic.name, "part": record.partition, "off": record.offset}
            sha = digest(record.key, record.value, tuple(record.headers))
            if record.key == POISON_KEY:
                journal.note("nemesis", Kind.OK, "poison", "poison", **place, digest=sha)
                continue
            heads = {name: value.decode() for name, value in record.headers}
            body, key = json.loads(record.value or b"{}"), (record.key or b"").decode()
            order, contract = body.get("order"), body.get("contract")
            ordering = heads["ce_source"] == "/ordering" and order
            journal.note(
                "tap", Kind.OK, "record", key, **place, id=heads["ce_id"], source=heads["ce_source"], seq=int(heads["ce_sequence"]),
                digest=sha, state=order["state"] if ordering else None,
                collection="orders" if ordering else None, number=contract["number"] if contract else None,
                compacted=topic.keep is CleanupPolicy.COMPACT,
            )  # fmt: skip
            for group in set(topic.consumers) & set(JUDGED):
                if fate := fates.of(group, key, heads):
                    journal.note("store", Kind.OK, "handled", group, **place, fate=fate)
    await _letters(journal, tap)
    await _offsets(journal, bootstrap)
    _documents(journal, documents)
    for file in sorted(mails.glob("*.eml")):  # noqa: ASYNC240 - the run is over
        key = str(message_from_bytes(file.read_bytes())[IDEMPOTENCY_HEADER])
        at = file.stat().st_mtime
        journal.recorder.add("smtp", Kind.OK, "mail", key, mono=at - journal.began, at=at)


class _Fates:
    """What the stores show of a record in a group."""

    def __init__(self, stores: Stores, documents: Held) -> None:
        self.handled = {
            consumer.group: {message.TYPE for message in consumer.handles}
            for recorded in stores.values()
            for consumer in recorded.service.consumers
        }
        self.contracts = documents["contracts/contracts"]
        self.orders = documents["ordering/orders"].values()
        self.reported = {note["event_id"] for note in documents["notify/notifications"].values()}
        self.routes = load_routing().routes.keys()
        self.inbox: dict[str, int] = {}
        for order in self.orders:
            for source, seq in order["inbox"].items():
                self.inbox[source] = max(seq, self.inbox.get(source, 0))

    def of(self, group: str, key: str, heads: Mapping[str, str]) -> str | None:
        if group == NOTIFY:
            return "passed" if heads["ce_type"] not in self.routes else "effect" if heads["ce_id"] in self.reported else None
        if group == ORDERING_CONTRACTS and heads["ce_type"] not in self.handled[group]:
            return "passed"
        if group == ORDERING_CONTRACTS:
            return "effect" if self.inbox.get(f"contracts:{key}", 0) >= int(heads["ce_sequence"]) else None
        channel = next(channel for channel in CONTRACT_REQUESTS if contract_group(channel) == group)
        return "effect" if contract_id(channel, key) in self.contracts else None


async def _letters(journal: Journal, tap: Tap) -> None:
    for group in JUDGED:
        for record in await tap.records(DEAD_LETTERS[group].name):
            letter = from_dead_letter(record.partition, record.offset, record.key, record.value, record.headers)
            origin = letter.reason
            journal.note(
                "tap", Kind.OK, "letter", (record.key or b"").decode(), group=group, topic=origin.topic, part=origin.partition,
                off=origin.offset, digest=digest(letter.key, letter.value, tuple(letter.headers)), code=origin.code,
            )  # fmt: skip


async def _offsets(journal: Journal, bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        for group in JUDGED:
            for place, at in (await admin.list_consumer_group_offsets(group)).items():
                journal.note("tap", Kind.OK, "committed", group, topic=place.topic, part=place.partition, off=at.offset)
    finally:
        await admin.close()


def _documents(journal: Journal, documents: Held) -> None:
    for place, found in documents.items():
        service, _, collection = place.partition("/")
        for key, doc in found.items():
            # A Bereitstellungsvertrag: no order asked for it, and it takes a number as those of orders do.
            provision = collection == "contracts" and doc["order_id"] is None
            values: dict[str, Any] = {
                "collection": "provisions" if provision else collection,
                "source": f"/{service}",
                "seq": doc["seq"],
                "waiting": len(doc["outbox"]),
            }
            values |= {name: doc.get(name) for name in ("state", "channel", "year", "sequence", "number")}
            if collection == "orders":
                values["number"] = (doc.get("contract") or {}).get("number")
                values["waiting"] = len(doc["outbox"]) or 0
            if collection == "contracts" and not provision:
                values["order"] = doc["order_id"]
            if collection == "notifications":
                values |= {"event": doc["event_id"], "recipient": doc["person"] or doc["organisation"], "way": doc["channel"],
                           "created": doc["created_at"].timestamp()}  # fmt: skip
            journal.note("store", Kind.OK, "document", key, **values)
