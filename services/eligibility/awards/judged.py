"""Judges single awards for a contract, and how long what is recorded lets the relation go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from services.eligibility.domain.awards import ContractAwards
from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.verdicts import Verdict as Found
from services.eligibility.records.check import SAYS_SOMETHING
from services.eligibility.records.judge import Policy, Recorded, instant_of
from shared.aggregate.change import Change
from shared.bus.handling import Received
from shared.calendar import day_of
from shared.messages.base import Message
from shared.messages.contracts_awards import Award, AwardsCheckRequested
from shared.messages.eligibility_awards import AwardVerdict
from shared.messages.values import Verdict

_AGAINST: Final = frozenset({Found.NOT_EXEMPT, Found.OUT_OF_SCOPE})
_MOST_CHANGES: Final = 100


def judge_awards(recorded: Recorded, policy: Policy, event: Received, at: datetime) -> Change[ContractAwards]:
    """Return the change by which the awards of a contract are judged; a repeat is answered as before.

    Raises RefusedError for facts that contradict each other, InvalidError as ``Policy.rules``, TypeError for another message.
    """
    asked = event.message
    if not isinstance(asked, AwardsCheckRequested):
        raise TypeError(f"{asked.TYPE} asks for no awards")
    awards = tuple(judge_award(recorded, policy, award, at) for award in asked.awards)

    def decide(known: ContractAwards | None) -> tuple[ContractAwards, Sequence[Message]]:
        if known is None:
            known = ContractAwards(id=asked.contract.id, channel=asked.contract.channel, given_at=at)
        return known, known.judge(asked.change_id, awards, at)

    return Change(asked.contract.id, decide, event.cause)


def judge_award(recorded: Recorded, policy: Policy, award: Award, at: datetime) -> AwardVerdict:
    """Return the verdict on an award today, and until when no recorded fact speaks against it.

    Figures and documents of later years are not due yet: that they are missing then does not end a relation. A later day on
    which the award is not exempt, or out of scope, does. Raises RefusedError for facts that contradict each other.
    """
    today = day_of(at)
    known_at = recorded.instant or instant_of(at)
    verdict, changes_on = _on(recorded, policy, award, today, known_at)
    until: date | None = None
    for _ in range(_MOST_CHANGES):
        if changes_on is None:
            break
        later, following = _on(recorded, policy, award, changes_on, known_at)
        if later in _AGAINST:
            until = changes_on - timedelta(days=1)
            break
        changes_on = following
    return AwardVerdict(
        awarder=award.awarder,
        contractor=award.contractor,
        verdict=Verdict(verdict.name),
        rule_set=policy.rule_set,
        as_of=today,
        until=until,
    )


def _on(recorded: Recorded, policy: Policy, award: Award, day: date, known_at: str) -> tuple[Found, date | None]:
    """Return the verdict of a day, and the day on which it is another one."""
    request = policy.award_request(award.awarder, award.contractor, day, known_at)
    try:
        core = evaluate(recorded.world, request).core
    except RefusedError as refusal:
        if refusal.code not in SAYS_SOMETHING:
            raise
        return Found.OUT_OF_SCOPE, None
    return Found[core["verdict"]], None if core["changes_on"] is None else date.fromisoformat(core["changes_on"])
