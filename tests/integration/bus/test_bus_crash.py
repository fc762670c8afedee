"""A process killed at any named point leaves nothing lost and nothing done twice once it has been started again."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from pathlib import Path

import pytest

from shared.bus.admin import create_topics
from shared.bus.dead_letter_operations import list_dead_letters
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings
from shared.store.opening import open_store
from shared.topics import DELIVERIES
from tests.integration.bus import crash_child
from tests.integration.bus.bus_fixture import Lane, entity, event, read_topic
from tests.integration.bus.crash_child import COLLECTION
from tests.support.forked import run_process

POINTS = ("store.insert", "store.save", "store.clean", "bus.send", "bus.commit", "bus.dead_letter")
PASSAGES = {"bus.dead_letter": (1,)}
AGGREGATES = 5
EVENTS = 4


async def run_child(settings: KafkaSettings, lane: Lane, store: Path, failpoint: str) -> int:
    return await run_process(crash_child.main, settings.bootstrap_servers, lane.mark, store, failpoint=failpoint)


@pytest.mark.parametrize("point", POINTS)
async def test_one_effect_per_event_and_events_in_order_after_a_crash(
    settings: KafkaSettings, publisher: KafkaPublisher, tmp_path: Path, point: str
) -> None:
    await create_topics(settings, replicas=1, topics=[DELIVERIES])
    failpoints = [f"{point}.{where}:{passage}" for where in ("before", "after") for passage in PASSAGES.get(point, (1, 2))]
    await asyncio.gather(*(crash_and_recover(settings, publisher, tmp_path, failpoint) for failpoint in failpoints))


async def crash_and_recover(settings: KafkaSettings, publisher: KafkaPublisher, folder: Path, failpoint: str) -> None:
    lane = Lane(settings)
    await lane.create()
    names = [f"{lane.mark} {number}" for number in range(AGGREGATES)]
    await publisher.send([RawRecord(lane.topic.name, b"poison", b"{", ())])
    for seq in range(1, EVENTS + 1):
        await publisher.publish([event(lane.topic.name, name, seq) for name in names])
    store = folder / f"{failpoint}.sqlite"

    assert await run_child(settings, lane, store, failpoint) == -signal.SIGKILL, failpoint
    assert await run_child(settings, lane, store, "") == 0, failpoint

    sent: dict[str, list[tuple[int, bytes, bytes]]] = defaultdict(list)
    for record in await read_topic(settings, DELIVERIES.name):
        headers = dict(record.headers)
        sent[record.key.decode()].append((int(headers["ce_sequence"]), headers["ce_id"], record.value))
    for name in names:
        events = sent[entity(name)]
        assert len(set(events)) == EVENTS, f"{failpoint}: a repeat is byte-equal and has the same id"
        assert list(dict.fromkeys(seq for seq, _, _ in events)) == [1, 2, 3, 4], f"{failpoint}: first occurrences in order"
    counted = await read_tallies(store, [entity(name) for name in names])
    assert counted == {entity(name): [1, 2, 3, 4] for name in names}, failpoint
    (letter,) = await list_dead_letters(settings, lane.group)
    assert (letter.key, letter.value) == (b"poison", b"{"), failpoint


async def read_tallies(path: Path, ids: list[str]) -> dict[str, list[int]]:
    """Return what was counted; no event may wait in an outbox any more."""
    store = open_store(f"sqlite:///{path}")
    await store.prepare([COLLECTION])
    documents = await store.get_many(COLLECTION, ids)
    await store.close()
    assert all(document["outbox"] == [] and document["pending_since"] is None for document in documents.values())
    return {document_id: document["numbers"] for document_id, document in documents.items()}
