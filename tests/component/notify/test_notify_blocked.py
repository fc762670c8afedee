"""A server that takes nothing from this installation loses no mail; failed ones can be sent again."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.notify.domain.transitions import NotificationState
from services.notify.metrics import OVERDUE
from shared.messages import ordering
from shared.messages.notify import NotificationDelivered
from tests.component.notify.workbench import Bench, WatchedStore, open_store, received
from tests.support.builders.events import AT, CUSTOMER, head
from tests.support.smtp import CapturingServer

LIVE = ordering.WentLive(order=head(), at=AT)
S = NotificationState


@pytest_asyncio.fixture
async def store() -> AsyncIterator[WatchedStore]:
    store = await open_store()
    yield store
    await store.close()


@pytest_asyncio.fixture
async def smtp() -> AsyncIterator[CapturingServer]:
    async with CapturingServer() as server:
        yield server


async def queued(store: WatchedStore, smtp: CapturingServer, *people: str, **settings: Any) -> Bench:
    bench = Bench(store, smtp_host=smtp.host, smtp_port=smtp.port, smtp_connections=1, **settings)
    for person in people:
        await bench.enter(CUSTOMER.id, person)
    await bench.consume([received(LIVE)])
    return bench


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        ("EHLO", "554 5.7.1 no"),
        ("EHLO", "550 no"),
        ("MAIL", "530 5.7.0 Authentication required"),
        ("MAIL", "550 5.7.1 not your sender"),
        ("MAIL", "553 5.1.8 unknown sender"),
        ("RCPT", "554 5.7.1 Relay access denied"),
        ("DATA", "550 5.7.26 not authenticated"),
    ],
)
async def test_a_fault_of_the_installation_loses_no_mail(
    store: WatchedStore, smtp: CapturingServer, step: Any, reply: str
) -> None:
    bench = await queued(store, smtp, "a", "b", "c")
    smtp.answer(reply, step, times=100)
    await bench.send()
    assert [(n.state, n.code) for n in await bench.mails()] == [(S.VORGEMERKT, f"smtp_{reply[:3]}")] * 3
    assert smtp.tries <= 1, "the others of the batch are not tried in vain"
    smtp.forget_answers()
    bench.clock.turn(hours=3)
    await bench.send()
    assert await bench.states() == [S.ZUGESTELLT] * 3


async def test_a_blocked_server_is_not_asked_for_every_batch(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = await queued(store, smtp, *"abcdef", batch=2)
    smtp.answer("530 5.7.0 Authentication required", "MAIL", times=100)
    await bench.send()
    assert smtp.tries == 1


async def test_mails_that_wait_for_the_installation_count_as_overdue_until_they_leave(
    store: WatchedStore, smtp: CapturingServer
) -> None:
    bench = await queued(store, smtp, "a")
    smtp.answer("530 5.7.0 Authentication required", "MAIL", times=100)
    await bench.send()
    for _ in range(10):
        bench.clock.turn(minutes=3)
        await bench.send()
    assert OVERDUE._value.get() == 1800
    smtp.forget_answers()
    bench.clock.turn(hours=3)
    await bench.send()
    assert OVERDUE._value.get() == 0


async def fail(bench: Bench, smtp: CapturingServer, reply: str = "550 5.1.1 no") -> datetime:
    smtp.answer(reply, times=100)
    await bench.send()
    smtp.forget_answers()
    return bench.clock()


async def test_failed_mails_are_sent_again_on_request_each_once(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = await queued(store, smtp, "a", "b")
    at = await fail(bench, smtp)
    bench.clock.turn(hours=1)
    retried = await bench.notifications.retry_failed(at, bench.clock(), [], bench.clock())
    assert retried == {"smtp_550": 2}
    assert await bench.notifications.retry_failed(at, bench.clock(), [], bench.clock()) == {}
    await bench.send()
    assert await bench.states() == [S.ZUGESTELLT] * 2
    assert await bench.notifications.retry_failed(at, bench.clock(), [], bench.clock()) == {}
    await bench.send()
    assert len(smtp.mails) == 2
    reported = [event for event in bench.recorded.events if event.type == NotificationDelivered.TYPE]
    assert sum("EMAIL" in event.body for event in reported) == 2


async def test_only_what_failed_in_the_time_and_with_the_code_is_taken_up(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = await queued(store, smtp, "a")
    at = await fail(bench, smtp)
    second = timedelta(seconds=1)
    retry = bench.notifications.retry_failed
    assert await retry(at + second, at + 2 * second, [], at) == {}
    assert await retry(at - second, at, [], at) == {}
    assert await retry(at, at + second, ["smtp_552"], at) == {}
    assert await retry(at, at + second, ["smtp_552", "smtp_550"], at) == {"smtp_550": 1}


async def test_who_was_erased_meanwhile_gets_none(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = await queued(store, smtp, "a")
    at = await fail(bench, smtp)
    await bench.contacts.change(CUSTOMER.id, CUSTOMER.name, lambda book: book.erase("a"))
    await bench.notifications.retry_failed(at, at + timedelta(seconds=1), [], at)
    await bench.send()
    assert await bench.states() == [S.VERWORFEN]
    assert smtp.mails == []


@pytest.mark.slow
def test_the_command_takes_up_failed_mails_and_says_how_many(tmp_path: Path) -> None:
    asyncio.run(_failed_on_disk(tmp_path / "notify.db"))

    def retry(code: str) -> list[str]:
        command = ["mails", "retry", "--since", "2026-03-02T00:00:00Z", "--until", "2026-03-03T00:00:00Z", "--code", code]
        environment = os.environ | {"MARKTPLATZ_STORE_URL": f"sqlite:///{tmp_path}/{{service}}.db"}
        ran = subprocess.run(
            [sys.executable, "-m", "marktplatz", *command],
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
            env=environment,
        )
        return ran.stdout.splitlines()

    assert retry("smtp_530")[-1].startswith("0 failed e-mails")
    assert retry("smtp_550")[0] == "smtp_550: 1"
    assert retry("smtp_550")[-1].startswith("0 failed e-mails")


async def _failed_on_disk(path: Path) -> None:
    store = await open_store(path)
    async with CapturingServer() as smtp:
        await fail(await queued(store, smtp, "a"), smtp)
    await store.close()
