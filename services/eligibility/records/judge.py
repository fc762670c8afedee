"""Asks the engine: which rule set, which policy, known up to which instant; and refuses what must not become a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from services.eligibility.engine.answer import Answer
from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.rule_sets import RuleSet, rule_sets
from services.eligibility.engine.view import View
from services.eligibility.engine.world import World
from services.eligibility.sentences import Language, Reader
from shared.errors import InvalidError, NotFoundError
from shared.messages.values import Channel

_UNKNOWN: Final = "UNKNOWN_ORGANISATION"


class Recorded(Protocol):
    """All that is recorded. ``instant``: when the newest of it was recorded, as text; everything later gets a later one."""

    @property
    def world(self) -> World: ...

    @property
    def instant(self) -> str | None: ...


class KnownFacts(Protocol):
    """Where facts and documents are recorded."""

    async def current(self) -> Recorded:
        """Return all that is recorded now."""


@dataclass(frozen=True, slots=True)
class Question:
    """May ``customer`` order through ``channel``, the id of its Anbieter, what ``provider`` provides, on ``as_of``?"""

    customer: str
    provider: str
    channel: str
    as_of: date
    bundlers: tuple[Mapping[str, Any], ...] = ()
    payment: bool = True
    return_duty: bool = False


def question_of_klient(klient: str, bundler: str, provider: str, channel: str, as_of: date, owed: tuple[bool, bool]) -> Question:
    """Return the question whether the award may go down the chain: Bereitsteller, Anbieter, Bündler, Klient.

    ``owed`` says whether the Klient pays the Bündler, and whether it has to give anything back.
    """
    payment, return_duty = owed
    link = {"org": bundler, "payment": True, "return_duty": False}
    return Question(klient, provider, channel, as_of, (link,), payment, return_duty)


class IndirectJoint(StrEnum):
    """How indirect joint control (Kommune -> Verband -> IT provider) is judged; courts have not settled it."""

    ACCEPT = "ACCEPT"
    STRICT = "STRICT"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the service decides, not the law: the rule set, ``indirect_joint`` and whether accreditation is ``required``."""

    rule_set: str
    indirect_joint: IndirectJoint
    required: bool

    @property
    def rules(self) -> RuleSet:
        """The rule set. Raises InvalidError: ``rule_set_unknown``, or ``rule_set_draft`` for one that is not law."""
        rules = rule_sets().get(self.rule_set)
        if rules is None:
            raise InvalidError(
                f"There is no rule set {self.rule_set}; there are {', '.join(rule_sets())}.", code="rule_set_unknown"
            )
        if rules.status == "draft":
            raise InvalidError(
                f"{rules.id} is a draft. A verdict of record, and one on an order, needs a rule set that is law.",
                code="rule_set_draft",
            )
        return rules

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that the rule set has rules for, in a fixed order."""
        return tuple(Channel(anbieter) for anbieter in sorted(rules.anbieter for rules in self.rules.channels.values()))

    def request(self, question: Question, known_at: str) -> dict[str, Any]:
        """Return the request to the engine. Raises InvalidError (``channel_without_rules``), or as ``rules``."""
        names = {rules.anbieter: name for name, rules in self.rules.channels.items()}
        if question.channel not in names:
            raise InvalidError(
                f"{self.rule_set} has no rules for the channel {question.channel}.",
                code="channel_without_rules",
                channels=sorted(names),
            )
        return self._asked("ORDER", question.as_of, known_at) | {
            "customer": question.customer,
            "provider": question.provider,
            "channel": names[question.channel],
            "bundlers": [dict(bundler) for bundler in question.bundlers],
            "payment": question.payment,
            "return_duty": question.return_duty,
        }

    def award_request(self, awarder: str, contractor: str, as_of: date, known_at: str) -> dict[str, Any]:
        """Return the request to the engine for one award that is paid for. Raises InvalidError as ``rules``."""
        parties = {"awarder": awarder, "contractor": contractor, "payment": True, "return_duty": False}
        return self._asked("LEG", as_of, known_at) | parties

    def _asked(self, kind: str, as_of: date, known_at: str) -> dict[str, Any]:
        return {
            "kind": kind,
            "as_of": as_of.isoformat(),
            "rule_set": self.rules.id,
            "known_at": known_at,
            "policy": {"indirect_joint": self.indirect_joint.value, "accreditation": "REQUIRE" if self.required else "IGNORE"},
        }


def instant_of(at: datetime) -> str:
    """Return a time as the engine writes instants: in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def judge(recorded: Recorded, policy: Policy, question: Question, at: datetime) -> Answer:
    """Return the answer on all that is recorded now, with the instant up to which that is known.

    A replay of its request finds the same, whatever is recorded later. Raises InvalidError as ``Policy.request`` and with the
    engine's code for refused input; NotFoundError (``body_not_found``) for a body without a fact.
    """
    request = policy.request(question, recorded.instant or instant_of(at))
    try:
        return evaluate(recorded.world, request)
    except RefusedError as refused:
        raise refusal(refused) from refused


def refusal(refused: RefusedError) -> InvalidError | NotFoundError:
    """Return the error of the API for input that the engine refuses."""
    detail = f"{refused.detail[0].upper()}{refused.detail[1:]}."
    if refused.code == _UNKNOWN:
        return NotFoundError(detail, code="body_not_found")
    return InvalidError(detail, code=refused.code, step=refused.step)


class _Names(Mapping[str, str]):
    """Names of the organisations of a view, by id."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __getitem__(self, key: str) -> str:
        return self._view.organisations[key].name

    def __iter__(self) -> Iterator[str]:
        return iter(self._view.organisations)

    def __len__(self) -> int:
        return len(self._view.organisations)


class _Facts(Mapping[str, Mapping[str, Any]]):
    """Facts of a view in the shape in which they are recorded, by id."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        return self._view.facts[key].model_dump(mode="json", by_alias=True)

    def __iter__(self) -> Iterator[str]:
        return iter(self._view.facts)

    def __len__(self) -> int:
        return len(self._view.facts)


def reader_of(answer: Answer, language: Language = "de") -> Reader:
    """Return who makes sentences of an answer in a language."""
    return Reader(language, _Names(answer.day.view), _Facts(answer.day.view))
