"""The one answer to a partner's record: begun before anything is done for it, complete once it is signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.aggregate.base import Aggregate
from shared.messages.base import Message
from shared.messages.partner import ReceiptIssued, ReceiptStatus


@dataclass(frozen=True, slots=True)
class Signed:
    """What completes a receipt. ``record_key`` is the key under which the partner finds it."""

    record_key: str
    jws: str
    status: ReceiptStatus
    code: str | None = None
    detail: str | None = None


class Receipt(Aggregate):
    """State of a receipt. ``fingerprint`` hashes what the event says, or the bytes where no event was identified.

    ``jws`` is the text that was signed once and is sent whenever the record comes again; None while it is being worked on.
    """

    partner: str
    fingerprint: str
    place: str
    """Topic, partition and offset of the record that it was begun for."""
    begun_at: datetime
    purge_at: datetime
    record_key: str | None = None
    jws: str | None = None
    status: ReceiptStatus | None = None
    code: str | None = None
    detail: str | None = None

    def complete(self, topic: str, signed: Signed) -> Sequence[Message]:
        """Record the signed text, unless another process was faster: then its text stays."""
        if self.jws is not None:
            return ()
        self.record_key, self.jws = signed.record_key, signed.jws
        self.status, self.code, self.detail = signed.status, signed.code, signed.detail
        return (ReceiptIssued(topic=topic, record_key=signed.record_key, body=signed.jws),)
