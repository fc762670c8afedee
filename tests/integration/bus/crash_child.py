"""The process that the crash tests kill: one consumer with a ledger over SQLite, from a topic to the topic of deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import shared.bus.consume.worker
from shared.aggregate.base import Aggregate
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger, aggregate_collection
from shared.bus.handling import Consumer, Received, Rejection, rejections
from shared.bus.produce.publisher import KafkaPublisher
from shared.messages.base import Message
from shared.messages.notify import DeliveryChannel, NotificationDelivered, NotificationFailed
from shared.store.opening import open_store
from tests.integration.bus.bus_fixture import AT, Lane, fast_settings, lag, running, until


class Tally(Aggregate):
    """Counts the failures reported for one notification."""

    numbers: list[int]


COLLECTION = aggregate_collection("tallies")


def record(received: Received) -> Change[Tally]:
    """Return the change that counts one failure and says so in an event."""
    failed = received.message
    assert isinstance(failed, NotificationFailed)

    def decide(tally: Tally | None) -> tuple[Tally, Sequence[Message]]:
        state = tally or Tally(id=received.key, numbers=[])
        state.numbers = [*state.numbers, failed.attempts]
        delivered = NotificationDelivered(
            notification_id=received.key,
            event_id=received.cause.event_id,
            event_type=failed.event_type,
            organisation=failed.organisation,
            channel=DeliveryChannel.INBOX,
            delivered_at=AT,
        )
        return state, [delivered]

    return Change(received.key, decide, cause=received.cause)


async def main(bootstrap: str, mark: str, path: Path) -> None:
    """Work until nothing is left to do in the lane of this mark, on the store of this path."""
    settings = fast_settings(bootstrap).model_copy(update={"max_records": 6, "session_timeout": timedelta(seconds=6)})
    lane = Lane(settings, mark=mark)
    store = open_store(f"sqlite:///{path}")
    await store.prepare([COLLECTION])
    publisher = KafkaPublisher(settings)
    await publisher.start()
    ledger = Ledger(service="notify", state_type=Tally, collection=COLLECTION, store=store, publisher=publisher)

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        return rejections(batch, await ledger.apply([record(received) for received in batch]))

    async def finished() -> bool:
        return await lag(lane) == 0

    setattr(shared.bus.consume.worker, "subscribed", lane.subscribed)  # noqa: B010 - the registry knows no lane of a test
    await ledger.outbox.relay(timedelta(0))
    async with running(settings, Consumer(lane.group, frozenset({NotificationFailed}), handle), publisher=publisher):
        await until(finished)
    await ledger.outbox.relay(timedelta(0))
    await publisher.stop()
    await store.close()
