"""The way of a partner's record: examined, its receipt begun, its command run, the receipt signed, stored and sent.

The receipt is begun, under an id that follows from the identity of the event, before anything is done for it. So whoever comes
to the same event again (a crash, a second record, another process) finds what it said and whether it is answered; the ledger
recognises by the same name what was changed already. One receipt is completed once, and its text is what is sent ever after.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from services.ordering.domain.order import Order
from services.ordering.domain.partner.partner import Partner
from services.ordering.domain.receipt import Receipt, Signed
from services.ordering.inbound.actions import Actions
from services.ordering.inbound.findings import QuarantinedError, reused
from services.ordering.inbound.receipts import Receipts, id_of_event, id_of_place
from services.ordering.inbound.seal import Signer, seal
from services.ordering.inbound.verify import Examined, examine
from services.ordering.partners.quarantine import Fault, Original, Quarantine
from services.ordering.partners.words import words_of
from shared.aggregate.change import Result
from shared.errors import RejectedError, RetryableError
from shared.messages import partner as wire
from shared.messages.partner import ReceiptStatus
from shared.tracing import context

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Work:
    """A record in hand: what it was found to be, and the receipt that it gets."""

    record: Original
    found: Examined
    receipt: Receipt
    begun_before: bool = False


class RecordIntake:
    """Processes the records of partners. Whatever happens to a record, its partner gets exactly one receipt for it."""

    def __init__(
        self,
        actions: Actions,
        receipts: Receipts,
        quarantine: Quarantine,
        signer: Signer,
        clock: Callable[[], datetime],
        audience: str,
    ) -> None:
        self._actions = actions
        self._receipts = receipts
        self._quarantine = quarantine
        self._signer = signer
        self._clock = clock
        self._audience = audience

    async def take_all(self, partner: Partner, records: Sequence[Original], *, released: bool = False) -> list[Receipt]:
        """Process records in order and return the receipt of each. Raises RetryableError: then repeat them all.

        ``released``: people have let a record in quarantine go its way; else the receipt that its place has got is its answer.
        The receipts of new records are stored together at the end: a crash before that repeats the commands, and the ledger
        recognises them.
        """
        return await self._take(
            partner, [(record, examine(record, partner, self._audience)) for record in records], released=released
        )

    async def take_unreadable(self, partner: Partner, record: Original, error: QuarantinedError) -> Receipt:
        """Quarantine what never became a record, under the place where it lies, and return its receipt."""
        (receipt,) = await self._take(partner, [(record, Examined(error=error))], released=False)
        return receipt

    async def _take(self, partner: Partner, records: Sequence[tuple[Original, Examined]], *, released: bool) -> list[Receipt]:
        known = await self._receipts.find(receipt_ids(partner.id, records))
        made: dict[str, Signed] = {}
        answered: list[str] = []
        for record, found in records:
            earlier = answer_of(partner, record, found, known, released=released)
            if earlier is not None:
                answered.append(earlier.id)
                continue
            work, signed = await self._decided(partner, await self._begun(partner, record, found, known), known, made)
            answered.append(work.receipt.id)
            if signed is not None:
                made[work.receipt.id] = signed
        again = [
            receipt_id for place, receipt_id in enumerate(answered) if receipt_id not in made or receipt_id in answered[:place]
        ]
        completed = await self._receipts.complete(list(made.items())) if made else []
        known |= {receipt.id: receipt for receipt in completed}
        await self._receipts.send_again([known[receipt_id] for receipt_id in again])
        return [known[receipt_id] for receipt_id in answered]

    async def _begun(self, partner: Partner, record: Original, found: Examined, known: dict[str, Receipt]) -> _Work:
        """Return the record with its receipt, begun now or before."""
        if found.identity is not None and not isinstance(found.error, QuarantinedError):
            receipt_id, fingerprint = id_of_event(partner.id, found.identity.jti), found.identity.fingerprint
            receipt, before = await self._receipt(receipt_id, partner, record, fingerprint, known)
            if found.identity.is_of(receipt.fingerprint):
                return _Work(record, found, receipt, begun_before=before)
            found = replace(found, command=None, error=reused(found.identity.jti))
        receipt, before = await self._receipt(_id_of_place(record), partner, record, _digest(record), known)
        return _Work(record, found, receipt, begun_before=before)

    async def _receipt(
        self, receipt_id: str, partner: Partner, record: Original, fingerprint: str, known: dict[str, Receipt]
    ) -> tuple[Receipt, bool]:
        """Return a receipt, begun if it is not there, and whether it was."""
        if (receipt := known.get(receipt_id)) is not None:
            return receipt, True
        receipt, new = await self._receipts.begin(receipt_id, partner.id, fingerprint, _place(record))
        known[receipt_id] = receipt
        return receipt, not new

    async def _decided(
        self, partner: Partner, work: _Work, known: dict[str, Receipt], made: dict[str, Signed]
    ) -> tuple[_Work, Signed | None]:
        """Return the record with the receipt that it gets in the end, and what completes that; None if it is complete."""
        if work.receipt.jws is not None or work.receipt.id in made:
            return work, None
        order: wire.ReceiptOrder | None = None
        error = work.found.error
        if error is None:
            try:
                order = await self._run(partner, work)
            except RejectedError as refusal:
                error = refusal
            except RetryableError:
                raise
            except Exception:
                # The event keeps its identity: once the fault is mended the same bytes may go their way.
                log.exception("partner_record_failed", partner=partner.id, jti=work.found.jti, reference=work.record.reference)
                error = QuarantinedError("The record made the program fail.", code="record_unprocessable")
                receipt, _ = await self._receipt(_id_of_place(work.record), partner, work.record, _digest(work.record), known)
                work = replace(work, receipt=receipt)
                if receipt.jws is not None or receipt.id in made:
                    return work, None
        return work, await self._signed(partner, work, order, error)

    async def _run(self, partner: Partner, work: _Work) -> wire.ReceiptOrder:
        command, jti = work.found.command, work.found.jti
        assert command is not None  # noqa: S101 - for the type checker: without an error there is a command
        assert jti is not None  # noqa: S101 - as above
        request = context.Request(work.receipt.id, repeat=work.begun_before)
        with context.bound(context.request, request), context.bound(context.traceparent, context.new_traceparent()):
            result: Result[Order] = await self._actions.run(partner, command, jti)
        order = result.state
        assert order is not None  # noqa: S101 - for the type checker: what was not refused exists
        return wire.ReceiptOrder(id=order.id, number=order.number, state=order.state, revision=result.rev)

    async def _signed(
        self, partner: Partner, work: _Work, order: wire.ReceiptOrder | None, error: RejectedError | None
    ) -> Signed:
        record, found = work.record, work.found
        reference = None
        status = ReceiptStatus.ACCEPTED
        if isinstance(error, QuarantinedError):
            status = ReceiptStatus.QUARANTINED
            reference = await self._quarantine.take_in(partner.id, record, Fault(error.code, error.detail))
        elif error is not None:
            status = ReceiptStatus.REFUSED
        detail, remedy = (None, None) if error is None else words_of(error.code, error.detail)
        code = None if error is None else error.code
        receipt = wire.Receipt(
            id=work.receipt.id,
            partner=partner.id,
            status=status,
            event=wire.ReceiptEvent(
                jti=found.jti, type=found.type, topic=record.topic, partition=record.partition, offset=record.offset
            ),
            order=order,
            code=code,
            detail=detail,
            remedy=remedy,
            reference=reference,
            received_at=record.appended_at,
            decided_at=self._clock(),
        )
        key = found.jti or f"{record.partition}-{record.offset}"
        return Signed(key, seal(receipt, self._signer), status, code, None if error is None else error.detail)


def receipt_ids(partner: str, records: Sequence[tuple[Original, Examined]]) -> list[str]:
    """Return the ids of all receipts that could be the answer of one of the records."""
    return [_id_of_place(record) for record, _ in records] + [
        id_of_event(partner, found.jti) for _, found in records if found.jti is not None
    ]


def answer_of(
    partner: Partner, record: Original, found: Examined, known: Mapping[str, Receipt], *, released: bool = False
) -> Receipt | None:
    """Return the complete receipt that a record has got before, whatever has become of keys and organisations since.

    A place on a topic that was made again holds another record than the one that it was answered for: the bytes decide.
    """
    of_place = known.get(_id_of_place(record))
    if of_place is not None and of_place.jws is not None and of_place.fingerprint == _digest(record) and not released:
        return of_place
    of_event = None if found.jti is None else known.get(id_of_event(partner.id, found.jti))
    if of_event is None or of_event.jws is None:
        return None
    if found.identity is None:
        return of_event if of_event.place == _place(record) else None
    return of_event if found.identity.is_of(of_event.fingerprint) else None


def _place(record: Original) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def _id_of_place(record: Original) -> str:
    return id_of_place(record.topic, record.partition, record.offset)


def _digest(record: Original) -> str:
    return hashlib.sha256(record.value or b"").hexdigest()
