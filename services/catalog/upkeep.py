"""What becomes due on the topics for portals without anybody asking: removals, restatements, the list of known services.

Each run is safe beside others and after a crash: it decides on the aggregate itself, and the second finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from services.catalog import handlers
from services.catalog.catalogue import ReferenceReader
from services.catalog.domain.known import Description, KnownService
from services.catalog.domain.statement import is_stated
from services.catalog.entries import channels_of, providers_of
from services.catalog.reference import ReferenceNotLoadedError
from services.catalog.repository import KnownServices, Offerings
from services.catalog.rows import KnownOffering
from shared.aggregate.sweep import Sweep
from shared.calendar import day_of
from shared.messages.catalog import KnownServiceId

T = TypeVar("T")

BATCH = 50
RESTATE_EVERY = timedelta(minutes=10)
HEARD_WITHIN = timedelta(hours=2)
"""What contracts has concluded is known here after so long, also if the broker was away for a while."""

_IDS: TypeAdapter[str] = TypeAdapter(KnownServiceId)

log = structlog.get_logger()


class Removal:
    """Removes offers from their topic that were withdrawn ``after`` ago: a tombstone follows the visible withdrawal."""

    def __init__(self, offerings: Offerings, after: timedelta, clock: Callable[[], datetime]) -> None:
        self._offerings = offerings
        self._after = after
        self._clock = clock

    async def run(self) -> None:
        """Remove what is due. Raises OutboxFullError after the others, for one that could not be removed."""
        at = self._clock()
        sweep = Sweep(self._offerings.ledger)
        async for ids in batches(self._offerings.withdrawn_before(at - self._after)):
            await sweep.apply([handlers.remove(offering_id, at) for offering_id in ids])
        sweep.finish()


class ChannelClosing:
    """Closes channels of public offers on the day after the last one of their Bereitstellungsvertrag.

    A channel is closed for good. So it stays open for ``HEARD_WITHIN`` more: what was concluded in the last minutes of the day to
    follow that contract is heard of by then.
    """

    def __init__(self, offerings: Offerings, clock: Callable[[], datetime]) -> None:
        self._offerings = offerings
        self._clock = clock

    async def run(self) -> None:
        """Close what is due. Raises OutboxFullError after the others, for an offer that could not be changed."""
        at = self._clock()
        today, sweep = day_of(at - HEARD_WITHIN), Sweep(self._offerings.ledger)
        async for ids in batches(self._offerings.ended_before(today)):
            await sweep.apply([handlers.close_ended(offering_id, today, at) for offering_id in ids])
        sweep.finish()


class Restatement:
    """Publishes offers again whose last event did not hold all that this version publishes: an older version wrote it.

    ``complete`` is whether a run has seen them all: before, what older versions stored lacks fields of indexes.
    """

    def __init__(self, offerings: Offerings, clock: Callable[[], datetime]) -> None:
        self._offerings = offerings
        self._clock = clock
        self.complete = False

    async def run(self) -> None:
        """Restate what is due. Raises OutboxFullError after the others, for one that could not be restated."""
        sweep = Sweep(self._offerings.ledger)
        async for ids in batches(self._due()):
            at = self._clock()
            await sweep.apply([handlers.state_fully(offering_id, at) for offering_id in ids])
        sweep.finish()
        self.complete = True

    async def _due(self) -> AsyncIterator[str]:
        async for offering in self._offerings.published():
            if offering.removed_at is None and not is_stated(offering.stated, offering.changed_at):
                yield offering.id


class KnownList:
    """Brings the list of known services in line with the reference data and the public offers."""

    def __init__(
        self,
        services: KnownServices,
        offerings: Offerings,
        reference: ReferenceReader,
        restatement: Restatement,
        clock: Callable[[], datetime],
    ) -> None:
        self._services = services
        self._offerings = offerings
        self._reference = reference
        self._restatement = restatement
        self._clock = clock

    async def run(self) -> None:
        """List, change or remove what differs; nothing before the reference data are loaded. All offers are indexed before.

        Two runs that overlap may see different offers: the next one mends what the older sight has done.
        """
        if not self._restatement.complete:
            await self._restatement.run()
        try:
            snapshot = await self._reference.current()
        except ReferenceNotLoadedError as error:
            log.info("known_services_wait", reason=error.detail)
            return
        superseded = await self._offerings.superseded()
        due = {row.id: _description(row) for row in snapshot.known if row.id not in superseded}
        unfit = {service_id for service_id, description in due.items() if description is None}
        at = self._clock()
        present = await self._services.all()
        differing = [
            service_id
            for service_id in sorted(due.keys() | present.keys())
            if service_id not in unfit and _differs(present.get(service_id), due.get(service_id))
        ]
        sweep = Sweep(self._services.ledger)
        for start in range(0, len(differing), BATCH):
            ids = differing[start : start + BATCH]
            await sweep.apply([handlers.follow_known(it, due.get(it), at) for it in ids])
        sweep.finish()


def _differs(service: KnownService | None, description: Description | None) -> bool:
    listed = None if service is None or not service.listed else service.description
    return listed != description


def _description(row: KnownOffering) -> Description | None:
    try:
        _IDS.validate_python(row.id)
        return Description(
            title=row.name,
            providers=providers_of(row),
            provider_organisation=row.provider_organisation,
            it_provider=row.it_provider,
            channels=channels_of(row),
            status=row.status,
            topic_id=row.topic_id,
            ozg_ids=row.ozg_ids,
            source=row.source,
            as_of=row.as_of,
        )
    except ValidationError as error:
        log.error("known_service_unfit", id=row.id, reason=str(error)[:300])  # noqa: TRY400 - one row must not stop the others
        return None


async def batches(items: AsyncIterator[T]) -> AsyncIterator[Sequence[T]]:
    """Yield the items in portions, as many as are changed together."""
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
