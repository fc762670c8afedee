"""A later version sends values that this one does not know: whoever reads keeps them, and nothing goes to the dead letters."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, cast
from uuid import UUID, uuid5

import pytest
from pydantic import BaseModel

from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.envelope import IncomingRecord, decode, encode
from shared.bus.handling import Received
from shared.bus.record import RawRecord
from shared.messages import contracts, eligibility, notify, ordering, values
from shared.messages.base import Message, message_types
from shared.messages.open_enum import READING, OpenEnum
from shared.topics import RIGHTS, subscribed
from tests.support import scenario
from tests.support.marketplace import TOPIC_BY_NAME, Marketplace

pytestmark = pytest.mark.slow

OPEN = sorted(
    {
        found
        for module in (contracts, eligibility, notify, ordering, values)
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, OpenEnum) and found is not OpenEnum
    },
    key=lambda kind: kind.__name__,
)
LATER = "value-of-a-later-version"
JUMP = 100
"""Added to the sequence number at each reading: a new event to whoever has seen the ones before."""


@pytest.fixture(scope="module")
async def played() -> AsyncIterator[Marketplace]:
    async with Marketplace() as market:
        _, _, third = await scenario.play(market)
        verdict = await market.people.govdigital.get("eligibility", f"/v1/verdicts/{third}")
        stop = {"check": verdict["checks"][-1]["number"], "decision": "STOP", "valid_until": "2099-01-01"}
        reason = {"reason": "Die Mitgliederliste ist nicht mehr gültig."}
        await market.people.govdigital.post("eligibility", f"/v1/verdicts/{third}/overrides", stop | reason)
        await _lose_accreditation(market, reason)
        await market.bus.rest()
        yield market


async def _lose_accreditation(market: Marketplace, reason: dict[str, str]) -> None:
    """End the accreditation on which a running contract rests: its verdict is another one from then on."""
    husum, govdigital = market.people.husum, market.people.govdigital
    path = f"/v1/organisations/{husum.organisation}/accreditations/govdigital/KUNDE/revoke"
    await govdigital.post("eligibility", path, reason)
    (recheck,) = [it for it in market.services["eligibility"].periodic if it.name == "eligibility.recheck-orders"]
    await recheck.run()


def places(
    value: object, kind: type[OpenEnum], place: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], OpenEnum]]:
    """Give the path of each value of a kind inside a message, and the value."""
    match value:
        case OpenEnum():
            if type(value) is kind:
                yield place, value
        case BaseModel():
            for name, inside in value:
                yield from places(inside, kind, (*place, name))
        case list() | tuple():
            for position, inside in enumerate(value):
                yield from places(inside, kind, (*place, position))


def unknown(message: Message, written: bytes, kind: type[OpenEnum]) -> tuple[bytes, int]:
    """Return a message's body with an unknown value in each place of a kind, and how many places there are."""
    body: Any = json.loads(written)
    found = list(places(message, kind))
    for (*way, last), _ in found:
        inside = body
        for step in way:
            inside = inside[step]
        inside[last] = LATER
    return json.dumps(body).encode(), len(found)


def rewritten(record: RawRecord, kind: type[OpenEnum]) -> RawRecord:
    """Return the record with an unknown value in each place of a kind; rights are left: an unknown role lets nobody do anything."""
    if record.topic == RIGHTS.name:
        return record
    message = decode(cast("IncomingRecord", record), TOPIC_BY_NAME[record.topic]).message
    return replace(record, value=unknown(message, record.value or b"", kind)[0])


async def read(market: Marketplace, event: OutgoingEvent, body: bytes, jump: int) -> tuple[Received, list[Any]]:
    """Have every consumer read the event with another body as a later one, and return it with what was rejected of it."""
    record = replace(encode(replace(event, id=str(uuid5(UUID(event.id), str(jump))), seq=event.seq + jump)), value=body)
    received = decode(cast("IncomingRecord", record), TOPIC_BY_NAME[record.topic])
    rejected: list[Any] = []
    for consumer in market.bus.consumers:
        if any(topic.name == record.topic for topic in subscribed(consumer.group)) and type(received.message) in consumer.handles:
            rejected += [(consumer.group, rejection) for rejection in await consumer.handle([received])]
    return received, rejected


def test_the_lists_of_values_that_may_grow_are_found() -> None:
    assert {values.Channel, values.OrderState, ordering.OrderParty, notify.DeliveryChannel} <= set(OPEN)


@pytest.mark.parametrize("kind", OPEN)
async def test_a_reader_keeps_what_it_does_not_know_and_refuses_nothing_for_it(played: Marketplace, kind: type[OpenEnum]) -> None:
    count = 0
    jump = 2 * JUMP * (1 + OPEN.index(kind))
    for event in [event for event in played.bus.sent if event.seq < JUMP]:
        message = message_types()[event.type].model_validate_json(event.body, context=READING)
        body, found = unknown(message, event.body.encode(), kind)
        if not found:
            continue
        _, refused_anyhow = await read(played, event, event.body.encode(), jump)
        received, refused = await read(played, event, body, jump + JUMP)
        assert {group for group, _ in refused} <= {group for group, _ in refused_anyhow}
        assert [str(value) for _, value in places(received.message, kind)] == [LATER] * found
        count += found
    assert count > 0


@pytest.mark.parametrize(
    "kind", [ordering.OrderParty, notify.DeliveryChannel, contracts.Leg, values.Role, values.OrganisationType]
)
async def test_a_vorgang_goes_its_way_although_an_unknown_value_stands_in_each_event(kind: type[OpenEnum]) -> None:
    async with Marketplace(rewrite=partial(rewritten, kind=kind)) as market:
        await scenario.go_on(market, await scenario.play(market))
        assert market.bus.rejected == []
