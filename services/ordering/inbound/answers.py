"""What ordering has answered of the records on partners' topics: for the recovery of stores and topics."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from services.ordering.domain.partner.partner import Partner
from services.ordering.domain.receipt import Receipt
from services.ordering.inbound.intake import answer_of, receipt_ids
from services.ordering.inbound.receipts import RECEIPTS, Receipts
from services.ordering.inbound.verify import examine
from services.ordering.partners.quarantine import Original
from services.ordering.partners.repository import Partners
from services.ordering.settings import Settings
from shared.messages.ordering_partners import PartnerState
from shared.process.service import Resources
from shared.store.paging import scanned

_AT_ONCE = 500


class Answers:
    """Compares records with the receipts in ordering's store, by the rules by which they are answered."""

    def __init__(self, resources: Resources, settings: Settings | None = None) -> None:
        self._partners = Partners(resources)
        self._receipts = Receipts(resources)
        self._clock = resources.clock
        self._audience = (settings or Settings()).partner_audience

    async def partners(self) -> list[Partner]:
        """Return the partners that have topics: all but the removed ones. Raises StoreUnavailableError."""
        return await self._partners.in_state(PartnerState.ACTIVE, PartnerState.SUSPENDED)

    async def unanswered(self, partner: Partner, records: Sequence[Original]) -> list[Original]:
        """Return the records that no complete receipt answers, in order. Raises StoreUnavailableError."""
        missing: list[Original] = []
        for start in range(0, len(records), _AT_ONCE):
            examined = [(record, examine(record, partner, self._audience)) for record in records[start : start + _AT_ONCE]]
            known = await self._receipts.find(receipt_ids(partner.id, examined))
            missing += [record for record, found in examined if answer_of(partner, record, found, known) is None]
        return missing

    async def sent(self) -> dict[str, dict[str, str]]:
        """Return by partner the digests of all receipts that were sent and are still to lie on a topic, with their ids.

        Raises StoreUnavailableError.
        """
        now = self._clock()
        found: dict[str, dict[str, str]] = {}
        async for page in scanned(self._receipts.store, RECEIPTS):
            for document in page:
                if document["jws"] and document.get("pending_since") is None and document["purge_at"] > now:
                    found.setdefault(document["partner"], {})[digest_of(document["jws"].encode())] = document["_id"]
        return found

    async def send_again(self, ids: Sequence[str]) -> None:
        """Send receipts once more, byte for byte. Raises StoreUnavailableError, BusUnavailableError."""
        for start in range(0, len(ids), _AT_ONCE):
            found: dict[str, Receipt] = await self._receipts.find(ids[start : start + _AT_ONCE])
            await self._receipts.send_again(list(found.values()))


def digest_of(value: bytes | None) -> str:
    """Return the SHA-256 of a record's value."""
    return hashlib.sha256(value or b"").hexdigest()
