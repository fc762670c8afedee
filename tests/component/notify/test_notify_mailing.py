"""E-mails that are due: sent once, tried again when the server asks for it, given up when it refuses, never lost."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.notify import handlers, mail
from services.notify.domain.contact import Language
from services.notify.domain.transitions import NotificationState
from services.notify.metrics import OVERDUE, SMTP_CONFIGURED
from shared.messages import ordering
from shared.messages.notify import NotificationDelivered, NotificationFailed
from tests.component.notify.workbench import LEASE, Bench, Clock, WatchedStore, open_store, received
from tests.support.builders.events import AT, CUSTOMER, NUMBER, head
from tests.support.smtp import CapturingServer

pytestmark = pytest.mark.slow

LIVE = ordering.WentLive(order=head(), at=AT)
S = NotificationState
PATIENCE = 60


@pytest_asyncio.fixture
async def store() -> AsyncIterator[WatchedStore]:
    store = await open_store()
    yield store
    await store.close()


@pytest_asyncio.fixture
async def smtp() -> AsyncIterator[CapturingServer]:
    async with CapturingServer() as server:
        yield server


def worker(store: WatchedStore, smtp: CapturingServer, clock: Clock | None = None, **settings: Any) -> Bench:
    return Bench(store, clock=clock, smtp_host=smtp.host, smtp_port=smtp.port, **settings)


def delivered(bench: Bench) -> list[NotificationDelivered]:
    events = [event for event in bench.recorded.events if event.type == NotificationDelivered.TYPE]
    found = [NotificationDelivered.model_validate_json(event.body) for event in events]
    return [message for message in found if message.person is not None]


def failed(bench: Bench) -> list[NotificationFailed]:
    events = [event for event in bench.recorded.events if event.type == NotificationFailed.TYPE]
    return [NotificationFailed.model_validate_json(event.body) for event in events]


async def test_a_mail_leaves_right_after_its_event_and_is_marked(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp, poll=timedelta(hours=1))
    await bench.enter(CUSTOMER.id, "erika", name="Erika Müller")
    waiting = asyncio.create_task(bench.send())
    await bench.consume([received(LIVE)])
    async with asyncio.timeout(PATIENCE):
        await waiting
    (captured,) = smtp.mails
    assert captured.recipients == (f"erika@{CUSTOMER.id}.example",)
    assert NUMBER in str(captured.message["Subject"])
    assert captured.text.startswith("Guten Tag Erika Müller,")
    (notification,) = await bench.mails()
    assert notification.state is S.ZUGESTELLT
    assert captured.message["X-Idempotency-Key"] == notification.id
    assert [message.notification_id for message in delivered(bench)] == [notification.id]


async def test_each_reader_gets_their_language(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.enter(CUSTOMER.id, "john", language=Language.EN)
    await bench.consume([received(LIVE)])
    await bench.send()
    texts = {mail.message["Content-Language"]: mail.text for mail in smtp.mails}
    assert texts["de"].startswith("Guten Tag Erika Muster,")
    assert texts["en"].startswith("Dear John Muster,")


async def test_nothing_is_sent_twice_however_often_the_worker_looks(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika")
    for _ in range(3):
        await bench.consume([received(LIVE)])
        await bench.send()
        bench.clock.turn(hours=1)
    assert len(smtp.mails) == 1


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
async def test_a_temporary_refusal_is_tried_again_with_growing_pauses(
    store: WatchedStore, smtp: CapturingServer, step: Any
) -> None:
    bench = worker(store, smtp, retry_first=timedelta(seconds=30), retry_longest=timedelta(minutes=2))
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE)])
    smtp.answer("451 4.3.0 come back later", step, times=4)
    pauses = []
    for _ in range(4):
        await bench.send()
        (notification,) = await bench.mails()
        assert (notification.state, notification.code) == (S.VORGEMERKT, "smtp_451")
        assert notification.next_attempt_at is not None
        pauses.append(notification.next_attempt_at - bench.clock())
        await bench.send()
        assert (await bench.mails())[0].attempts == notification.attempts, "not before it is due"
        bench.clock.time = notification.next_attempt_at
    for pause, longest in zip(pauses, (30, 60, 120, 120), strict=True):
        assert timedelta(seconds=longest / 2) <= pause <= timedelta(seconds=longest)
    await bench.send()
    assert await bench.states() == [S.ZUGESTELLT]
    assert (await bench.mails())[0].attempts == 5
    assert len(smtp.mails) == 1
    assert failed(bench) == []


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
async def test_a_permanent_refusal_ends_it_with_its_code(store: WatchedStore, smtp: CapturingServer, step: Any) -> None:
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE)])
    smtp.answer("550 5.1.1 erika@kommune.example is unknown here", step)
    await bench.send()
    bench.clock.turn(days=1)
    await bench.send()
    assert await bench.states() == [S.FEHLGESCHLAGEN]
    (message,) = failed(bench)
    assert (message.code, message.attempts, message.person) == ("smtp_550", 1, "erika")
    assert smtp.mails == []
    assert "unknown here" not in str(await bench.all()), "a server's words may name people"


async def test_one_refused_mail_does_not_keep_the_others(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp, smtp_connections=1)
    for person in ("a", "b", "c"):
        await bench.enter(CUSTOMER.id, person)
    await bench.consume([received(LIVE)])
    smtp.answer("550 5.1.1 no")
    await bench.send()
    assert await bench.states() == sorted([S.FEHLGESCHLAGEN, S.ZUGESTELLT, S.ZUGESTELLT])
    assert len(smtp.mails) == 2


async def test_after_the_last_attempt_it_is_given_up(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp, max_attempts=3)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE)])
    smtp.answer("451 4.3.0 later", times=9)
    for _ in range(5):
        await bench.send()
        bench.clock.turn(hours=3)
    assert await bench.states() == [S.FEHLGESCHLAGEN]
    assert [(message.code, message.attempts) for message in failed(bench)] == [("smtp_451", 3)]
    assert smtp.attempts == 3


async def test_a_server_that_is_away_loses_nothing(store: WatchedStore) -> None:
    async with CapturingServer() as gone:
        port = gone.port
    bench = worker(store, gone)
    for person in ("a", "b", "c"):
        await bench.enter(CUSTOMER.id, person)
    await bench.consume([received(LIVE)])
    await bench.send()
    assert await bench.states() == [S.VORGEMERKT] * 3
    assert {n.code for n in await bench.mails()} == {"smtp_unreachable"}
    bench.clock.turn(hours=1)
    async with CapturingServer(port) as back:
        await bench.send()
        assert len(back.mails) == 3
    assert await bench.states() == [S.ZUGESTELLT] * 3


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_server_that_hangs_is_left_and_tried_again(store: WatchedStore, smtp: CapturingServer, when: Any) -> None:
    bench = worker(store, smtp, smtp_send_timeout=timedelta(seconds=3))
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE)])
    smtp.hang(when)
    await bench.send()
    assert [(n.state, n.code) for n in await bench.mails()] == [(S.VORGEMERKT, "smtp_timeout")]
    smtp.hang(None)
    bench.clock.turn(hours=1)
    await bench.send()
    assert await bench.states() == [S.ZUGESTELLT]
    expected = {"before": 1, "after": 2}[when]
    assert len(smtp.mails) == expected
    assert len({mail.message["Message-ID"] for mail in smtp.mails}) == 1, "the receiver can see that it is a repeat"


async def test_two_workers_at_the_same_time_send_each_mail_once(store: WatchedStore, smtp: CapturingServer) -> None:
    clock = Clock()
    first, second = (worker(store, smtp, clock, batch=7) for _ in range(2))
    for person in ("a", "b"):
        await first.enter(CUSTOMER.id, person)
    await first.consume([received(LIVE, seq) for seq in range(1, 26)])
    await asyncio.gather(first.send(), second.send())
    sent = Counter(mail.message["Message-ID"] for mail in smtp.mails)
    assert len(sent) == 50
    assert set(sent.values()) == {1}
    assert await first.states() == [S.ZUGESTELLT] * 50
    assert len(delivered(first)) + len(delivered(second)) == 50


async def test_a_mail_in_one_worker_s_hands_is_not_touched_by_another(store: WatchedStore, smtp: CapturingServer) -> None:
    clock = Clock()
    first = worker(store, smtp, clock, smtp_send_timeout=timedelta(seconds=30))
    second = worker(store, smtp, clock)
    await first.enter(CUSTOMER.id, "erika")
    await first.consume([received(LIVE)])
    smtp.hang("before")
    holding = asyncio.create_task(first.send())
    async with asyncio.timeout(PATIENCE):
        await smtp.hanging.wait()
    smtp.hang(None)
    clock.turn(seconds=LEASE.total_seconds())
    await second.send()
    clock.turn(seconds=LEASE.total_seconds() - 0.001)
    await second.send()
    assert smtp.mails == []
    clock.turn(seconds=0.001)
    await second.send()
    assert len(smtp.mails) == 1
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    assert await first.states() == [S.ZUGESTELLT]


async def test_a_worker_told_to_stop_lets_the_mail_on_its_way_arrive_and_starts_no_other(
    store: WatchedStore, smtp: CapturingServer
) -> None:
    clock = Clock()
    stopping = worker(store, smtp, clock, smtp_connections=1)
    for person in ("a", "b"):
        await stopping.enter(CUSTOMER.id, person)
    await stopping.consume([received(LIVE)])
    smtp.hang("after")
    sending = asyncio.create_task(stopping.send())
    async with asyncio.timeout(PATIENCE):
        await smtp.hanging.wait()
    smtp.hang(None)
    sending.cancel()
    smtp.released.set()
    assert isinstance((await asyncio.gather(sending, return_exceptions=True))[0], asyncio.CancelledError)
    assert await stopping.states() == [S.VORGEMERKT, S.ZUGESTELLT]
    clock.turn(hours=1)
    await worker(store, smtp, clock).send()
    assert Counter(mail.message["Message-ID"] for mail in smtp.mails).most_common(1)[0][1] == 1
    assert len(smtp.mails) == 2


async def test_a_worker_that_comes_back_too_late_changes_nothing(store: WatchedStore, smtp: CapturingServer) -> None:
    clock = Clock()
    late, other = (worker(store, smtp, clock) for _ in range(2))
    await late.enter(CUSTOMER.id, "erika")
    await late.consume([received(LIVE)])
    (claim,) = await late.notifications.claim(clock(), clock() + LEASE, 10)
    for _ in range(2):
        clock.turn(seconds=LEASE.total_seconds())
        await other.send()
    (result,) = await late.notifications.ledger.apply([handlers.failed(claim.notification.id, claim.number, "smtp_550", clock())])
    assert result.error is not None
    assert await late.states() == [S.ZUGESTELLT]
    assert failed(late) == []


async def test_without_a_mail_server_mails_wait_and_the_metrics_say_so(store: WatchedStore, smtp: CapturingServer) -> None:
    clock = Clock()
    bench = Bench(store, clock=clock)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE)])
    clock.turn(minutes=10)
    await bench.send()
    assert await bench.states() == [S.VORGEMERKT]
    assert SMTP_CONFIGURED._value.get() == 0
    assert OVERDUE._value.get() == 600
    mended = worker(store, smtp, clock)
    assert SMTP_CONFIGURED._value.get() == 1
    await mended.send()
    assert await bench.states() == [S.ZUGESTELLT]
    await mended.send()
    assert OVERDUE._value.get() == 0


async def test_a_contact_that_no_longer_wants_mail_gets_none(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp)
    for person in ("off", "muted"):
        await bench.enter(CUSTOMER.id, person)
    await bench.consume([received(LIVE)])
    await bench.enter(CUSTOMER.id, "off", email_enabled=False)
    await bench.enter(CUSTOMER.id, "muted", muted=(LIVE.TYPE,))
    await bench.send()
    assert smtp.mails == []
    assert await bench.states() == [S.VERWORFEN] * 2
    assert {message.code for message in failed(bench)} == {"email_not_wanted"}


async def test_a_changed_address_counts_for_mails_that_wait(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE)])
    await bench.enter(CUSTOMER.id, "erika", email="neu@kommune.example")
    await bench.send()
    assert [mail.recipients for mail in smtp.mails] == [("neu@kommune.example",)]


async def test_many_mails_share_few_connections(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp, smtp_connections=2, batch=100)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE, seq) for seq in range(1, 41)])
    await bench.send()
    assert len(smtp.mails) == 40
    assert smtp.connections <= 2


async def test_a_mail_that_would_not_read_as_meant_is_not_sent_and_says_so(
    store: WatchedStore, smtp: CapturingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "mailbox", lambda name, address: f"{name} <{address}>")
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika", name="Muster, Erika")
    await bench.enter(CUSTOMER.id, "max", name="Max Muster")
    await bench.consume([received(LIVE)])
    await bench.send()
    assert [captured.recipients for captured in smtp.mails] == [(f"max@{CUSTOMER.id}.example",)]
    assert [(message.code, message.person) for message in failed(bench)] == [("header_unsafe", "erika")]


async def test_a_name_that_reads_as_an_encoded_header_stays_a_name(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp, sender_name="Marktplatz, =?utf-8?q?=0D=0ACc=3A_x=40anderswo.example?=")
    await bench.enter(CUSTOMER.id, "erika", name="=?utf-8?q?Erika=0D=0ABcc=3A_dritte=40anderswo.example?=")
    await bench.consume([received(LIVE)])
    await bench.send()
    (captured,) = smtp.mails
    assert captured.recipients == (f"erika@{CUSTOMER.id}.example",)
    assert not re.search(rb"(?mi)^b?cc:", captured.raw)
