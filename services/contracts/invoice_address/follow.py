"""Events of organisations, as changes of the invoice addresses that a channel knows."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.domain.invoice_address import RegisteredInvoiceAddress, invoice_address_id
from services.contracts.followed_organisations import WITH_STATE, Followed
from services.contracts.repository import SERVICE
from shared.aggregate.change import Change
from shared.aggregate.ledger import aggregate_collection
from shared.bus.handling import Received
from shared.messages.base import Message
from shared.messages.eligibility import InvoiceAddress
from shared.messages.values import Channel
from shared.process.service import Resources

INVOICE_ADDRESSES = aggregate_collection("contract_invoice_addresses")


class InvoiceAddresses(Followed[RegisteredInvoiceAddress]):
    """The registered invoice addresses of all organisations."""

    def __init__(self, resources: Resources) -> None:
        super().__init__(resources.ledger(RegisteredInvoiceAddress, INVOICE_ADDRESSES, service=SERVICE))

    async def find(self, channel: Channel, organisation: str) -> InvoiceAddress | None:
        """Return the address that an organisation has registered, None if it has none. Raises StoreUnavailableError."""
        found = await self.ledger.get(invoice_address_id(channel, organisation))
        return None if found is None else found[0].current

    def change(self, event: Received, channel: Channel, changed: set[str]) -> Change[RegisteredInvoiceAddress] | None:
        """Return what an event with the state of an organisation changes."""
        message = event.message
        if not isinstance(message, WITH_STATE):
            return None
        organisation, registered = message.organisation.id, message.organisation.invoice_address
        id_ = invoice_address_id(channel, organisation)

        def decide(known: RegisteredInvoiceAddress | None) -> tuple[RegisteredInvoiceAddress, Sequence[Message]]:
            # Stored without an address too: an older event that comes again brings none back.
            known = known or RegisteredInvoiceAddress(id=id_, organisation=organisation, channel=channel)
            if known.follow(registered):
                changed.add(id_)
            return known, []

        return Change(id_, decide, event.cause)
