"""What the engine finds about an order today: at a glance, for all; in full, for those whose verdict is another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from services.eligibility.engine.answer import Answer
from services.eligibility.engine.evaluate import glance
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.verdicts import Verdict
from services.eligibility.recheck.watched import Watched, WatchedKlient
from services.eligibility.records.assessment import assessment_of
from services.eligibility.records.judge import Policy, Question, Recorded, instant_of, judge, question_of_klient
from shared.calendar import day_of
from shared.canonical_json import digest
from shared.errors import RejectedError
from shared.messages.eligibility import Assessment
from shared.messages.values import Channel


@dataclass(frozen=True)
class Judgement:
    """The answer on an order, and the channels in which the same order would be exempt."""

    question: Question
    answer: Answer
    allowed: tuple[Channel, ...]

    def assessment(self, record: str) -> Assessment:
        """Return what goes on the wire. ``record`` is the id of the verdict of record."""
        return assessment_of(self.answer, self.question, self.allowed, record)


def question_of(order: Watched, klient: WatchedKlient | None, at: datetime) -> Question:
    """Return what is asked about an order on the day of ``at``, or about the chain down to one of its Klienten."""
    day = day_of(at)
    if klient is None:
        return Question(order.customer, order.provider, order.channel, day)
    owed = (klient.payment, klient.return_duty)
    return question_of_klient(klient.id, order.customer, order.provider, order.channel, day, owed)


def mark_of(recorded: Recorded, policy: Policy, question: Question, at: datetime) -> str:
    """Return a mark of what makes a verdict: SHA-256 of verdict, deciding rules and open channels.

    Raises RefusedError, InvalidError as ``Policy.request``.
    """
    verdict, rules = glance(recorded.world, policy.request(question, recorded.instant or instant_of(at)))
    return digest({"verdict": verdict.name, "rules": rules, "free": list(_free(recorded, policy, question, at, verdict))})


def judgement_of(recorded: Recorded, policy: Policy, question: Question, at: datetime) -> Judgement:
    """Return what holds on the day of the question. Raises as ``judge``."""
    answer = judge(recorded, policy, question, at)
    free = frozenset(_free(recorded, policy, question, at, answer.verdict))
    return Judgement(question, answer, tuple(channel for channel in Channel if channel.value in free))


def _free(recorded: Recorded, policy: Policy, question: Question, at: datetime, verdict: Verdict) -> Iterator[str]:
    """Yield the channels in which an order is exempt, in the order of the rule set; ``verdict`` is that of its own."""
    for rules in policy.rules.channels.values():
        channel = rules.anbieter
        found = verdict
        if channel != question.channel:
            request = policy.request(replace(question, channel=channel), recorded.instant or instant_of(at))
            try:
                found, _ = glance(recorded.world, request)
            except (RejectedError, RefusedError):
                # No way for this pair of bodies, such as a Bereitsteller that is the other Anbieter itself.
                continue
        if found is Verdict.EXEMPT:
            yield channel
