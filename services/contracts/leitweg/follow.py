"""Events of organisations, as changes of the Leitweg-IDs that a channel knows."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.domain.leitweg import RegisteredLeitwegId, leitweg_id_of
from services.contracts.followed_organisations import WITH_STATE, Followed
from services.contracts.repository import SERVICE
from shared.aggregate.change import Change
from shared.aggregate.ledger import aggregate_collection
from shared.bus.handling import Received
from shared.messages.base import Message
from shared.messages.values import Channel
from shared.process.service import Resources

LEITWEG_IDS = aggregate_collection("contract_leitweg_ids")


class LeitwegIds(Followed[RegisteredLeitwegId]):
    """The registered Leitweg-IDs of all organisations."""

    def __init__(self, resources: Resources) -> None:
        super().__init__(resources.ledger(RegisteredLeitwegId, LEITWEG_IDS, service=SERVICE))

    async def for_invoice(self, channel: Channel, organisation: str, agreed: str | None) -> str | None:
        """Return the Leitweg-ID for an invoice by a contract that states ``agreed``; None if nobody has stated one.

        Raises StoreUnavailableError.
        """
        found = await self.ledger.get(leitweg_id_of(channel, organisation))
        return agreed if found is None else found[0].in_place_of(agreed)

    def change(self, event: Received, channel: Channel, changed: set[str]) -> Change[RegisteredLeitwegId] | None:
        """Return what an event with the state of an organisation changes."""
        message = event.message
        if not isinstance(message, WITH_STATE):
            return None
        organisation, registered = message.organisation.id, message.organisation.leitweg_id
        id_ = leitweg_id_of(channel, organisation)

        def decide(known: RegisteredLeitwegId | None) -> tuple[RegisteredLeitwegId, Sequence[Message]]:
            # Stored without one too: an older event that comes again brings none back.
            known = known or RegisteredLeitwegId(id=id_, organisation=organisation, channel=channel)
            if known.follow(registered):
                changed.add(id_)
            return known, []

        return Change(id_, decide, event.cause)
