"""What eligibility answers to contracts about awards, for tests of those who ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from services.contracts.app import processor
from shared.aggregate.change import Cause
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.handling import Received
from shared.ids import derived_id
from shared.messages.contracts_awards import AwardsCheckRequested
from shared.messages.eligibility_awards import AwardsJudged, AwardVerdict
from shared.messages.values import Verdict
from shared.process.service import Resources


async def judge_newest(
    resources: Resources, sent: Sequence[OutgoingEvent], at: datetime, *verdicts: Verdict, until: date | None = None
) -> list[tuple[str, str]]:
    """Answer the newest request among what was sent, EXEMPT unless verdicts are given; return its awards."""
    requests = [it for it in sent if it.type == AwardsCheckRequested.TYPE]
    asked = AwardsCheckRequested.model_validate_json(requests[-1].body)
    awards = tuple(
        AwardVerdict(**award.model_dump(), verdict=verdict, rule_set="gwb108-2016", as_of=at.date(), until=until)
        for award, verdict in zip(asked.awards, verdicts or [Verdict.EXEMPT] * len(asked.awards), strict=True)
    )
    answer = AwardsJudged(
        contract_id=asked.contract.id, change_id=asked.change_id, channel=asked.contract.channel, awards=awards, given_at=at
    )
    cause = Cause(derived_id("event", asked.contract.id), answer.TYPE, "eligibility", len(requests))
    consumer, *_ = processor(asked.contract.channel)(resources).consumers
    assert AwardsJudged in consumer.handles
    assert list(await consumer.handle([Received(answer, asked.contract.id, cause, at)])) == []
    return [(it.awarder, it.contractor) for it in asked.awards]
