"""Stores go back to a backup, or partners' topics are lost: what partners sent has its effect once, and every receipt is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from marktplatz.recovery.dump.dump import back_up
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.restore import restore
from marktplatz.recovery.errors import InUseError
from marktplatz.recovery.rebuild.rebuild import rebuild
from marktplatz.recovery.reconcile.differences import Kind
from marktplatz.recovery.reconcile.report import reconcile
from marktplatz.recovery.stores import opened_stores
from shared.bus.admin import delete_topics
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.process.settings import ProcessSettings
from shared.topics import partner_group, partner_orders, partner_receipts
from tests.integration.bus.bus_fixture import committed_offsets, until
from tests.integration.partners.partners_fixture import Sender, Shop, said

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
OF_PARTNERS = (Kind.EVENT_UNANSWERED, Kind.RECEIPT_MISSING)


class Place:
    """A folder with all stores, on the broker of the tests."""

    def __init__(self, folder: Path, settings: KafkaSettings, publisher: KafkaPublisher, sender: Sender) -> None:
        folder.mkdir()
        self.folder, self.settings, self.publisher, self.sender = folder, settings, publisher, sender
        self.process = ProcessSettings(var=folder)

    @asynccontextmanager
    async def shop(self) -> AsyncIterator[Shop]:
        """Give ordering on its store, not running."""
        shop = Shop(self.folder / "ordering.db", self.publisher)
        await shop.open()
        yield shop
        await shop.store.close()

    async def read_all(self, shop: Shop) -> None:
        """Run the readers until all that was sent is read."""
        async with shop.reading(self.settings, self.publisher):
            await until(self.sender.done)

    async def differences(self) -> Counter[tuple[str, str]]:
        """Reconcile and return kind and place of the differences that this test's partner has."""
        async with opened_stores(self.process) as stores:
            report = await reconcile(stores, self.settings, timedelta(0))
        own = [it for it in report.differences if self.sender.system.id in " ".join(it.ids.values())]
        return Counter((it.kind.value, it.ids.get("offset") or it.ids.get("topic") or "") for it in own)

    async def rebuild(self) -> int:
        """Rebuild the topics and return how many receipts were sent again."""
        async with opened_stores(self.process, self.publisher) as stores:
            return (await rebuild(stores, self.settings, recreate=False, replicas=1, patience=timedelta(0))).receipts


@pytest.fixture
async def sender(settings: KafkaSettings, publisher: KafkaPublisher) -> Sender:
    sender = Sender(settings, publisher)
    await sender.create()
    return sender


async def test_what_a_partner_sent_after_the_backup_is_named_and_done_again_once(
    settings: KafkaSettings, publisher: KafkaPublisher, sender: Sender, tmp_path: Path
) -> None:
    before = Place(tmp_path / "before", settings, publisher, sender)
    async with before.shop() as shop:
        await shop.register(sender.system)
        order_id = await shop.order(sender.system.id)
        asked = await shop.questions(order_id)
        await sender.send(sender.ask(order_id, "Vor der Sicherung?"), b"poison")
        await before.read_all(shop)
    async with opened_stores(before.process) as stores:
        folder, _ = await back_up(stores, tmp_path / "backups", Keys())
    async with before.shop() as shop:
        await sender.send(sender.ask(order_id, "Danach?"), b"more poison")
        await before.read_all(shop)
        assert await shop.questions(order_id) == [*asked, "Vor der Sicherung?", "Danach?"]
    assert await before.differences() == Counter()
    first = [value for _, value in await sender.receipts()]

    after = Place(tmp_path / "after", settings, publisher, sender)
    async with opened_stores(after.process) as stores:
        await restore(stores, folder, Keys(), now())
    assert await after.differences() == Counter({("event_unanswered", "2"): 1, ("event_unanswered", "3"): 1})

    assert await after.rebuild() == 0
    async with after.shop() as shop:
        assert await shop.questions(order_id) == [*asked, "Vor der Sicherung?"]
        await after.read_all(shop)
        assert await shop.questions(order_id) == [*asked, "Vor der Sicherung?", "Danach?"]
    assert await after.differences() == Counter()
    again = [value for _, value in await sender.receipts()][len(first) :]
    assert len(again) == 2, "what was answered before the backup is not read again"


async def test_receipts_and_records_of_lost_topics(
    settings: KafkaSettings, publisher: KafkaPublisher, sender: Sender, tmp_path: Path
) -> None:
    place = Place(tmp_path / "place", settings, publisher, sender)
    topics = [partner_orders(sender.system.id).name, partner_receipts(sender.system.id).name]
    async with place.shop() as shop:
        await shop.register(sender.system)
        order_id = await shop.order(sender.system.id)
        await sender.send(*(sender.ask(order_id, f"Frage {number}?") for number in range(3)), b"poison")
        async with shop.reading(settings, publisher):
            await until(sender.done)
            with pytest.raises(InUseError, match=partner_group(sender.system.id)):
                await place.rebuild()
        asked = await shop.questions(order_id)
    first = dict(await sender.receipts())

    await delete_topics(settings, topics)

    async def named() -> bool:  # a broker deletes after it has answered
        return await place.differences() == Counter({("topic_missing", name): 1 for name in topics})

    await until(named)
    assert await place.rebuild() == 4
    assert dict(await sender.receipts()) == first, "byte for byte"
    assert sum((await committed_offsets(settings, partner_group(sender.system.id), topics[0])).values()) == 0
    assert await place.rebuild() == 0

    sender.sent = 0
    await sender.send(sender.ask(order_id, "Auf dem neuen Topic?"))
    async with place.shop() as shop:
        await place.read_all(shop)
        assert await shop.questions(order_id) == [*asked, "Auf dem neuen Topic?"]
    assert said(await sender.answers()) == [*[("accepted", None)] * 4, ("quarantined", "jws_malformed")]
    assert await place.differences() == Counter()
