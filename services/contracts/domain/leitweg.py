"""The Leitweg-ID that an organisation has registered, and those that it had before."""

from __future__ import annotations

from shared.aggregate.base import Aggregate
from shared.ids import derived_id
from shared.messages.values import Channel, Line, OrganisationId


class RegisteredLeitwegId(Aggregate):
    """The Leitweg-ID of an organisation as one channel has read it, None if it has none or has removed it.

    ``former``: those that it has replaced or removed.
    """

    organisation: OrganisationId
    channel: Channel
    current: Line | None = None
    former: tuple[Line, ...] = ()

    def follow(self, registered: str | None) -> bool:
        """Store the one that is registered now, and return whether that is another one."""
        if registered == self.current:
            return False
        given_up = () if self.current is None else (self.current,)
        self.former = (*(it for it in self.former if it not in (registered, self.current)), *given_up)
        self.current = registered
        return True

    def in_place_of(self, agreed: str | None) -> str | None:
        """Return the Leitweg-ID for an invoice by a contract that states one, or none.

        What a contract states counts, such as that of a department, unless the organisation has replaced or removed it since.
        """
        return self.current if agreed is None or agreed in self.former else agreed


def leitweg_id_of(channel: Channel, organisation: str) -> str:
    """Return the id of what a channel knows of an organisation's Leitweg-ID."""
    return derived_id("registered Leitweg-ID", channel.value, organisation)
