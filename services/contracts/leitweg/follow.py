"""Events of organisations, as changes of the Leitweg-IDs that a channel knows."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.domain.leitweg import RegisteredLeitwegId, leitweg_id_of
from services.contracts.followed_organisations import WITH_STATE
from services.contracts.repository import SERVICE
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger, aggregate_collection
from shared.bus.handling import Received, Rejection, rejections
from shared.messages.base import Message
from shared.messages.values import Channel
from shared.process.service import Resources

LEITWEG_IDS = aggregate_collection("contract_leitweg_ids")


class LeitwegIds:
    """The registered Leitweg-IDs of all organisations. ``changes`` counts those that this process has taken in."""

    def __init__(self, resources: Resources) -> None:
        self.ledger: Ledger[RegisteredLeitwegId] = resources.ledger(RegisteredLeitwegId, LEITWEG_IDS, service=SERVICE)
        self.changes = 0

    async def for_invoice(self, channel: Channel, organisation: str, agreed: str | None) -> str | None:
        """Return the Leitweg-ID for an invoice by a contract that states ``agreed``; None if nobody has stated one.

        Raises StoreUnavailableError.
        """
        found = await self.ledger.get(leitweg_id_of(channel, organisation))
        return agreed if found is None else found[0].in_place_of(agreed)

    async def follow(self, channel: Channel, batch: Sequence[Received]) -> Sequence[Rejection]:
        """Bring the Leitweg-IDs that a channel knows to the newest state. Raises StoreUnavailableError, WriteConflictError."""
        changed: set[str] = set()
        found = [(event, change) for event in batch if (change := _change(event, channel, changed)) is not None]
        try:
            results = await self.ledger.apply([change for _, change in found])
        finally:
            # Only now can they be read; after an error too, since what was written is not decided again.
            self.changes += len(changed)
        return rejections([event for event, _ in found], results)


def _change(event: Received, channel: Channel, changed: set[str]) -> Change[RegisteredLeitwegId] | None:
    """Return what an event changes; its decision adds the id of what is another then to ``changed``."""
    message = event.message
    if not isinstance(message, WITH_STATE) or (registered := message.organisation.leitweg_id) is None:
        return None
    organisation, id_ = message.organisation.id, leitweg_id_of(channel, message.organisation.id)

    def decide(known: RegisteredLeitwegId | None) -> tuple[RegisteredLeitwegId, Sequence[Message]]:
        if known is None:
            changed.add(id_)
            return RegisteredLeitwegId(id=id_, organisation=organisation, channel=channel, current=registered), []
        if known.follow(registered):
            changed.add(id_)
        return known, []

    return Change(id_, decide, event.cause)
