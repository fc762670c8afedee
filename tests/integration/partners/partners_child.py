"""The process that the crash tests kill: ordering's readers of partners over SQLite."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from shared.bus.produce.publisher import KafkaPublisher
from tests.integration.bus.bus_fixture import fast_settings, until
from tests.integration.partners.partners_fixture import Sender, Shop
from tests.support.partners import PartnerSystem


async def main(bootstrap: str, path: Path, partner_id: str, sent: int) -> None:
    """Work until nothing is left to do of the ``sent`` records on the topic of this partner."""
    settings = fast_settings(bootstrap).model_copy(update={"session_timeout": timedelta(seconds=6)})
    publisher = KafkaPublisher(settings)
    await publisher.start()
    shop = Shop(path, publisher)
    await shop.open()
    await shop.relay()
    sender = Sender(settings, publisher, PartnerSystem(partner_id, ()), sent)
    async with shop.reading(settings, publisher):
        await until(sender.done)
    await shop.relay()
    await publisher.stop()
    await shop.store.close()
