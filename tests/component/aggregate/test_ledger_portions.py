"""A batch of large aggregates is worked off in portions of bytes; what comes of it is what one portion would bring."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import bson
import pytest

from shared.aggregate import ledger as ledger_module
from shared.aggregate import outbox
from shared.aggregate.change import Effect
from shared.aggregate.ledger import Ledger
from shared.bus.handling import Received, Rejection, in_slices, rejections
from shared.store.port import Collection, Document, Portion, Query, Save
from tests.support.counting import COUNTERS, START, Clock, Counter, cause, counted, increase, increase_existing, ledger_over, sent
from tests.support.memory_store import MemoryStore
from tests.support.publisher import RecordingPublisher

MANY = 40
EACH = 50_000
PORTION = 8 * EACH
IDS = [f"c{number:02}" for number in range(MANY)]


class Weighed(MemoryStore):
    """Remembers the bytes of each reading of whole documents."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []

    async def get_portion(
        self, collection: Collection, ids: Sequence[str], most_bytes: int, only: tuple[str, ...] = ()
    ) -> tuple[dict[str, Document], list[str]]:
        found, left = await super().get_portion(collection, ids, most_bytes, only)
        self.read.append(sum(len(bson.encode(document)) for document in found.values()))
        return found, left

    async def find_portion(self, collection: Collection, query: Query, most_bytes: int) -> Portion:
        portion = await super().find_portion(collection, query, most_bytes)
        self.read.append(sum(len(bson.encode(document)) for document in portion.documents))
        return portion


@pytest.fixture(autouse=True)
def _small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ledger_module, outbox):
        monkeypatch.setattr(module, "PORTION_BYTES", PORTION)


@pytest.fixture
def large() -> Weighed:
    return Weighed()


async def filled(store: Weighed, clock: Clock) -> tuple[Ledger[Counter], RecordingPublisher]:
    publisher = RecordingPublisher()
    ledger = ledger_over(store, publisher, clock)
    await ledger.apply([increase(counter_id, "x" * EACH) for counter_id in IDS])
    publisher.events.clear()
    store.read.clear()
    return ledger, publisher


async def test_a_batch_of_large_aggregates_is_read_in_portions_and_applied_once_each(large: Weighed, clock: Clock) -> None:
    ledger, publisher = await filled(large, clock)
    changes = [increase(counter_id, who) for who in ("a", "b") for counter_id in IDS]
    refused = increase_existing("absent", "x")
    results = await ledger.apply([*changes, refused])
    assert [result.effect for result in results] == [Effect.APPLIED] * (2 * MANY) + [Effect.REFUSED]
    assert [(result.exists, result.state) for result in results] == [(True, None)] * (2 * MANY) + [(False, None)]
    assert [sent(publisher, counter_id) for counter_id in IDS] == [[2, 3]] * MANY
    documents = await large.get_many(COUNTERS, IDS)
    assert [documents[counter_id]["by"][1:] for counter_id in IDS] == [["a", "b"]] * MANY
    assert all(not document["outbox"] for document in documents.values())
    assert max(large.read) < PORTION + 2 * EACH
    assert len(large.read) >= MANY * EACH // PORTION


async def test_who_is_overtaken_in_a_portion_decides_again_and_nothing_is_applied_twice(large: Weighed, clock: Clock) -> None:
    ledger, publisher = await filled(large, clock)
    disturbed = iter(IDS[::7])

    async def overtake(point: str) -> None:
        if point == "save.before" and (counter_id := next(disturbed, None)) is not None:
            document = large.documents[COUNTERS.name][counter_id]
            large.documents[COUNTERS.name][counter_id] = {
                **document,
                "rev": document["rev"] + 1,
                "by": [*document["by"], "other"],
            }

    large.pause = overtake
    await ledger.apply([increase(counter_id, "a", cause=cause("s", 1)) for counter_id in IDS])
    documents = await large.get_many(COUNTERS, IDS)
    assert [documents[counter_id]["by"].count("a") for counter_id in IDS] == [1] * MANY
    assert [documents[counter_id]["by"].count("other") for counter_id in IDS[::7]] == [1] * len(IDS[::7])
    assert [len(set(sent(publisher, counter_id))) for counter_id in IDS] == [1] * MANY
    assert next(disturbed, None) is None


async def test_the_relay_and_its_measure_read_large_documents_in_portions(large: Weighed, clock: Clock) -> None:
    ledger, publisher = await filled(large, clock)
    documents = await large.get_many(COUNTERS, IDS)
    entry = {"topic": "t", "type": "counted", "time": START, "traceparent": None, "correlation_id": "c"}
    entries = [{**entry, "seq": seq, "id": f"e{seq}", "data": "{}" + " " * EACH} for seq in (2, 3)]
    saves = [
        Save({**document, "rev": document["rev"] + 1, "outbox": entries, "pending_since": START}, document["rev"])
        for document in documents.values()
    ]
    assert await large.save_many(COUNTERS, saves) == set()
    clock.time += timedelta(minutes=1)
    backlog = await ledger.outbox.backlog()
    assert (backlog.since, backlog.events) == (START, 2 * MANY)
    assert await ledger.outbox.relay(timedelta(seconds=1)) == 2 * MANY
    assert [sent(publisher, counter_id) for counter_id in IDS] == [[2, 3]] * MANY
    assert (await ledger.outbox.backlog()).events == 0
    assert max(large.read) < PORTION + 4 * EACH


async def test_slices_bring_the_rejections_of_the_whole_batch_in_its_order(large: Weighed, clock: Clock) -> None:
    ledger, _ = await filled(large, clock)
    batch = [Received(counted(counter_id, 1), counter_id, cause("s", 1), START) for counter_id in [*IDS, "u", *IDS, "v"]]
    sizes: list[int] = []

    async def handle(slice_: Sequence[Received]) -> Sequence[Rejection]:
        sizes.append(len(slice_))
        return rejections(slice_, await ledger.apply([increase_existing(event.key, "a") for event in slice_]))

    assert [rejection.event.key for rejection in await in_slices(handle, 7)(batch)] == ["u", "v"]
    assert sizes == [7] * 11 + [5]
