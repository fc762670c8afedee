"""The processor of a channel over the store: one contract per order, numbers without gap, refusals on record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.contracts.app import build, processor
from services.contracts.repository import CONTRACTS, REGISTERS
from services.contracts.settings import Settings
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.handling import Received
from shared.errors import StoreUnavailableError
from shared.ids import contract_id
from shared.messages.ordering import ContractRequested
from shared.messages.values import Channel, Condition, Verdict
from shared.process.service import Resources, Service
from shared.store.port import Collection, Document, Save
from shared.store.sqlite.store import SqliteStore
from shared.topics import subscribed
from tests.support.contract_requests import AT, order_id, received, request
from tests.support.publisher import RecordingPublisher

FITKO, GOVDIGITAL = Channel.FITKO, Channel.GOVDIGITAL


class CountingStore(SqliteStore):
    """Counts the writes per collection; fails the next write named in ``fail``, before or after it took effect."""

    def __init__(self) -> None:
        super().__init__(None)
        self.writes: Counter[str] = Counter()
        self.fail: dict[str, str] = {}

    async def insert_many(self, collection: Collection, documents: Sequence[Document]) -> set[str]:
        name = f"insert {collection.name}"
        self.writes[name] += 1
        self._fail(name, "before")
        new = await super().insert_many(collection, documents)
        self._fail(name, "after")
        return new

    async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
        name = f"save {collection.name}"
        self.writes[name] += 1
        self._fail(name, "before")
        conflicts = await super().save_many(collection, saves)
        self._fail(name, "after")
        return conflicts

    def _fail(self, name: str, where: str) -> None:
        if self.fail.get(name) == where:
            del self.fail[name]
            raise StoreUnavailableError(f"{name} failed {where} it was done")


class CountingPublisher(RecordingPublisher):
    """Counts the calls."""

    calls = 0

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        self.calls += 1
        return await super().publish(events)


class World:
    """One store, one publisher, a clock, and the services over them."""

    def __init__(self) -> None:
        self.store = CountingStore()
        self.publisher = CountingPublisher()
        self.now = AT + timedelta(seconds=1)
        self.resources = Resources(self.store, self.publisher, Path("data"), clock=lambda: self.now)

    def service(self, channel: Channel | None = None, settings: Settings | None = None) -> Service:
        return build(self.resources, settings) if channel is None else processor(channel)(self.resources, settings)

    async def handle(self, *events: Received, channel: Channel = FITKO, settings: Settings | None = None) -> None:
        consumer, *_ = self.service(channel, settings).consumers
        assert list(await consumer.handle(events)) == []

    async def numbers(self, channel: Channel = FITKO) -> dict[str, str | None]:
        """Return the numbers by order, of the contracts that exist."""
        names = [chr(ord("a") + n) for n in range(26)]
        documents = await self.store.get_many(CONTRACTS, [contract_id(channel, order_id(name)) for name in names])
        by_order = {document["order_id"]: document["number"] for document in documents.values()}
        return {name: by_order[order_id(name)] for name in names if order_id(name) in by_order}

    async def contract(self, name: str, channel: Channel = FITKO) -> Document:
        document = await self.store.get(CONTRACTS, contract_id(channel, order_id(name)))
        assert document is not None
        return document

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(event.body) for event in self.publisher.events if event.type == f"contracts.contract.{kind}.v1"]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.store.prepare([CONTRACTS, REGISTERS])
    yield made
    await made.store.close()


async def test_a_request_becomes_a_numbered_contract_and_an_event(world: World) -> None:
    await world.handle(received(request("a")))
    assert await world.numbers() == {"a": "FITST/2026/0001"}
    (body,) = world.bodies("concluded")
    assert body["contract"]["number"] == "FITST/2026/0001"
    assert body["contract"]["order_id"] == order_id("a")
    (event,) = world.publisher.events
    assert event.topic == "contracts.contract.v1"
    assert event.correlation_id == order_id("a")


async def test_a_batch_costs_one_register_save_one_insert_one_publication_and_one_clean_up(world: World) -> None:
    await world.handle(received(request("z")))
    world.store.writes.clear()
    world.publisher.calls = 0
    await world.handle(*(received(request(name)) for name in "abcdefghij"))
    assert world.store.writes == {"save contract_registers": 1, "insert contracts": 1, "save contracts": 1}
    assert world.publisher.calls == 1
    assert sorted((await world.numbers()).values(), key=str) == [f"FITST/2026/{n:04d}" for n in range(1, 12)]


async def test_duplicates_in_a_batch_and_over_batches_lead_to_one_contract(world: World) -> None:
    again = received(request("a"), seq=12, time=AT + timedelta(minutes=1))
    await world.handle(received(request("a")), received(request("b")), received(request("a")), again)
    await world.handle(again, received(request("a")), received(request("c")))
    assert await world.numbers() == {"a": "FITST/2026/0001", "b": "FITST/2026/0002", "c": "FITST/2026/0003"}
    assert len(world.bodies("concluded")) == 3


async def test_a_repeat_in_the_next_year_changes_nothing(world: World) -> None:
    await world.handle(received(request("a")))
    await world.handle(received(request("a"), seq=12, time=datetime(2027, 2, 1, tzinfo=UTC)))
    assert await world.numbers() == {"a": "FITST/2026/0001"}
    assert (await world.store.get(REGISTERS, "fitko-2027")) is None


async def test_each_channel_and_each_year_counts_from_one(world: World) -> None:
    await world.handle(received(request("a")), received(request("b"), time=datetime(2026, 12, 31, 23, 0, tzinfo=UTC)))
    await world.handle(received(request("c", GOVDIGITAL)), channel=GOVDIGITAL)
    assert await world.numbers() == {"a": "FITST/2026/0001", "b": "FITST/2027/0001"}
    assert await world.numbers(GOVDIGITAL) == {"c": "GD/2026/00001"}


@pytest.mark.parametrize("write", ["insert contract_registers", "save contract_registers", "insert contracts", "save contracts"])
@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_batch_broken_off_at_any_write_is_finished_by_its_redelivery(world: World, write: str, where: str) -> None:
    if write != "insert contract_registers":
        await world.handle(received(request("z")))
    batch = [received(request(name)) for name in "abc"]
    world.store.fail[write] = where
    if write == "save contracts":
        # The clean-up of the outbox: the contracts are stored and announced, so the batch is done; the relay finishes it.
        await world.handle(*batch)
        assert len(await world.numbers()) == 4
    else:
        with pytest.raises(StoreUnavailableError):
            await world.handle(*batch)
    assert world.store.fail == {}
    world.now += timedelta(days=400)
    await world.handle(*batch[:2])
    await world.handle(*batch[1:])
    await world.service(FITKO).ledgers[0].outbox.relay(timedelta(seconds=-1))
    numbers = await world.numbers()
    assert sorted(numbers.values(), key=str) == [f"FITST/2026/{n:04d}" for n in range(1, len(numbers) + 1)]
    ids = {event.id for event in world.publisher.events}
    assert len(ids) == len(numbers)


async def test_a_redelivery_after_new_year_gets_the_number_promised_in_the_old_year(world: World) -> None:
    eve = received(request("a"), time=datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC))
    world.now = datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC)
    world.store.fail["insert contracts"] = "before"
    with pytest.raises(StoreUnavailableError):
        await world.handle(eve)
    world.now = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
    await world.handle(received(request("b"), time=world.now), eve)
    assert await world.numbers() == {"a": "FITST/2026/0001", "b": "FITST/2027/0001"}
    contract = await world.contract("a")
    assert contract["concluded_at"] == datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC)
    assert contract["recorded_at"] == world.now


async def test_a_number_whose_contract_is_refused_after_all_goes_to_the_next(world: World, tmp_path: Path) -> None:
    batch = [received(request(name)) for name in "ab"]
    world.store.fail["insert contracts"] = "before"
    with pytest.raises(StoreUnavailableError):
        await world.handle(*batch)
    for channel in Channel:
        (tmp_path / f"{channel.value}.json").write_text(json.dumps({"channel": channel.value, "versions": []}))
    await world.handle(batch[0], settings=Settings(agb_folder=tmp_path))
    await world.handle(batch[1])
    await world.handle(received(request("c")), received(request("d")))
    assert await world.numbers() == {"a": None, "b": "FITST/2026/0002", "c": "FITST/2026/0001", "d": "FITST/2026/0003"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (request("a", verdict=Verdict.NOT_EXEMPT), "not_exempt"),
        (request("a", verdict=Verdict.NO_EVIDENCE), "not_exempt"),
        (request("a", verdict=Verdict.RISK), "risk_not_signed_off"),
        (request("a", GOVDIGITAL), "wrong_channel"),
        (request("a", price_items=()), "no_price_lines"),
    ],
)
async def test_a_refused_request_is_on_record_and_announced_and_uses_no_number(
    world: World, body: ContractRequested, code: str
) -> None:
    await world.handle(received(body), received(request("b")))
    contract = await world.contract("a")
    assert (contract["state"], contract["number"], contract["refusal"]["code"]) == ("ABGELEHNT", None, code)
    (refused,) = world.bodies("refused")
    assert (refused["order_id"], refused["code"], refused["channel"]) == (order_id("a"), code, "fitko")
    assert refused["reason"]
    assert refused["remedy"]
    assert (await world.numbers())["b"] == "FITST/2026/0001"


async def test_a_refused_request_stays_refused_when_repeated(world: World) -> None:
    await world.handle(received(request("a", verdict=Verdict.RISK)))
    await world.handle(received(request("a"), seq=12), received(request("b")))
    assert (await world.contract("a"))["state"] == "ABGELEHNT"
    assert await world.numbers() == {"a": None, "b": "FITST/2026/0001"}
    assert len(world.publisher.events) == 2


async def test_a_request_in_the_wrong_channel_does_not_bar_the_contract_in_the_right_one(world: World) -> None:
    await world.handle(received(request("a", GOVDIGITAL)), channel=FITKO)
    await world.handle(received(request("a", GOVDIGITAL)), channel=GOVDIGITAL)
    assert await world.numbers(GOVDIGITAL) == {"a": "GD/2026/00001"}


async def test_a_risk_that_was_signed_off_is_contracted(world: World) -> None:
    await world.handle(received(request("a", verdict=Verdict.RISK, signed_off_by="justiziariat-sn")))
    contract = await world.contract("a")
    assert (contract["number"], contract["check"]["signed_off_by"]) == ("FITST/2026/0001", "justiziariat-sn")


async def test_a_request_that_cannot_be_recorded_fails_before_it_is_promised_a_number(world: World) -> None:
    unfit = request("a").model_copy(update={"order_reference": "x" * 201})
    with pytest.raises(ValidationError):
        await world.handle(received(unfit))
    await world.handle(received(request("b")))
    assert await world.numbers() == {"b": "FITST/2026/0001"}


async def test_a_contract_is_read_back_from_the_store_as_it_was_formed(world: World) -> None:
    condition = Condition(id=order_id("condition"), text="Nur Standard-Servicelevel.", agreed_at=AT)
    await world.handle(received(request("a", conditions=(condition,), leitweg_id="992-90009-96")))
    found = await world.service().ledgers[0].get(contract_id(FITKO, order_id("a")))
    assert found is not None
    contract, rev = found
    assert rev == 1
    assert contract.conditions == (condition,)
    assert contract.price_items == request("a").price_items
    assert contract.agb is not None
    assert contract.agb.version == "EfA-Marktplatz 2022"
    assert [(total.period.value, total.cents) for total in contract.totals] == [("JAHR", 1_250_000)]


async def test_each_processor_reads_its_own_request_topic_in_its_own_group_and_the_api_reads_none(world: World) -> None:
    groups = {channel: [consumer.group for consumer in world.service(channel).consumers] for channel in Channel}
    assert groups == {
        channel: [f"contracts.{channel.value}{of}" for of in ("", ".offerings", ".uses")] for channel in (FITKO, GOVDIGITAL)
    }
    for channel in Channel:
        read = [topic.name for topic in subscribed(groups[channel][0])]
        assert read == ["eligibility.award.v1", f"contracts.{channel.value}.request.v1"]
    assert world.service().consumers == ()


async def test_a_channel_goes_on_while_the_register_of_the_other_is_stuck(world: World) -> None:
    world.store.fail["insert contract_registers"] = "before"
    with pytest.raises(StoreUnavailableError):
        await world.handle(received(request("a")))
    await world.handle(*(received(request(name, GOVDIGITAL)) for name in "bcd"), channel=GOVDIGITAL)
    assert len(await world.numbers(GOVDIGITAL)) == 3
    assert await world.numbers() == {}


async def test_an_order_after_a_refusal_gets_a_contract_of_its_own_and_the_first_answer_stays(world: World) -> None:
    refused, asked = received(request(verdict=Verdict.NOT_EXEMPT)), received(request(attempt=2), seq=12)
    await world.handle(refused)
    await world.handle(asked, refused)
    await world.handle(refused, asked)
    first, second = (contract_id(FITKO, order_id("a"), attempt) for attempt in (1, 2))
    found = await world.store.get_many(CONTRACTS, [first, second])
    assert {key: (it["state"], it["number"]) for key, it in found.items()} == {
        first: ("ABGELEHNT", None),
        second: ("GESCHLOSSEN", "FITST/2026/0001"),
    }
    assert [it["contract_id"] for it in world.bodies("refused")] == [first]
    assert [it["contract"]["id"] for it in world.bodies("concluded")] == [second]
