"""The real processors under a scheduler that decides, before each access to the store, who goes on and who dies."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.app import processor
from services.contracts.repository import CONTRACTS
from shared.messages.values import Channel, Verdict
from shared.process.service import Resources
from tests.support.contract_requests import received, request
from tests.support.memory_store import Documents, MemoryStore
from tests.support.publisher import RecordingPublisher

pytestmark = pytest.mark.slow

ORDERS = 8
DEATHS = 0.07
EVENTS = [received(request(f"n{n}", verdict=Verdict.RISK if n == 5 else Verdict.EXEMPT)) for n in range(ORDERS)]


class Turns:
    """Says when one processor goes on: each access to the store waits for its turn, and is then one atomic step."""

    def __init__(self) -> None:
        self.turn = asyncio.Event()
        self.waiting = asyncio.Event()
        self.free = False

    async def pause(self, point: str) -> None:
        if self.free or point.endswith(".after"):
            return
        self.waiting.set()
        await self.turn.wait()
        self.turn.clear()


class Processor:
    """Works off its batches; after a crash it begins again with the batch that it had not finished."""

    def __init__(self, documents: Documents, publisher: RecordingPublisher, batches: list[list[int]]) -> None:
        self.turns = Turns()
        self.store = MemoryStore(self.turns.pause, documents)
        self.publisher = publisher
        self.batches = batches
        self.done = 0
        self.task: asyncio.Task[None] | None = None

    async def work(self) -> None:
        consumer, *_ = processor(Channel.FITKO)(Resources(self.store, self.publisher, Path())).consumers
        while self.done < len(self.batches):
            await consumer.handle([EVENTS[n] for n in self.batches[self.done]])
            self.done += 1

    async def step(self) -> None:
        """Let it do one access to the store and come to the next."""
        if self.task is None:
            self.turns.waiting.clear()
            self.task = asyncio.create_task(self.work())
            await self._settle()
        if not self.task.done():
            self.turns.waiting.clear()
            self.turns.turn.set()
            await self._settle()

    async def _settle(self) -> None:
        assert self.task is not None
        arrival = asyncio.create_task(self.turns.waiting.wait())
        await asyncio.wait({self.task, arrival}, return_when=asyncio.FIRST_COMPLETED)
        arrival.cancel()
        if self.task.done():
            self.task.result()

    async def crash(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task
        self.task = None
        self.turns.turn.clear()

    async def finish(self) -> None:
        await self.crash()
        self.turns.free = True
        await self.work()


async def play(plans: list[list[list[int]]], chance: Random) -> tuple[Documents, RecordingPublisher]:
    documents, publisher = Documents(), RecordingPublisher()
    processors = [Processor(documents, publisher, plan) for plan in plans]
    for _ in range(chance.randrange(60)):
        processor = chance.choice(processors)
        for _ in range(chance.choice([1, 2, 2, 3, 3, 6])):
            await processor.step()
        if chance.random() < DEATHS:
            await processor.crash()
    for processor in processors:
        await processor.finish()
        await processor.store.close()
    return documents, publisher


def plan(chance: Random) -> list[list[int]]:
    """Return one to four batches of one to three requests."""
    return [[chance.randrange(ORDERS) for _ in range(chance.randint(1, 3))] for _ in range(chance.randint(1, 4))]


# True randomness: spread evenly over the interleavings, where shrinking strategies keep to short and similar ones.
@settings(max_examples=250, deadline=None)
@given(st.randoms(use_true_random=True))
def test_processors_interleaved_and_killed_at_any_access_number_from_one_to_n(chance: Random) -> None:
    plans = [plan(chance) for _ in range(chance.randint(2, 3))]
    documents, publisher = asyncio.run(play(plans, chance))
    asked = {n for plan in plans for batch in plan for n in batch}
    contracts = [document for document in documents.pop(CONTRACTS.name).values() if document["order_id"] is not None]
    assert {document["order_id"] for document in contracts} == {EVENTS[n].key for n in asked}
    numbers = sorted(document["sequence"] for document in contracts if document["sequence"] is not None)
    assert numbers == list(range(1, len(asked - {5}) + 1))
    registers = [register for registers_of in documents.values() for register in registers_of.values()]
    assert all(document["free"] == [] for document in registers)
    assert all(len(document["outbox"]) == 0 or document["pending_since"] for document in contracts)
    published = {event.key for event in publisher.events}
    assert all(document["_id"] in published or document["outbox"] for document in contracts)
