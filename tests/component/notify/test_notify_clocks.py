"""No clock that went wrong keeps a mail: not one that was set back, and not another process's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from services.notify.domain.notification import NotificationState
from services.notify.metrics import OVERDUE
from services.notify.repository import Notifications
from shared.messages import ordering
from tests.component.notify.bench import LEASE, START, Bench, Clock, WatchedStore, open_store, received
from tests.support.publisher import RecordingPublisher
from tests.support.smtp import CapturingServer
from tests.unit.notify.examples import AT, CUSTOMER, head

LIVE = ordering.WentLive(order=head(), at=AT)
S = NotificationState


@pytest_asyncio.fixture
async def store() -> AsyncIterator[WatchedStore]:
    store = await open_store()
    yield store
    await store.close()


@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(days=1), timedelta(days=3650)])
async def test_what_was_noted_by_a_clock_far_ahead_is_sent_now(store: WatchedStore, ahead: timedelta) -> None:
    async with CapturingServer() as smtp:
        bench = Bench(store, smtp_host=smtp.host, smtp_port=smtp.port)
        await bench.enter(CUSTOMER.id, "erika")
        bench.clock.time = START + ahead
        await Bench(store, clock=bench.clock, mail_max_age=timedelta(days=9999)).consume([received(LIVE)])
        bench.clock.time = START
        await bench.send()
        assert len(smtp.mails) == 1
        await bench.send()
    assert await bench.states() == [S.ZUGESTELLT]
    assert OVERDUE._value.get() == 0


async def test_what_was_put_off_by_a_clock_far_ahead_is_tried_now(store: WatchedStore) -> None:
    async with CapturingServer() as smtp:
        bench = Bench(store, smtp_host=smtp.host, smtp_port=smtp.port)
        await bench.enter(CUSTOMER.id, "erika")
        await bench.consume([received(LIVE)])
        smtp.answer("451 4.3.0 later")
        bench.clock.turn(days=3)
        await bench.send()
        assert await bench.states() == [S.VORGEMERKT]
        bench.clock.time = START
        await bench.send()
        assert await bench.states() == [S.ZUGESTELLT]


async def test_a_pause_that_this_installation_sets_is_kept(store: WatchedStore) -> None:
    async with CapturingServer() as smtp:
        bench = Bench(store, smtp_host=smtp.host, smtp_port=smtp.port, retry_first=timedelta(hours=2))
        await bench.enter(CUSTOMER.id, "erika")
        await bench.consume([received(LIVE)])
        smtp.answer("451 4.3.0 later")
        await bench.send()
        await bench.send()
        assert (await bench.mails())[0].attempts == 1


async def test_a_claim_of_a_clock_far_ahead_ends_after_a_lease_by_our_own(store: WatchedStore) -> None:
    clock, seconds = Clock(), [1000.0]
    await (bench := Bench(store, clock=clock)).enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE)])
    ahead = START + timedelta(days=3)
    (held,) = await bench.notifications.claim(ahead, ahead + LEASE, 10)
    ours = Notifications(store, RecordingPublisher(), clock, farthest=bench.settings.farthest, steady=lambda: seconds[0])
    assert await ours.claim(START, START + LEASE, 10) == [], "its worker may be sending it"
    seconds[0] += LEASE.total_seconds() - 1
    assert await ours.claim(START, START + LEASE, 10) == []
    seconds[0] += 1
    (taken,) = await ours.claim(START, START + LEASE, 10)
    assert (taken.notification.id, taken.number) == (held.notification.id, held.number + 1)


async def test_strays_are_bounded_by_the_batch_and_do_not_keep_what_is_due(store: WatchedStore) -> None:
    bench = Bench(store)
    await bench.enter(CUSTOMER.id, "erika")
    bench.clock.turn(days=1)
    await bench.consume([received(LIVE, seq) for seq in range(1, 6)])
    bench.clock.time = START
    await bench.consume([received(LIVE, seq) for seq in range(6, 8)])
    ours = Notifications(store, RecordingPublisher(), bench.clock, farthest=bench.settings.farthest)
    first = await ours.claim(START, START + LEASE, 4)
    assert [claim.notification.created_at == START for claim in first] == [True, True, False, False]
    assert len(await ours.claim(START, START + LEASE, 4)) == 3
