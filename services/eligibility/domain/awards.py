"""The awards behind one contract, as they were judged."""

from __future__ import annotations

from shared.aggregate.base import Aggregate
from shared.messages.base import Message, Value
from shared.messages.eligibility_awards import AwardsJudged, AwardVerdict
from shared.messages.values import Channel, EntityId, Time

MOST_CHANGES = 50
"""Changes of a contract whose verdicts are told again, the newest ones: one waits at a time."""


class JudgedChange(Value):
    """The awards behind a change of a contract, as they were judged."""

    id: EntityId
    awards: tuple[AwardVerdict, ...]
    given_at: Time


class ContractAwards(Aggregate):
    """The awards of one contract as they were judged: once for its conclusion (``awards``), once for each of its changes.

    Its id is that of the contract. ``awards`` are empty if only changes were asked about. Of ``changes`` it holds the newest.
    """

    channel: Channel
    awards: tuple[AwardVerdict, ...] = ()
    given_at: Time
    changes: tuple[JudgedChange, ...] = ()

    def judge(self, change_id: str | None, awards: tuple[AwardVerdict, ...], at: Time) -> list[Message]:
        """Record the verdicts on the awards of the conclusion, or of a change; a repeat is answered as before."""
        if change_id is None and not self.awards:
            self.awards, self.given_at = awards, at
        elif change_id is not None and all(it.id != change_id for it in self.changes):
            self.changes = (*self.changes, JudgedChange(id=change_id, awards=awards, given_at=at))[-MOST_CHANGES:]
        return [it for it in self._answers() if it.change_id == change_id]

    def restate(self) -> list[Message]:
        """Return the verdicts, for a contract that has not received them."""
        return list(self._answers())

    def _answers(self) -> list[AwardsJudged]:
        found = [(None, self.awards, self.given_at)] if self.awards else []
        judged = [*found, *((it.id, it.awards, it.given_at) for it in self.changes)]
        return [
            AwardsJudged(contract_id=self.id, change_id=change, channel=self.channel, awards=awards, given_at=at)
            for change, awards, at in judged
        ]
