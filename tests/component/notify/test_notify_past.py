"""What is read once more tells nobody new by e-mail; the inbox has it all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from shared.bus.handling import Received
from shared.errors import StoreUnavailableError
from shared.messages import contracts, ordering
from shared.messages.notify import DeliveryChannel
from shared.store.port import Collection, Document
from tests.component.notify.workbench import START, Bench, WatchedStore, open_store, received
from tests.support.builders.events import AT, CONTRACT, CUSTOMER, PROVIDER, head

LIVE = ordering.WentLive(order=head(), at=AT)
CONCLUDED = contracts.ContractConcluded(contract=CONTRACT, concluded_at=AT)


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    store = await open_store()
    yield Bench(store)
    await store.close()


async def mailed(bench: Bench) -> list[str]:
    return sorted(notification.person or "" for notification in await bench.mails())


def reported(seq: int = 1, **ago: float) -> Received:
    return replace(received(LIVE, seq), time=START - timedelta(**ago))


async def test_who_comes_after_the_news_is_not_mailed_when_it_is_read_again(bench: Bench) -> None:
    await bench.enter(CUSTOMER.id, "old")
    await bench.consume([reported()])
    await bench.enter(CUSTOMER.id, "new", changed_at=START - timedelta(days=1))
    for _ in range(3):
        await bench.consume([reported()])
    assert await mailed(bench) == ["old"]


async def test_who_comes_after_the_news_is_not_mailed_when_it_is_read_for_the_first_time(bench: Bench) -> None:
    await bench.enter(CUSTOMER.id, "before", changed_at=START - timedelta(hours=1))
    await bench.enter(CUSTOMER.id, "after")
    await bench.consume([reported(minutes=1)])
    assert await mailed(bench) == ["before"]


async def test_who_switches_mail_on_after_the_news_is_not_mailed_about_it(bench: Bench) -> None:
    early = START - timedelta(hours=2)
    await bench.enter(CUSTOMER.id, "off", changed_at=early, email_enabled=False)
    await bench.enter(CUSTOMER.id, "muted", changed_at=early, muted=(LIVE.TYPE,))
    await bench.enter(CUSTOMER.id, "off")
    await bench.enter(CUSTOMER.id, "muted")
    await bench.consume([reported(hours=1)])
    assert await mailed(bench) == []
    await bench.consume([reported(2)])
    assert await mailed(bench) == ["muted", "off"]


@pytest.mark.slow
async def test_unmuting_one_kind_takes_nothing_from_the_others(bench: Bench) -> None:
    await bench.enter(CUSTOMER.id, "muted", changed_at=START - timedelta(hours=2), muted=(LIVE.TYPE,))
    await bench.enter(CUSTOMER.id, "muted")
    await bench.consume([replace(received(CONCLUDED, 9), time=START - timedelta(hours=1)), reported(2, hours=1)])
    assert [notification.event_type for notification in await bench.mails()] == [CONCLUDED.TYPE]


async def test_a_change_of_name_or_address_does_not_make_a_contact_younger(bench: Bench) -> None:
    await bench.enter(CUSTOMER.id, "erika", changed_at=START - timedelta(hours=2))
    await bench.enter(CUSTOMER.id, "erika", name="Erika Neu", email="neu@kommune.example")
    await bench.consume([reported(hours=1)])
    assert await mailed(bench) == ["erika"]


@pytest.mark.parametrize(("days", "people"), [(6.9, ["erika"]), (7.1, []), (400, [])])
async def test_old_news_stands_in_the_inbox_only(bench: Bench, days: float, people: list[str]) -> None:
    await bench.enter(CUSTOMER.id, "erika", changed_at=START - timedelta(days=1000))
    await bench.consume([reported(days=days)])
    assert await mailed(bench) == people
    inboxes = {n.organisation for n in await bench.all() if n.channel is DeliveryChannel.INBOX}
    assert inboxes == {CUSTOMER.id, PROVIDER.id, "govdigital"}


async def test_the_age_is_a_setting() -> None:
    store = await open_store()
    bench = Bench(store, mail_max_age=timedelta(days=30))
    await bench.enter(CUSTOMER.id, "erika", changed_at=START - timedelta(days=1000))
    await bench.consume([reported(days=29)])
    assert await mailed(bench) == ["erika"]
    await store.close()


class Failing(WatchedStore):
    """Fails at the n-th insert of notifications, as a store that goes away in the middle of a batch."""

    def __init__(self, fails_at: int) -> None:
        super().__init__(None)
        self.left = fails_at

    async def insert_many(self, collection: Collection, documents: Sequence[Document]) -> set[str]:
        if collection.name == "notifications":
            self.left -= 1
            if self.left == 0:
                raise StoreUnavailableError("the store went away")
        return await super().insert_many(collection, documents)


@pytest.mark.parametrize("fails_at", [1, 2])
async def test_a_batch_that_broke_off_may_know_whole_when_it_is_read_again(fails_at: int) -> None:
    store = Failing(fails_at)
    bench = Bench(store)
    await store.prepare(bench.service.collections)
    for organisation in (CUSTOMER.id, PROVIDER.id):
        await bench.enter(organisation, f"erika-{organisation}")
    with pytest.raises(StoreUnavailableError):
        await bench.consume([reported(1), reported(2)])
    await bench.consume([reported(1), reported(2)])
    assert len(await mailed(bench)) == 4
    assert len(await bench.all()) == 10
    await store.close()


async def test_two_consumers_that_read_the_same_tell_everybody_of_before_and_nobody_new(bench: Bench) -> None:
    await bench.enter(CUSTOMER.id, "old")
    other = Bench(bench.store, clock=bench.clock)
    batch = [reported(seq) for seq in range(1, 11)]
    await asyncio.gather(bench.consume(batch), other.consume(batch[::-1]))
    await bench.enter(CUSTOMER.id, "new", changed_at=START - timedelta(days=1))
    await asyncio.gather(bench.consume(batch), other.consume(batch[::-1]))
    assert await mailed(bench) == ["old"] * 10
