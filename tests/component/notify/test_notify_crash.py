"""A worker killed with SIGKILL around the sending of a mail: never lost, repeated only where nobody could know."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from services.notify.domain.transitions import NotificationState
from shared.messages import ordering
from tests.component.notify import crashing_worker
from tests.component.notify.workbench import Bench, open_store, received
from tests.support.builders.events import AT, CUSTOMER, head
from tests.support.forked import run_process
from tests.support.smtp import CapturingServer

pytestmark = pytest.mark.slow

LIVE = ordering.WentLive(order=head(), at=AT)
AFTER_LEASE = 6.0


async def run_worker(path: Path, smtp: CapturingServer, *, minutes: float = 0, failpoint: str = "") -> int:
    """Run the worker process to its end and return its exit code (negative: the signal that ended it)."""
    return await run_process(crashing_worker.main, path, smtp.port, minutes, failpoint=failpoint)


async def prepared(path: Path) -> list[str]:
    """Note one mail and return the ids of all notifications."""
    store = await open_store(path)
    bench = Bench(store)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE)])
    await store.close()
    return store.notifications


async def states(path: Path, ids: list[str]) -> list[tuple[NotificationState, int]]:
    store = await open_store(path)
    store.notifications = ids
    found = [(n.state, n.attempts) for n in await Bench(store).mails()]
    await store.close()
    return found


@pytest.mark.parametrize(
    ("failpoint", "sent_before", "sent_after"),
    [
        pytest.param("store.save.after:1", 0, 1, id="after the claim"),
        pytest.param("smtp.send.before:1", 0, 1, id="before sending"),
        pytest.param("smtp.send.after:1", 1, 2, id="after sending, before the mark"),
        pytest.param("store.save.before:2", 1, 2, id="before the mark is saved"),
        pytest.param("store.save.after:2", 1, 1, id="after the mark"),
    ],
)
async def test_a_killed_worker_loses_no_mail_and_repeats_one_only_after_its_claim_ended(
    tmp_path: Path, failpoint: str, sent_before: int, sent_after: int
) -> None:
    path = tmp_path / "notify.db"
    ids = await prepared(path)
    async with CapturingServer() as smtp:
        assert await run_worker(path, smtp, failpoint=failpoint) == -signal.SIGKILL
        assert len(smtp.mails) == sent_before
        assert await run_worker(path, smtp) == 0
        assert len(smtp.mails) == sent_before, "the claim of the dead worker still stands"
        assert await run_worker(path, smtp, minutes=AFTER_LEASE) == 0
        assert len(smtp.mails) == sent_after
        assert len({mail.message["Message-ID"] for mail in smtp.mails}) == 1
        assert len({mail.message["X-Idempotency-Key"] for mail in smtp.mails}) == 1
        assert await run_worker(path, smtp, minutes=10 * AFTER_LEASE) == 0
        assert len(smtp.mails) == sent_after
    ((state, _),) = await states(path, ids)
    assert state is NotificationState.ZUGESTELLT
