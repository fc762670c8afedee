"""Requests at once for the numbers of one year: on each store they are given without gap and repeat."""

from __future__ import annotations

import asyncio
from pathlib import Path

from services.contracts.app import processor
from services.contracts.handlers import report_register
from services.contracts.repository import CONTRACTS, REGISTERS, Contracts, Registers
from shared.bus.handling import Consumer
from shared.errors import RetryableError
from shared.messages.values import Channel
from shared.process.service import Resources
from tests.contract.store.conftest import Place
from tests.support.contract_requests import received, request
from tests.support.publisher import RecordingPublisher

REQUESTS, PROCESSORS = 50, 5


async def form(consumer: Consumer, name: str) -> None:
    """Form the contract of one request, as often as others come in between."""
    while True:
        try:
            assert list(await consumer.handle([received(request(name))])) == []
        except RetryableError:
            continue
        return


async def test_fifty_requests_at_once_have_the_numbers_from_one_to_fifty(shared_place: Place) -> None:
    held = [Resources(shared_place.open(), RecordingPublisher(), Path()) for _ in range(PROCESSORS)]
    for resources in held:
        await resources.store.prepare([CONTRACTS, REGISTERS])
    consumers = [next(iter(processor(Channel.FITKO)(resources).consumers)) for resources in held]
    await asyncio.gather(*(form(consumers[n % PROCESSORS], f"n{n}") for n in range(REQUESTS)))
    resources = held[0]
    report = await report_register(Channel.FITKO, 2026, Contracts(resources), Registers(resources))
    assert (report.last, report.contracts, report.gaps, report.free) == (REQUESTS, REQUESTS, (), ())
    numbers = {document["number"] for document in await resources.store.scan(CONTRACTS) if document["order_id"] is not None}
    assert numbers == {f"FITST/2026/{number:04d}" for number in range(1, REQUESTS + 1)}
