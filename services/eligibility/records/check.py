"""The pre-check of an order, or of a question beside one: judged in its channel, with the channels that are free, in sentences.

What the engine refuses is an answer here, not an error: an order waits for it, and its Kunde reads why it is out of scope.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.eligibility.engine.answer import Answer
from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.verdicts import Verdict as Found
from services.eligibility.records.assessment import assessment_of
from services.eligibility.records.judge import Policy, Question, Recorded, instant_of
from services.eligibility.records.record import Occasion, record_of
from services.eligibility.sentences import refused
from shared.messages.eligibility import Assessment, Finding
from shared.messages.values import Channel, Verdict
from shared.store.port import Document

CHANNEL_UNKNOWN: Final = "CHANNEL_UNKNOWN"
SAYS_SOMETHING: Final = {
    CHANNEL_UNKNOWN: "R12",
    "UNKNOWN_ORGANISATION": "R1",
    "RULE_SET_NOT_IN_FORCE": "R11",
    "CHAIN_INVALID": "R10",
}
"""Refusals of the engine that say something about the question, with the rule that cannot be applied for it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, and the verdict of record to store; None if no occasion was named or the engine has refused."""

    assessment: Assessment
    record: Document | None


def check(recorded: Recorded, policy: Policy, question: Question, at: datetime, occasion: Occasion | None = None) -> Checked:
    """Return what holds for a question on all that is recorded now; with an occasion also the verdict of record.

    Raises RefusedError for facts that contradict each other: nothing can be said before they are mended.
    """
    found = {channel: _answer(recorded, policy, replace(question, channel=channel.value), at) for channel in policy.channels}
    own = found.get(Channel.read(question.channel), CHANNEL_UNKNOWN)
    if isinstance(own, str):
        return Checked(_out_of_scope(own, recorded, policy, question), None)
    record = None if occasion is None else record_of(own, question, occasion, at)
    assessment = assessment_of(own, question, _free(found), None if record is None else record["_id"])
    return Checked(assessment, record)


def _answer(recorded: Recorded, policy: Policy, question: Question, at: datetime) -> Answer | str:
    """Return the answer, or the code of the refusal."""
    try:
        return evaluate(recorded.world, policy.request(question, recorded.instant or instant_of(at)))
    except RefusedError as refusal:
        if refusal.code not in SAYS_SOMETHING:
            raise
        return refusal.code


def _free(found: dict[Channel, Answer | str]) -> Iterator[Channel]:
    for channel, answer in found.items():
        if not isinstance(answer, str) and answer.verdict is Found.EXEMPT:
            yield channel


def _out_of_scope(code: str, recorded: Recorded, policy: Policy, question: Question) -> Assessment:
    is_known = question.customer in recorded.world.organisations
    on_first_leg = is_known and code in ("UNKNOWN_ORGANISATION", "CHAIN_INVALID") and question.customer != question.channel
    body = question.provider if on_first_leg else question.customer
    params = {"org": body, "anbieter": question.channel, "day": f"{question.as_of:%d.%m.%Y}", "rule_set": policy.rule_set}
    reason, remedy = refused("de", code, params)
    finding = Finding(
        leg="L1" if on_first_leg else "L2",
        rule=SAYS_SOMETHING[code],
        code=code,
        verdict=Verdict.OUT_OF_SCOPE,
        reason=reason,
        remedy=remedy,
    )
    return Assessment(
        verdict=Verdict.OUT_OF_SCOPE,
        rule_set=policy.rule_set,
        as_of=question.as_of,
        channel=Channel.read(question.channel),
        customer=question.customer,
        provider=question.provider,
        findings=(finding,),
    )
