"""Who is read: one reader for each active partner, with its own pace; the records that it reads, and their figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from services.ordering.domain.partner.partner import Partner
from services.ordering.domain.receipt import Receipt
from services.ordering.inbound.findings import QuarantinedError
from services.ordering.inbound.intake import RecordIntake
from services.ordering.metrics import PARTNER_RECORDS, PARTNER_THROTTLED
from services.ordering.partners.quarantine import Original
from services.ordering.partners.repository import Partners
from shared.bus.consume.pace import Pace
from shared.bus.consume.quarantine import BrokenBatch
from shared.bus.consume.work import RecordWork, Work
from shared.errors import RetryableError
from shared.messages.ordering_partners import PartnerState
from shared.messages.partner import RECORD_BYTES
from shared.topics import partner_group, partner_orders

BATCHES_AT_ONCE = 4
"""Batches of partners that a process works on at the same time: our own groups have their share of it beside them."""
MOST_SHOWN = 300
"""Partners that metrics show by name; what comes beyond is shown together."""
_BY_THE_BROKER = 1
"""``timestamp_type`` of a record whose time the broker has set (LogAppendTime)."""

log = structlog.get_logger()


class PartnerNotReadError(RetryableError):
    """The partner is suspended or removed: its records wait, until its reader is stopped or it is resumed."""

    code = "partner_not_read"


class PartnerReaders:
    """Names the readers that are to run; a partner's reader is the same object as long as the partner is active."""

    def __init__(self, partners: Partners, intake: RecordIntake, clock: Callable[[], datetime]) -> None:
        self._partners = partners
        self._intake = intake
        self._clock = clock
        self._turn = asyncio.Semaphore(BATCHES_AT_ONCE)
        self._works: dict[str, RecordWork] = {}
        self._shown: set[str] = set()

    async def current(self) -> Mapping[str, Work]:
        """Return a work for each active partner, with its present quota. Raises StoreUnavailableError."""
        active = {partner.id: partner for partner in await self._partners.in_state(PartnerState.ACTIVE)}
        for partner_id in self._works.keys() - active.keys():
            del self._works[partner_id]
        for partner in active.values():
            work = self._works.get(partner.id)
            if work is None:
                work = self._works[partner.id] = self._work(partner)
            assert work.pace is not None  # noqa: S101 - for the type checker: set below
            quota = partner.quota
            work.pace.set_rates(quota.records_per_second, quota.bytes_per_second, quota.burst_seconds)
            PARTNER_THROTTLED.labels(self._label(partner.id)).set(work.pace.throttled_seconds)
        return dict(self._works)

    def _work(self, partner: Partner) -> RecordWork:
        async def handle(records: Sequence[Any]) -> None:
            await self._handle(partner.id, records)

        async def report_broken(broken: Sequence[BrokenBatch]) -> None:
            await self._report(partner.id, broken)

        topic, quota = partner_orders(partner.id), partner.quota
        return RecordWork(
            partner_group(partner.id),
            topic.name,
            topic.partitions,
            handle,
            report_broken,
            self._turn,
            Pace(quota.records_per_second, quota.bytes_per_second, quota.burst_seconds, RECORD_BYTES),
        )

    async def _handle(self, partner_id: str, records: Sequence[Any]) -> None:
        partner = await self._active(partner_id)
        receipts = await self._intake.take_all(partner, [self._original(record) for record in records])
        self._count(partner_id, receipts)

    async def _report(self, partner_id: str, broken: Sequence[BrokenBatch]) -> None:
        partner = await self._active(partner_id)
        for batch in broken:
            record = Original(batch.topic, batch.partition, batch.base_offset, self._clock(), None, None)
            detail = f"Offsets {batch.base_offset} to {batch.next_offset - 1}, SHA-256 {batch.sha256}: {batch.error}"
            error = QuarantinedError(detail, code="undecodable_batch")
            self._count(partner_id, [await self._intake.take_unreadable(partner, record, error)])

    async def _active(self, partner_id: str) -> Partner:
        """Return the partner as it is now: a key that was retired a moment ago does not count any more."""
        partner, _ = await self._partners.get(partner_id)
        if partner.state is not PartnerState.ACTIVE:
            raise PartnerNotReadError(f"{partner_id} is {partner.state}.", partner=partner_id)
        return partner

    def _original(self, record: Any) -> Original:  # noqa: ANN401 - a ConsumerRecord of aiokafka, which is untyped
        at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        if record.timestamp_type != _BY_THE_BROKER:
            # The time is the partner's own word: it could make any event fresh.
            log.error("partner_topic_without_append_time", topic=record.topic)
            at = self._clock()
        return Original(record.topic, record.partition, record.offset, at, record.key, record.value, tuple(record.headers))

    def _count(self, partner_id: str, receipts: Sequence[Receipt]) -> None:
        label = self._label(partner_id)
        for receipt in receipts:
            PARTNER_RECORDS.labels(label, receipt.status or "").inc()

    def _label(self, partner_id: str) -> str:
        if partner_id not in self._shown and len(self._shown) < MOST_SHOWN:
            self._shown.add(partner_id)
        return partner_id if partner_id in self._shown else "other"
