"""Message of eligibility about the awards that an offered contract rests on."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, message_type
from shared.messages.contracts_awards import Award
from shared.messages.values import Channel, Code, EntityId, Time, Verdict


class AwardVerdict(Award):
    """The pre-check of one award as if it were paid for. Its grounds are read where it is asked for by one of the two bodies."""

    verdict: Annotated[Verdict, Field(description="Whether the award is exempt. Not personal.", examples=["EXEMPT"])]
    rule_set: Annotated[Code, Field(description="Version of the rules. Not personal.", examples=["gwb108-2016"])]
    as_of: Annotated[
        date, Field(description="Calendar day in Germany for which the facts hold. Not personal.", examples=["2026-11-24"])
    ]
    until: Annotated[
        date | None,
        Field(
            description="Last day, in Germany, before one on which a recorded fact speaks against the relation; null or absent: "
            "none is recorded. Not personal.",
            examples=["2029-12-31"],
        ),
    ] = None


@message_type("eligibility.award.judged.v1")
class AwardsJudged(Message):
    """The awards that an offered contract, or a change of a running one, rests on are judged, each for itself."""

    contract_id: Annotated[
        EntityId,
        Field(description="The contract, the record's key. Not personal.", examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"]),
    ]
    change_id: Annotated[
        EntityId | None,
        Field(
            description="The change that they were judged for; null or absent: the conclusion. Not personal.",
            examples=["4c8d7d0e-6a2b-5c61-9f0e-2b7f0c9d5a33"],
        ),
    ] = None
    channel: Annotated[Channel, Field(description="Anbieter through whom the contract runs. Not personal.", examples=["fitko"])]
    awards: Annotated[tuple[AwardVerdict, ...], Field(min_length=1, description="The awards with their verdicts. Not personal.")]
    given_at: Annotated[
        Time, Field(description="When they were judged, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
