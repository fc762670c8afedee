"""What a Vorgang holds beside its own fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from services.ordering.domain.formats import Format
from services.ordering.domain.transitions import Command
from shared.messages.eligibility import Assessment, ChangeReason, Override
from shared.messages.ordering import OrderParty
from shared.messages.reasons import Fact
from shared.messages.values import OrderState, Verdict


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes a step: a party, and the reference of the person who acts for it."""

    party: OrderParty
    person: str | None = None


SYSTEM = Actor(OrderParty.SYSTEM)

OTHER_SIDE = {OrderParty.KUNDE: OrderParty.BEREITSTELLER, OrderParty.BEREITSTELLER: OrderParty.KUNDE}
"""The two sides of a Vorgang. Points, questions and milestones belong to one of them."""


class Part(BaseModel):
    """Base of the parts."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


class Point(Part):
    """An open point of the Abstimmung. ``since`` is when it came to its owner; it is settled once ``settled_at`` is set."""

    id: str
    code: str | None = None
    label: str
    label_en: str | None = None
    owner: OrderParty
    mandatory: bool = True
    format: Format = Format.TEXT
    since: datetime
    value: str | None = None
    note: str | None = None
    settled_at: datetime | None = None
    settled_by: str | None = None


class Question(Part):
    """A question of one side to the other, which holds the ball since ``asked_at`` until it answers."""

    id: str
    text: str
    asked_by: OrderParty
    asked_of: OrderParty
    asked_at: datetime
    answer: str | None = None
    answered_at: datetime | None = None


class Milestone(Part):
    """A step of the Anbindung that its owner reports as reached."""

    code: str
    label: str
    label_en: str | None = None
    owner: OrderParty
    mandatory: bool = True
    reached_at: datetime | None = None
    reached_by: str | None = None
    note: str | None = None


def in_english(parts: Sequence[Point | Milestone]) -> tuple[str, ...]:
    """Return the labels in English, the German one of a part that has no other; none if all are German."""
    if not any(part.label_en for part in parts):
        return ()
    return tuple(part.label_en or part.label for part in parts)


class UsesEntry(Part):
    """How often the service was used in a month (``YYYY-MM``), as the Kunde reported it last."""

    period: str
    count: int
    reported_at: datetime
    reported_by: str | None = None


class Refusal(Part):
    """Why a rule, the Bereitsteller or the contract processor ended the Vorgang."""

    code: str
    reason: str
    remedy: str | None = None
    facts: tuple[Fact, ...] | None = None


class AskedNotice(Part):
    """A notice that a side has given: the contract's processor decides on it. With ``refusal`` the contract has stayed."""

    id: str
    ends_on: date
    by: OrderParty
    person: str | None = None
    at: datetime
    refusal: Refusal | None = None

    def pending(self, state: OrderState) -> bool:
        """Return whether a Vorgang in that state still waits for the answer."""
        return self.refusal is None and state not in {OrderState.GEKUENDIGT, OrderState.BEENDET}


class FormerContract(Part):
    """A contract that the Vorgang had before the one that it goes on with, which begins on ``followed_on``.

    ``ends_on`` is its last day as far as it was told.
    """

    id: str
    number: str
    followed_on: date
    ends_on: date | None = None


class FollowingContract(Part):
    """A contract that follows that of a Vorgang which has ended, or ends, all the same."""

    id: str
    number: str
    valid_from: date


class EarlyContract(Part):
    """A contract that follows ``continues``, told of before the Vorgang knew that one: events of two contracts have no order.

    ``former_ends_on`` as in the event. ``ends_on``, ``by`` and ``ended`` are of its own end, as far as that was told.
    """

    continues: str
    id: str
    number: str
    valid_from: date
    former_ends_on: date | None = None
    ends_on: date | None = None
    by: OrderParty | None = None
    ended: bool = False


class LaterVerdict(Part):
    """A verdict that was found without a check: by a change of facts, the calendar or the rules. It ends nothing by itself.

    ``before`` is the verdict that it replaces; ``decided`` is what a person of the Anbieter has decided beside it.
    """

    at: datetime
    before: Verdict
    because: ChangeReason
    assessment: Assessment
    decided: Override | None = None


class Step(Part):
    """One line of the timeline: who took which step, and the state after it."""

    at: datetime
    command: Command
    party: OrderParty
    person: str | None = None
    state: OrderState
    note: str | None = None


class PointExample(Part):
    """An example that a point has of its own, beside the points: 0.1.0 refuses it inside of them."""

    point: str
    text: str


class TargetDay(Part):
    """The day in Germany by which a milestone is to be reached, beside the milestones: 0.1.0 refuses it inside of them."""

    milestone: str
    day: date
    set_at: datetime | None = None
    """When it was set, None if a version before has set it."""


class TakenCommand(Part):
    """The command of a line that is stored with another one; ``line`` counts from the first ever."""

    line: int
    command: str


READ_BEFORE = {
    Command.CHANGE_CHANNEL: Command.RECHECK,
    Command.RESUME: Command.START_CLARIFICATION,
    Command.REOPEN_CLARIFICATION: Command.START_CLARIFICATION,
    Command.AMEND_OFFER: Command.MAKE_OFFER,
    Command.WITHDRAW_OFFER: Command.RECORD_CHECK,
    Command.PLAN_MILESTONE: Command.START_ONBOARDING,
    Command.NAME_KLIENT: Command.ASK,
    Command.REMOVE_KLIENT: Command.ASK,
    Command.ANSWER_KLIENT: Command.ANSWER,
    Command.CHECK_KLIENTEN: Command.RECHECK,
    Command.RECORD_KLIENT_CHECK: Command.RECORD_CHECK,
    Command.SIGN_OFF_KLIENT: Command.RECORD_CHECK,
    Command.REOPEN_ORDER: Command.RECORD_CHECK,
    Command.CONTINUE: Command.RECORD_CONTRACT,
}
"""Commands that 0.1.0 cannot read, with those that it reads in their place."""


class Task(StrEnum):
    """What the party holding the ball is to do next."""

    CHECK = "check"
    SIGN_OFF = "sign_off"
    BRING_EVIDENCE = "bring_evidence"
    START_CLARIFICATION = "start_clarification"
    SETTLE_POINTS = "settle_points"
    ANSWER_QUESTIONS = "answer_questions"
    CONFIRM_CONDITIONS = "confirm_conditions"
    MAKE_OFFER = "make_offer"
    PLACE = "place"
    CONCLUDE_CONTRACT = "conclude_contract"
    START_ONBOARDING = "start_onboarding"
    REACH_MILESTONES = "reach_milestones"
    GO_LIVE = "go_live"
    END = "end"


@dataclass(frozen=True, slots=True)
class Waiting:
    """``party`` holds the ball since ``since``; ``what`` it is to do, ``planned_on`` by which day, if it says so."""

    party: OrderParty
    since: datetime
    what: Task
    planned_on: date | None = None
