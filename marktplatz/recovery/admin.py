"""An admin client of the broker, and the partitions that it knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from shared.bus.settings import KafkaSettings
from shared.errors import BusUnavailableError
from shared.topics import DEAD_LETTERS

_COORDINATOR_SECONDS = 30.0
_POLL_SECONDS = 0.2


@asynccontextmanager
async def administration(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Yield an admin client. Raises BusUnavailableError if the broker fails or is silent."""
    admin = AIOKafkaAdminClient(**settings.connection())
    try:
        await admin.start()
        await _coordinators(admin)
        yield admin
    except (KafkaError, OSError) as error:
        raise BusUnavailableError(f"the broker failed: {type(error).__name__}") from error
    finally:
        await admin.close()


async def partitions(admin: AIOKafkaAdminClient) -> dict[str, list[int]]:
    """Return the partitions of every topic of the cluster."""
    return {found["topic"]: sorted(it["partition"] for it in found["partitions"]) for found in await admin.describe_topics()}


async def _coordinators(admin: AIOKafkaAdminClient) -> None:
    """Return when every group has its coordinator: a new broker creates the topic of groups when first asked for one."""
    end = asyncio.get_running_loop().time() + _COORDINATOR_SECONDS
    for group in DEAD_LETTERS:
        while True:
            try:
                await admin.find_coordinator(group)
                break
            except GroupCoordinatorNotAvailableError:
                if asyncio.get_running_loop().time() >= end:
                    raise
                await asyncio.sleep(_POLL_SECONDS)
