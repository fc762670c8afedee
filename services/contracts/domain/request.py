"""A request for a contract as a processor sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from shared.calendar import day_of
from shared.ids import contract_id
from shared.messages.ordering import ContractRequested
from shared.messages.values import Channel


@dataclass(frozen=True, slots=True)
class Request:
    """What ordering asked of the processor of ``channel``, and when.

    ``requested_at`` is the time of the first request event. It is the moment of conclusion: the Kunde has ordered on the
    Anbieter's offer and the in-house check at the moment of award is done. Day and year, and with them AGB, prices and number,
    follow from it, so a redelivery comes to the same result whenever it happens.
    """

    channel: Channel
    body: ContractRequested
    requested_at: datetime

    @property
    def contract_id(self) -> str:
        """Id of the contract."""
        return contract_id(self.channel, self.body.order.id, self.body.attempt or 1)

    @property
    def day(self) -> date:
        """Day of conclusion in Germany."""
        return day_of(self.requested_at)

    @property
    def year(self) -> int:
        """Year of the register that numbers this contract."""
        return day_of(self.requested_at).year
