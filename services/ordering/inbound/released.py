"""Records that people let go their way from the quarantine: the same way as from the topic."""

from __future__ import annotations

from services.ordering.inbound.intake import RecordIntake
from services.ordering.partners.intake import Issued, ReceiptStatus
from services.ordering.partners.quarantine import Original
from services.ordering.partners.repository import Partners
from shared.errors import WriteConflictError


class ReleasedRecords:
    """Implements ``services.ordering.partners.intake.Intake``."""

    def __init__(self, partners: Partners, intake: RecordIntake) -> None:
        self._partners = partners
        self._intake = intake

    async def take(self, partner: str, record: Original) -> Issued:
        """Return the receipt of the record. Raises RetryableError, NotFoundError (``partner_not_found``)."""
        sender, _ = await self._partners.get(partner)
        (receipt,) = await self._intake.take_all(sender, [record], released=True)
        if receipt.jws is None or receipt.status is None:
            raise WriteConflictError(f"The receipt {receipt.id} is being made by another process.")
        return Issued(receipt.id, ReceiptStatus(receipt.status), receipt.jws, receipt.code, receipt.detail)
