"""Erasing a contact erases it: from the store's file to the last byte, and from what waits to be sent."""

from __future__ import annotations

from pathlib import Path

from services.notify import handlers
from services.notify.app import load_routing
from services.notify.domain.transitions import NotificationState
from shared.http.auth import Caller
from shared.messages import ordering
from shared.messages.notify import NotificationFailed
from tests.component.notify.workbench import Bench, open_store, received
from tests.support.builders.events import AT, CUSTOMER, head
from tests.support.smtp import CapturingServer

LIVE = ordering.WentLive(order=head(), at=AT)
NAME = "Kanarienvogel-Erika"
ADDRESS = "kanarie.7391@kommune.example"
ERIKA = Caller("erika", CUSTOMER.id, CUSTOMER.name, frozenset())
S = NotificationState


def holds(folder: Path, canary: str) -> list[str]:
    """Return the files that hold the canary anywhere, in UTF-8 or UTF-16."""
    needles = [canary.encode(), canary.encode("utf-16-le")]
    return [path.name for path in folder.iterdir() if any(needle in path.read_bytes() for needle in needles)]


async def test_an_erased_contact_is_nowhere_in_the_files_of_the_store(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "notify.db")
    async with CapturingServer() as smtp:
        bench = Bench(store, smtp_host=smtp.host, smtp_port=smtp.port)
        await bench.enter(CUSTOMER.id, "erika", name=NAME, email=ADDRESS)
        await bench.enter(CUSTOMER.id, "max", name="Max Bleibt", email="max@kommune.example")
        await bench.consume([received(LIVE, 1)])
        await bench.send()
        assert {mail.recipients for mail in smtp.mails} == {(ADDRESS,), ("max@kommune.example",)}
        await bench.consume([received(LIVE, 2)])
        assert holds(tmp_path, NAME), "the search finds what is there"
        await handlers.erase_my_contact(bench.contacts, bench.notifications, ERIKA, bench.clock())
    await store.close()
    assert holds(tmp_path, NAME) == []
    assert holds(tmp_path, ADDRESS) == []
    assert holds(tmp_path, "Max Bleibt") == ["notify.db"]
    for event in bench.recorded.events:
        assert NAME not in event.body
        assert ADDRESS not in event.body


async def test_mails_that_wait_for_an_erased_person_are_dropped(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "notify.db")
    async with CapturingServer() as smtp:
        bench = Bench(store, smtp_host=smtp.host, smtp_port=smtp.port)
        await bench.enter(CUSTOMER.id, "erika")
        await bench.enter(CUSTOMER.id, "max")
        await bench.consume([received(LIVE, seq) for seq in range(1, 151)])
        await handlers.erase_my_contact(bench.contacts, bench.notifications, ERIKA, bench.clock())
        assert {n.state for n in await bench.mails() if n.person == "erika"} == {S.VERWORFEN}
        failures = [event for event in bench.recorded.events if event.type == NotificationFailed.TYPE]
        assert len(failures) == 150
        await bench.send()
        assert {mail.recipients for mail in smtp.mails} == {(f"max@{CUSTOMER.id}.example",)}
    await store.close()


async def test_a_mail_noted_while_its_reader_is_erased_is_dropped_when_it_is_due(tmp_path: Path) -> None:
    """The consumer may have read the address book before the erasure and write after it."""
    store = await open_store(tmp_path / "notify.db")
    async with CapturingServer() as smtp:
        bench = Bench(store, smtp_host=smtp.host, smtp_port=smtp.port)
        await bench.enter(CUSTOMER.id, "erika")
        books = await bench.contacts.books([CUSTOMER.id])
        await handlers.erase_my_contact(bench.contacts, bench.notifications, ERIKA, bench.clock())
        reported = handlers.notification_plan(received(LIVE), load_routing())
        planned = handlers.mails(reported, books, frozenset(), AT, bench.settings.pace)
        await bench.notifications.ledger.apply(await handlers.mail_changes(bench.notifications, planned, bench.clock()))
        assert await bench.states() == [S.VORGEMERKT]
        await bench.send()
        assert [(n.state, n.code) for n in await bench.mails()] == [(S.VERWORFEN, "contact_absent")]
        assert smtp.mails == []
    await store.close()


async def test_erasing_twice_is_erasing_once(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "notify.db")
    bench = Bench(store)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume([received(LIVE)])
    for _ in range(2):
        await handlers.erase_my_contact(bench.contacts, bench.notifications, ERIKA, bench.clock())
    assert [event.type for event in bench.recorded.events].count(NotificationFailed.TYPE) == 1
    await store.close()
