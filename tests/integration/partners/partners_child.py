"""The process that the crash tests kill: ordering's readers of partners over SQLite. It ends with 0 when nothing is left to do.

Environment: ``CHILD_BOOTSTRAP``, ``CHILD_STORE`` (path), ``CHILD_PARTNER``, ``CHILD_SENT`` (number of records on its topic).
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

from shared.bus.produce.publisher import KafkaPublisher
from tests.integration.bus.bus_fixture import fast_settings, until
from tests.integration.partners.partners_fixture import Sender, Shop
from tests.support.partners import PartnerSystem


async def main() -> None:
    settings = fast_settings(os.environ["CHILD_BOOTSTRAP"]).model_copy(update={"session_timeout": timedelta(seconds=6)})
    publisher = KafkaPublisher(settings)
    await publisher.start()
    shop = Shop(Path(os.environ["CHILD_STORE"]), publisher)
    await shop.open()
    await shop.relay()
    sender = Sender(settings, publisher, PartnerSystem(os.environ["CHILD_PARTNER"], ()), int(os.environ["CHILD_SENT"]))
    async with shop.reading(settings, publisher):
        await until(sender.done)
    await shop.relay()
    await publisher.stop()
    await shop.store.close()


if __name__ == "__main__":
    asyncio.run(main())
