"""The address that an organisation has registered for its invoices."""

from __future__ import annotations

from shared.aggregate.base import Aggregate
from shared.ids import derived_id
from shared.messages.eligibility import InvoiceAddress
from shared.messages.values import Channel, OrganisationId


class RegisteredInvoiceAddress(Aggregate):
    """The invoice address of an organisation as one channel has read it last, None if it has none or has removed it."""

    organisation: OrganisationId
    channel: Channel
    current: InvoiceAddress | None = None

    def follow(self, registered: InvoiceAddress | None) -> bool:
        """Store the one that is registered now, and return whether that is another one."""
        if registered == self.current:
            return False
        self.current = registered
        return True


def invoice_address_id(channel: Channel, organisation: str) -> str:
    """Return the id of what a channel knows of an organisation's invoice address."""
    return derived_id("registered invoice address", channel.value, organisation)
