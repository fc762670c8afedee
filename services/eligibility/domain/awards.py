"""The awards behind one contract, as they were judged."""

from __future__ import annotations

from shared.aggregate.base import Aggregate
from shared.messages.base import Message
from shared.messages.eligibility_awards import AwardsJudged, AwardVerdict
from shared.messages.values import Channel, Time


class ContractAwards(Aggregate):
    """The awards of one contract as they were judged, once. Its id is that of the contract."""

    channel: Channel
    awards: tuple[AwardVerdict, ...]
    given_at: Time

    def restate(self) -> list[Message]:
        """Return the verdicts, for a contract that has not received them."""
        return [AwardsJudged(contract_id=self.id, channel=self.channel, awards=self.awards, given_at=self.given_at)]
