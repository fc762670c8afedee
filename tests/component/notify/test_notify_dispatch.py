"""Events become notifications: exactly one per event, recipient and channel, whatever the bus does."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.domain.contact import Language
from services.notify.domain.transitions import NotificationState
from shared.bus.handling import Received
from shared.messages import contracts, ordering
from shared.messages.notify import DeliveryChannel
from shared.messages.ordering import OrderParty
from shared.topics import NOTIFY
from tests.component.notify.workbench import Bench, WatchedStore, open_store, received
from tests.support.builders.events import AT, CONTRACT, CUSTOMER, EXAMPLES, PROVIDER, QUESTION, head
from tests.support.publisher import RecordingPublisher

LIVE = ordering.WentLive(order=head(), at=AT)
CONCLUDED = contracts.ContractConcluded(contract=CONTRACT, concluded_at=AT)


@pytest_asyncio.fixture
async def store() -> AsyncIterator[WatchedStore]:
    store = await open_store()
    yield store
    await store.close()


async def reported(bench: Bench) -> Counter[tuple[str, str | None, str, DeliveryChannel]]:
    return Counter((n.organisation, n.person, n.event_id, n.channel) for n in await bench.all())


async def test_everybody_concerned_has_it_in_the_inbox_at_once(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.consume([received(CONCLUDED)])
    found = {n.organisation: (n.template, n.state, n.channel) for n in await bench.all()}
    assert found == {
        CUSTOMER.id: ("contract-concluded", NotificationState.ZUGESTELLT, DeliveryChannel.INBOX),
        PROVIDER.id: ("contract-concluded-provider", NotificationState.ZUGESTELLT, DeliveryChannel.INBOX),
        "govdigital": ("contract-concluded-anbieter", NotificationState.ZUGESTELLT, DeliveryChannel.INBOX),
    }
    assert bench.recorded.types() == ["notify.notification.delivered.v1"] * 3


async def test_every_message_type_that_is_routed_can_be_told(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume([received(message, seq) for seq, message in enumerate(EXAMPLES, 1)])
    assert {n.event_type for n in await bench.all()} == {message.TYPE for message in EXAMPLES}


async def test_contact_persons_with_e_mail_get_one_each(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.enter(CUSTOMER.id, "max", language=Language.EN)
    await bench.enter(CUSTOMER.id, "off", email_enabled=False)
    await bench.enter(CUSTOMER.id, "muted", muted=(LIVE.TYPE,))
    await bench.consume([received(LIVE)])
    assert sorted(n.person or "" for n in await bench.mails()) == ["erika", "max"]
    assert await bench.states() == [NotificationState.VORGEMERKT] * 2


async def test_a_mute_holds_for_its_event_type_only(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.enter(CUSTOMER.id, "muted", muted=(LIVE.TYPE,))
    await bench.consume([received(LIVE, 1), received(CONCLUDED, 2)])
    assert [n.event_type for n in await bench.mails()] == [CONCLUDED.TYPE]


async def test_a_person_of_two_organisations_concerned_gets_one_e_mail(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.enter(PROVIDER.id, "erika")
    await bench.consume([received(LIVE)])
    assert [(n.organisation, n.person) for n in await bench.mails()] == [(CUSTOMER.id, "erika")]


async def test_a_redelivered_batch_changes_nothing(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.enter(CUSTOMER.id, "erika")
    batch = [received(LIVE, 1), received(CONCLUDED, 2)]
    await bench.consume(batch)
    before = await bench.all()
    for _ in range(3):
        await bench.consume(batch)
    assert await bench.all() == before
    assert len(bench.recorded.events) == 6


async def test_duplicates_inside_one_batch_are_told_once(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.consume([received(LIVE), received(LIVE), received(LIVE)])
    assert set((await reported(bench)).values()) == {1}
    assert len(bench.recorded.events) == 3


async def test_a_redelivery_does_not_wake_what_was_read(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.consume([received(LIVE)])
    (own,) = [n for n in await bench.all() if n.organisation == CUSTOMER.id]
    await bench.notifications.read(CUSTOMER.id, own.id, bench.clock())
    await bench.consume([received(LIVE)])
    (own,) = [n for n in await bench.all() if n.organisation == CUSTOMER.id]
    assert own.state is NotificationState.GELESEN


SERIES: Sequence[Received] = [
    received(ordering.InterestDeclared(order=head(), at=AT, check=1), 1, "a"),
    received(ordering.QuestionAsked(**QUESTION, asked_by=OrderParty.KUNDE), 2, "a"),
    received(LIVE, 3, "a"),
    received(CONCLUDED, 1, "b"),
]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(batches=st.lists(st.lists(st.sampled_from(SERIES), min_size=1, max_size=6), min_size=1, max_size=6))
def test_any_order_any_batching_any_repetition_tells_each_event_once(batches: list[list[Received]]) -> None:
    async def run() -> None:
        store = await open_store()
        try:
            bench = Bench(store)
            await bench.enter(CUSTOMER.id, "erika")
            for batch in batches:
                await bench.consume(batch)
            counts = await reported(bench)
            assert set(counts.values()) == {1}
            heard = {event.cause.event_id for event in itertools.chain(*batches)}
            assert {event_id for _, _, event_id, _ in counts} == heard
            assert len({event.id for event in bench.recorded.events}) == len(bench.recorded.events)
            inboxes = [key for key in counts if key[3] is DeliveryChannel.INBOX]
            assert len(bench.recorded.events) == len(inboxes)
        finally:
            await store.close()

    with asyncio.Runner() as runner:
        runner.run(run())


async def test_two_consumers_at_the_same_time_tell_each_event_once(store: WatchedStore) -> None:
    first, second = Bench(store), Bench(store)
    await first.enter(CUSTOMER.id, "erika")
    batch = [received(LIVE, seq) for seq in range(1, 21)]
    await asyncio.gather(first.consume(batch), second.consume(batch[::-1]))
    counts = await reported(first)
    assert set(counts.values()) == {1}
    assert len(counts) == 20 * 4
    reported_events = [*first.recorded.events, *second.recorded.events]
    assert len({event.id for event in reported_events}) == 20 * 3


async def test_a_batch_costs_one_read_of_contacts_and_one_insert_each_of_mails_and_notes(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.enter(CUSTOMER.id, "erika")
    store.calls.clear()
    await bench.consume([received(LIVE, seq) for seq in range(1, 51)])
    assert store.calls.count(("get_many", "contacts")) == 1
    assert store.calls.count(("insert_many", "notifications")) == 2
    assert len(store.notifications) == 50 * 4


async def test_events_say_by_reference_only_who_was_told(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.enter(CUSTOMER.id, "erika", name="Kanarienvogel", email="kanarie@kommune.example")
    await bench.consume([received(LIVE)])
    assert bench.recorded.events
    for event in bench.recorded.events:
        assert "anarie" not in event.body
        assert event.topic == "notify.delivery.v1"


async def test_what_the_broker_did_not_take_is_published_later(store: WatchedStore) -> None:
    away = RecordingPublisher(refuses=lambda _: True)
    bench = Bench(store, publisher=away)
    await bench.consume([received(LIVE)])
    assert away.events == []
    later = Bench(store, clock=bench.clock)
    bench.clock.turn(minutes=1)
    (ledger,) = later.service.ledgers
    assert await ledger.outbox.relay(later.settings.poll) == 3
    assert later.recorded.types() == ["notify.notification.delivered.v1"] * 3


async def test_the_consumer_group_is_that_of_the_topic_registry(store: WatchedStore) -> None:
    (consumer,) = Bench(store).service.consumers
    assert consumer.group == NOTIFY
    of_users = {"eligibility.organisation.changed.v1", "eligibility.organisation.restated.v1"}
    to_nobody_yet = {"eligibility.invitation.addressed.v1"}
    assert {kind.TYPE for kind in consumer.handles} == {message.TYPE for message in EXAMPLES} | of_users | to_nobody_yet
