"""No clock that went wrong keeps a mail: not one that was set back, and not another process's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from services.notify.domain.transitions import NotificationState
from services.notify.metrics import OVERDUE
from services.notify.repository import NOTIFICATIONS, Notifications
from shared.messages import ordering
from shared.process.service import Resources
from shared.store.port import Save
from tests.component.notify.workbench import LEASE, START, Bench, Clock, WatchedStore, open_store, received
from tests.support.builders.events import AT, CUSTOMER, head
from tests.support.publisher import RecordingPublisher
from tests.support.smtp import CapturingServer

LIVE = ordering.WentLive(order=head(), at=AT)
S = NotificationState


@pytest_asyncio.fixture
async def store() -> AsyncIterator[WatchedStore]:
    store = await open_store()
    yield store
    await store.close()


@pytest.mark.parametrize("ahead", [timedelta(minutes=2), timedelta(hours=1), timedelta(days=1), timedelta(days=3650)])
async def test_what_was_noted_by_a_clock_far_ahead_is_sent_now(store: WatchedStore, ahead: timedelta) -> None:
    async with CapturingServer() as smtp:
        bench = Bench(store, smtp_host=smtp.host, smtp_port=smtp.port)
        await bench.enter(CUSTOMER.id, "erika")
        bench.clock.time = START + ahead
        await Bench(store, clock=bench.clock, mail_max_age=timedelta(days=9999), inbox_max_age=timedelta(days=9999)).consume(
            [received(LIVE)]
        )
        bench.clock.time = START
        await bench.send()
        assert len(smtp.mails) == 1
        await bench.send()
    assert await bench.states() == [S.ZUGESTELLT]
    assert OVERDUE._value.get() == 0


@pytest.mark.parametrize("ahead", [timedelta(minutes=2), timedelta(hours=1), timedelta(days=3)])
async def test_what_was_put_off_by_a_clock_ahead_is_tried_after_its_pause_by_our_own(
    store: WatchedStore, ahead: timedelta
) -> None:
    async with CapturingServer() as smtp:
        bench = Bench(store, smtp_host=smtp.host, smtp_port=smtp.port, retry_first=timedelta(seconds=40))
        await bench.enter(CUSTOMER.id, "erika")
        await bench.consume([received(LIVE)])
        smtp.answer("451 4.3.0 later")
        bench.clock.time = START + ahead
        await bench.send()
        assert await bench.states() == [S.VORGEMERKT]
        bench.clock.time = START
        await bench.send()
        assert [mail.attempts for mail in await bench.mails()] == [1], "its pause is not over"
        bench.clock.turn(seconds=40)
        await bench.send()
        assert await bench.states() == [S.ZUGESTELLT]


async def test_two_workers_whose_clocks_differ_do_not_drive_each_other(store: WatchedStore) -> None:
    async with CapturingServer() as smtp:
        right, slow = Clock(), Clock()
        slow.time -= timedelta(hours=1)
        workers = [
            Bench(store, clock=clock, smtp_host=smtp.host, smtp_port=smtp.port, retry_first=timedelta(minutes=10))
            for clock in (right, slow)
        ]
        await workers[0].enter(CUSTOMER.id, "erika")
        await workers[0].consume([received(LIVE)])
        for _ in range(100):
            smtp.answer("451 4.3.0 later")
        for _ in range(60):
            for one in workers:
                one.clock.turn(minutes=1)
                await one.send()
        (mail,) = await workers[0].mails()
        # The longest pauses are 10, 20 and 40 minutes, the shortest half of that.
        assert 3 <= mail.attempts <= 13


async def test_a_pause_that_this_installation_sets_is_kept(store: WatchedStore) -> None:
    async with CapturingServer() as smtp:
        bench = Bench(store, smtp_host=smtp.host, smtp_port=smtp.port, retry_first=timedelta(hours=2))
        await bench.enter(CUSTOMER.id, "erika")
        await bench.consume([received(LIVE)])
        smtp.answer("451 4.3.0 later")
        await bench.send()
        await bench.send()
        assert (await bench.mails())[0].attempts == 1


@pytest.mark.parametrize("theirs", [timedelta(days=3), timedelta(hours=1), timedelta(0), timedelta(hours=-1)])
@pytest.mark.parametrize("ours", [timedelta(days=3), timedelta(hours=1), timedelta(0)])
async def test_a_claim_ends_after_a_lease_by_our_own_steady_clock_alone(
    store: WatchedStore, theirs: timedelta, ours: timedelta
) -> None:
    clock = Clock()
    await (bench := Bench(store, clock=clock)).enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE)])
    at, there = START + ours + LEASE, START + max(theirs, timedelta(0))
    (held,) = await bench.notifications.claim(there, there + LEASE, 10)
    other = Notifications(Resources(store, RecordingPublisher(), Path(), clock, clock.steady))
    assert await other.claim(at, at + LEASE, 10) == [], "its worker may be sending it"
    clock.turn(seconds=LEASE.total_seconds() - 1)
    assert await other.claim(at, at + LEASE, 10) == []
    clock.turn(seconds=1)
    (taken,) = await other.claim(at, at + LEASE, 10)
    assert (taken.notification.id, taken.number) == (held.notification.id, held.number + 1)


async def test_a_living_worker_keeps_its_mails_from_one_whose_clock_is_far_ahead(store: WatchedStore) -> None:
    clock = Clock()
    await (bench := Bench(store, clock=clock)).enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE, seq) for seq in range(1, 600)])
    assert len(await bench.notifications.claim(START, START + LEASE, 590)) == 590
    fast = Notifications(Resources(store, RecordingPublisher(), Path(), clock, clock.steady))
    ahead = START + timedelta(hours=2)
    taken = await fast.claim(ahead, ahead + LEASE, 50)
    assert [claim.number for claim in taken] == [1] * 9, "what nobody holds lies behind what somebody does"


async def test_a_claim_of_the_version_before_ends_as_any_other(store: WatchedStore) -> None:
    clock = Clock()
    await (bench := Bench(store, clock=clock)).enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE)])
    (held,) = await bench.notifications.claim(START, START + LEASE, 10)
    document = await store.get(NOTIFICATIONS, held.notification.id)
    assert document is not None
    old = {name: value for name, value in document.items() if name != "marked_at"} | {"rev": document["rev"] + 1}
    assert not await store.save_many(NOTIFICATIONS, [Save(old, expected_rev=document["rev"])])
    clock.turn(seconds=LEASE.total_seconds())
    assert await bench.notifications.claim(clock(), clock() + LEASE, 10) == []
    clock.turn(seconds=LEASE.total_seconds())
    assert len(await bench.notifications.claim(clock(), clock() + LEASE, 10)) == 1


async def test_strays_are_bounded_by_the_batch_and_do_not_keep_what_is_due(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.enter(CUSTOMER.id, "erika")
    bench.clock.turn(days=1)
    await bench.consume([received(LIVE, seq) for seq in range(1, 6)])
    bench.clock.time = START
    await bench.consume([received(LIVE, seq) for seq in range(6, 8)])
    ours = Notifications(Resources(store, RecordingPublisher(), Path(), bench.clock))
    first = await ours.claim(START, START + LEASE, 4)
    assert [claim.notification.created_at == START for claim in first] == [True, True, False, False]
    assert len(await ours.claim(START, START + LEASE, 4)) == 3
