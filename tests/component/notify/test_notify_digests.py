"""Several events in one mail: of one matter within a window, or of a day or week; never lost, never twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.notify.domain import notification as notifications
from services.notify.domain.contact import KindRhythm, Language
from services.notify.domain.digest import Rhythm
from services.notify.domain.notification import DigestClosedError
from services.notify.domain.transitions import NotificationState as S
from shared.bus.handling import Received
from shared.ids import derived_id
from shared.messages import ordering
from shared.messages.base import Message
from tests.component.notify.test_notify_api import CONCLUDED, FORM, LIVE, Api
from tests.component.notify.test_notify_mailing import delivered
from tests.component.notify.workbench import Bench, WatchedStore, open_store, received
from tests.support.builders.events import AT, CUSTOMER, NUMBER, PROVIDER, head
from tests.support.smtp import CapturingServer

WINDOW = timedelta(minutes=2)
OTHER = ordering.WentLive(
    order=head().model_copy(update={"id": derived_id("test", "other order"), "number": "GD-2026-000099"}), at=AT
)
SETTLED = ordering.QuestionAsked(
    order=head(), at=AT, question_id=derived_id("test", "question"), asked_by=ordering.OrderParty.BEREITSTELLER
)


@pytest_asyncio.fixture
async def store() -> AsyncIterator[WatchedStore]:
    store = await open_store()
    yield store
    await store.close()


@pytest_asyncio.fixture
async def smtp() -> AsyncIterator[CapturingServer]:
    async with CapturingServer() as server:
        yield server


def worker(store: WatchedStore, smtp: CapturingServer, **options: Any) -> Bench:
    return Bench(store, smtp_host=smtp.host, smtp_port=smtp.port, **{"mail_window": WINDOW, **options})


def now(bench: Bench, *messages: Message, seq: int = 1) -> Sequence[Received]:
    return [replace(received(message, seq + n), time=bench.clock()) for n, message in enumerate(messages)]


async def test_notices_of_one_matter_within_the_window_are_one_mail(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume(now(bench, LIVE))
    await bench.send()
    bench.clock.turn(seconds=40)
    await bench.consume(now(bench, SETTLED, OTHER, seq=2))
    await bench.send()
    assert smtp.mails == [], "not before the window is over"
    bench.clock.turn(minutes=2)
    await bench.send()
    by_subject = {str(mail.message["Subject"]): mail.text for mail in smtp.mails}
    assert by_subject.keys() == {f"{NUMBER}: 2 Mitteilungen", next(it for it in by_subject if "GD-2026-000099" in it)}
    text = by_subject[f"{NUMBER}: 2 Mitteilungen"]
    assert "im Produktivbetrieb" in text
    assert "eine Frage gestellt" in text
    assert text.count("https://portal.example/orders/") == 2
    events = [it for it in delivered(bench) if it.person == "erika"]
    assert len({it.event_id for it in events}) == 3, "each event is reported"
    assert len({it.notification_id for it in events}) == 2


async def test_what_was_ordered_together_is_one_mail_to_each_reader(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp)
    await bench.enter(PROVIDER.id, "anna")
    act = derived_id("test", "placement")
    heads = [head().model_copy(update={"id": derived_id("test", f"order {n}"), "number": f"GD-2026-00010{n}"}) for n in range(3)]
    placed = [ordering.OrderPlaced(order=it, at=AT, check=2, placement_id=act) for it in heads]
    alone = ordering.OrderPlaced(order=head(), at=AT, check=2)
    await bench.consume(now(bench, *placed, alone))
    bench.clock.turn(minutes=3)
    await bench.send()
    by_subject = {str(mail.message["Subject"]): mail.text for mail in smtp.mails}
    together = by_subject.pop(f"{CUSTOMER.name}: 3 Mitteilungen")
    assert all(it.number in together for it in heads)
    (single,) = by_subject
    assert NUMBER in single


async def test_a_lone_notice_keeps_its_own_subject(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika")
    await bench.consume(now(bench, LIVE))
    bench.clock.turn(minutes=2)
    await bench.send()
    (mail,) = smtp.mails
    assert NUMBER in mail.message["Subject"]
    assert "Mitteilungen" not in mail.message["Subject"]


async def test_a_daily_digest_holds_all_matters_of_the_day_in_the_readers_language(
    store: WatchedStore, smtp: CapturingServer
) -> None:
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika", rhythm=Rhythm.DAILY)
    await bench.enter(CUSTOMER.id, "john", rhythm=Rhythm.DAILY, language=Language.EN)
    await bench.consume(now(bench, LIVE, OTHER))
    bench.clock.turn(hours=5)
    await bench.consume(now(bench, CONCLUDED, seq=9))
    await bench.send()
    assert smtp.mails == []
    bench.clock.time = datetime(2026, 3, 3, 6, 0, tzinfo=UTC)  # seven o'clock in Germany
    await bench.send()
    subjects = {mail.recipients[0].split("@")[0]: str(mail.message["Subject"]) for mail in smtp.mails}
    assert subjects == {"erika": "Ihre Zusammenfassung: 3 Mitteilungen", "john": "Your digest: 3 notifications"}
    english = next(mail.text for mail in smtp.mails if mail.recipients[0].startswith("john"))
    assert "has been in productive use" in english
    bench.clock.turn(days=1)
    await bench.send()
    assert len(smtp.mails) == 2


async def test_a_kind_can_have_another_rhythm_than_the_rest(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp, mail_window=timedelta(0))
    weekly = (KindRhythm(event_type=LIVE.TYPE, rhythm=Rhythm.WEEKLY),)
    await bench.enter(CUSTOMER.id, "erika", rhythms=weekly)
    bench.clock.turn(days=1)
    await bench.consume(now(bench, LIVE, CONCLUDED))
    await bench.send()
    assert [NUMBER in str(mail.message["Subject"]) for mail in smtp.mails] == [False], "the contract is told at once"
    bench.clock.time = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
    await bench.send()
    assert len(smtp.mails) == 2


async def test_a_repeated_batch_adds_nothing_before_or_after_the_mail_has_left(
    store: WatchedStore, smtp: CapturingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika")
    batch = now(bench, LIVE, SETTLED)
    # As after a crash between the mails and the notes that say they are there.
    unknown = _knows_nothing(monkeypatch, bench)
    await bench.consume(batch)
    await bench.consume(batch)
    bench.clock.turn(minutes=2)
    await bench.send()
    await bench.consume(batch)
    bench.clock.turn(hours=1)
    await bench.send()
    assert unknown
    assert len(smtp.mails) == 1
    (mail,) = await bench.mails()
    assert len(mail.items) == 2


def _knows_nothing(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> list[bool]:
    asked: list[bool] = []

    async def known(*_: Any) -> frozenset[str]:
        asked.append(True)
        return frozenset()

    monkeypatch.setattr(type(bench.notifications), "known", known)
    return asked


async def test_what_comes_after_a_mail_was_claimed_goes_with_a_second_one(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika")
    first, late = now(bench, LIVE, SETTLED)
    await bench.consume([first])
    bench.clock.turn(minutes=2)
    smtp.answer("451 4.3.0 come back later", "DATA", times=1)
    await bench.send()
    await bench.consume([late])
    bench.clock.turn(hours=1)
    await bench.send()
    assert sorted(len(it.items) for it in await bench.mails()) == [1, 1]
    assert await bench.states() == [S.ZUGESTELLT] * 2
    assert len({mail.message["X-Idempotency-Key"] for mail in smtp.mails}) == 2
    assert not any("Mitteilungen" in str(mail.message["Subject"]) for mail in smtp.mails), "every attempt says the same"


async def test_a_mail_that_is_claimed_between_look_and_write_has_the_batch_repeated(
    store: WatchedStore, smtp: CapturingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika")
    first, late = now(bench, LIVE, SETTLED)
    await bench.consume([first])
    look = type(bench.notifications).get_many

    async def then_claimed(self: Any, ids: Sequence[str]) -> Any:
        found = await look(self, ids)
        monkeypatch.setattr(type(bench.notifications), "get_many", look)
        bench.clock.turn(minutes=2)
        await bench.send()
        return found

    monkeypatch.setattr(type(bench.notifications), "get_many", then_claimed)
    with pytest.raises(DigestClosedError):
        await bench.consume([late])
    await bench.consume([late])
    bench.clock.turn(minutes=2)
    await bench.send()
    assert len(smtp.mails) == 2


async def test_a_digest_that_is_full_goes_on_in_a_second_mail(
    store: WatchedStore, smtp: CapturingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (notifications, __import__("services.notify.handlers", fromlist=["x"])):
        monkeypatch.setattr(place, "MOST_ITEMS", 3)
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika", rhythm=Rhythm.DAILY)
    await bench.consume([replace(received(LIVE, seq), time=bench.clock()) for seq in range(1, 6)])
    await bench.consume([replace(received(LIVE, seq), time=bench.clock()) for seq in range(6, 9)])
    assert sorted(len(it.items) for it in await bench.mails()) == [2, 3, 3]
    assert len({item.event_id for it in await bench.mails() for item in it.items}) == 8


async def test_what_was_muted_meanwhile_is_left_out_and_who_was_erased_gets_nothing(
    store: WatchedStore, smtp: CapturingServer
) -> None:
    bench = worker(store, smtp)
    await bench.enter(CUSTOMER.id, "erika", rhythm=Rhythm.DAILY)
    await bench.enter(CUSTOMER.id, "john", rhythm=Rhythm.DAILY)
    await bench.consume(now(bench, LIVE, CONCLUDED))
    await bench.enter(CUSTOMER.id, "erika", rhythm=Rhythm.DAILY, muted=(LIVE.TYPE,))
    async with Api(bench).of(CUSTOMER.id, "john") as http:
        assert (await http.delete("/v1/contacts/me")).status_code == 204
    bench.clock.turn(days=2)
    await bench.send()
    (mail,) = smtp.mails
    assert mail.recipients[0].startswith("erika")
    assert "im Produktivbetrieb" not in mail.text
    assert await bench.states() == [S.VERWORFEN, S.ZUGESTELLT]


async def test_one_person_of_two_parties_gets_an_event_once(store: WatchedStore, smtp: CapturingServer) -> None:
    bench = worker(store, smtp)
    for organisation in (CUSTOMER.id, PROVIDER.id):
        await bench.enter(organisation, "erika")
    await bench.consume(now(bench, LIVE))
    bench.clock.turn(minutes=2)
    await bench.send()
    assert len(smtp.mails) == 1


async def test_the_rhythm_is_set_by_the_person_and_refused_for_what_nobody_is_told_of(store: WatchedStore) -> None:
    async with Api(Bench(store)).of(CUSTOMER.id) as http:
        assert (await http.put("/v1/contacts/me", json=FORM)).json()["rhythm"] == "IMMEDIATE"
        form = {**FORM, "rhythm": "DAILY", "rhythms": {LIVE.TYPE: "WEEKLY"}}
        stored = (await http.put("/v1/contacts/me", json=form, headers={"If-Match": '"1"'})).json()
        assert (stored["rhythm"], stored["rhythms"]) == ("DAILY", {LIVE.TYPE: "WEEKLY"})
        assert (await http.get("/v1/contacts/me")).json()["rhythms"] == {LIVE.TYPE: "WEEKLY"}
        refused = await http.put("/v1/contacts/me", json={**form, "rhythms": {"nothing": "DAILY"}})
        assert (refused.status_code, refused.json()["code"]) == (422, "event_type_unknown")
        assert (await http.put("/v1/contacts/me", json={**form, "rhythm": "HOURLY"})).status_code == 422
