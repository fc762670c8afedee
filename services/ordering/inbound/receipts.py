"""Where receipts lie: begun by inserting if absent, completed by the first who signs, sent as stored, deleted in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from services.ordering.domain.receipt import Receipt, Signed
from services.ordering.repository import SERVICE
from shared.aggregate.change import Change
from shared.aggregate.ledger import aggregate_collection
from shared.aggregate.outgoing import OutgoingEvent
from shared.aggregate.record import Record
from shared.errors import BusUnavailableError, NotFoundError, WriteConflictError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.partner import RECEIPT_TYPE, ReceiptIssued
from shared.process.service import Resources
from shared.store.port import Index, Query, Scalar
from shared.topics import partner_receipts
from shared.tracing import context

RECEIPTS = aggregate_collection("partner_receipts", Index("purge", ("purge_at",)))
RETENTION = timedelta(days=90)
"""As long as receipts lie on their topic: an event that comes again within this time gets its first receipt."""
_PURGED_AT_ONCE = 500


def id_of_event(partner: str, jti: str) -> str:
    """Return the id of the receipt of an identified event."""
    return derived_id("partner-receipt", partner, jti)


def id_of_place(topic: str, partition: int, offset: int) -> str:
    """Return the id of the receipt of a record that no event could be identified in."""
    return derived_id("partner-receipt", topic, str(partition), str(offset))


class Receipts:
    """All receipts, by id: each is made once, whoever comes to it how often."""

    def __init__(self, resources: Resources) -> None:
        self.ledger = resources.ledger(Receipt, RECEIPTS, service=SERVICE)
        self.store = resources.store
        self.clock = resources.clock
        self.publisher = resources.publisher

    async def find(self, ids: Sequence[str]) -> dict[str, Receipt]:
        """Return those that there are, begun or complete."""
        documents = await self.store.get_many(RECEIPTS, sorted(set(ids)))
        return {receipt_id: self.ledger.state_of(document) for receipt_id, document in documents.items()}

    async def begin(self, receipt_id: str, partner: str, fingerprint: str, place: str) -> tuple[Receipt, bool]:
        """Begin a receipt before anything is done for its record; return what is stored, and whether that is the new one."""
        now = self.clock()
        receipt = Receipt(
            id=receipt_id, partner=partner, fingerprint=fingerprint, place=place, begun_at=now, purge_at=now + RETENTION
        )
        document = Record(receipt_id, rev=1, state=receipt).document()
        if await self.store.insert_many(RECEIPTS, [document]):
            return receipt, True
        found = (await self.find([receipt_id])).get(receipt_id)
        if found is None:
            raise WriteConflictError(f"The receipt {receipt_id} was deleted while it was begun.")
        return found, False

    async def complete(self, made: Sequence[tuple[str, Signed]]) -> list[Receipt]:
        """Store signed receipts and send them; return what is stored of each, which is another's text if that was first."""
        results = await self.ledger.apply([_completion(receipt_id, signed) for receipt_id, signed in made])
        for result in results:
            if result.error is not None:
                raise result.error
        found = await self.find([receipt_id for receipt_id, _ in made])
        return [found[receipt_id] for receipt_id, _ in made]

    async def send_again(self, receipts: Sequence[Receipt]) -> None:
        """Send complete receipts once more, byte for byte. Raises BusUnavailableError unless all were acknowledged."""
        events = [_repeat(receipt) for receipt in receipts if receipt.jws is not None]
        if events and not all(await self.publisher.publish(events)):
            raise BusUnavailableError("A receipt could not be sent again.")

    async def purge(self) -> None:
        """Delete the receipts whose time is up; those that are still to be sent stay for the next run."""
        now = self.clock()
        after: tuple[Scalar, ...] | None = None
        while True:
            query = Query("purge", below=now, after=after, limit=_PURGED_AT_ONCE, only=("purge_at", "pending_since"))
            due = await self.store.find(RECEIPTS, query)
            await self.store.delete(RECEIPTS, [it["_id"] for it in due if it.get("pending_since") is None])
            if len(due) < _PURGED_AT_ONCE:
                return
            after = due[-1]["purge_at"], due[-1]["_id"]


def _completion(receipt_id: str, signed: Signed) -> Change[Receipt]:
    def decide(receipt: Receipt | None) -> tuple[Receipt, Sequence[Message]]:
        if receipt is None:
            raise NotFoundError("The receipt was not begun.", code="receipt_not_begun", id=receipt_id)
        return receipt, receipt.complete(partner_receipts(receipt.partner).name, signed)

    return Change(receipt_id, decide, correlation_id=receipt_id)


def _repeat(receipt: Receipt) -> OutgoingEvent:
    return OutgoingEvent(
        seq=1,
        id=receipt.id,
        topic=partner_receipts(receipt.partner).name,
        key=receipt.id,
        type=RECEIPT_TYPE,
        source=f"/{SERVICE}",
        time=receipt.begun_at,
        data=receipt.jws or "",
        traceparent=context.new_traceparent(),
        correlation_id=receipt.id,
        record_key=receipt.record_key,
        media_type=ReceiptIssued.MEDIA_TYPE,
    )
