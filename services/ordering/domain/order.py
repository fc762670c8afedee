"""The Vorgang: its fields and what they answer. Steps change it (``services.ordering.domain.steps``)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from pydantic import Field

from services.ordering.domain.klient import Klient, KlientState
from services.ordering.domain.lazy_json import LazyJson
from services.ordering.domain.parts import (
    READ_BEFORE,
    AskedNotice,
    EarlyContract,
    FollowingContract,
    FormerContract,
    LaterVerdict,
    Milestone,
    Point,
    PointExample,
    Question,
    Refusal,
    Step,
    TakenCommand,
    TargetDay,
    Task,
    UsesEntry,
    Waiting,
)
from services.ordering.domain.transitions import AGREED, BEFORE_ORDER, CHECKED, Command, takes_verdict
from shared.aggregate.base import Aggregate
from shared.calendar import end_of
from shared.errors import InvalidError
from shared.ids import contract_id
from shared.messages.eligibility import Assessment, Override, Stage, VerdictGiven
from shared.messages.open_enum import READING
from shared.messages.ordering import OrderHead, OrderParty
from shared.messages.reasons import Fact
from shared.messages.values import Anbindungsart, Channel, Condition, OrderState, Party, PriceItem, Verdict

_COMMANDS = frozenset(Command)
MOST_STEPS = 200
"""Newest lines of the timeline that are stored."""


class Deadline(StrEnum):
    """What happens by itself at ``due_at``: an offer lapses, a notice takes effect; IDLE lapses some time after it.

    HOLD is never stored there, for 0.1.0 does not know it: its moment is ``hold_until``.
    """

    OFFER = "offer"
    NOTICE = "notice"
    IDLE = "idle"
    HOLD = "hold"


class Order(Aggregate):
    """State of one Vorgang. Texts of people (message, questions, values, notes) stay here and go into no event.

    ``timeline`` holds one JSON line per step, so that a step adds its line without reading the others. ``waiting_*`` and
    ``due_*`` follow from the rest at each step and are stored to be seen and searched.
    """

    number: str
    request_id: str
    state: OrderState
    state_since: datetime
    channel: Channel
    offering_id: str
    offering_title: str
    offering_version: int
    customer_id: str
    customer_name: str
    provider_id: str
    provider_name: str
    shown_to: str | None = None
    """The Bereitsteller, once the interest is forwarded; before that they learn nothing of the Vorgang."""
    resumes: bool = False
    """Whether it goes on in the Abstimmung once the check of another channel leaves the way free."""
    bundled: bool = False
    """Whether the Kunde orders for Klienten, as Bündler."""
    klienten: LazyJson[list[Klient]] = Field(default="[]", validate_default=True)
    klienten_ordered: bool = False
    """Whether it is ordered for the Klienten that have confirmed; 0.1.0, which knows none, orders without."""
    asked_since: datetime | None = None
    """Since when a Klient has been asked that has not answered, to be found by."""
    declared_at: datetime
    message: str | None = None
    anbindungsart: Anbindungsart | None = None
    anbindungsarten: LazyJson[list[Anbindungsart]]
    price_sheet: LazyJson[list[PriceItem]]

    check: int = 1
    check_requested_at: datetime
    verdict: Verdict | None = None
    verdict_id: str | None = None
    verdict_at: datetime | None = None
    signed_off_by: str | None = None
    override: LazyJson[Override | None] = Field(default="null", validate_default=True)
    """Decision of a person of the Anbieter beside the verdict that counts."""
    assessment: LazyJson[Assessment | None] = Field(default="null", validate_default=True)
    """What 0.1.0 reads of the assessment: inside of this field it refuses what it does not know."""
    grounds: LazyJson[Assessment | None] = Field(default="null", validate_default=True)
    """The whole assessment, with the verdict of record that it names."""
    later: LazyJson[LaterVerdict | None] = Field(default="null", validate_default=True)
    """The verdict that was found since the last check, without one."""
    refusal: LazyJson[Refusal | None] = Field(default="null", validate_default=True)
    """Without its facts (``why``), which 0.1.0 refuses inside of this field; so it does with an example in a point."""
    refusal_facts: LazyJson[tuple[Fact, ...] | None] = Field(default="null", validate_default=True)

    points: LazyJson[list[Point]] = Field(default="[]", validate_default=True)
    examples: LazyJson[list[PointExample]] = Field(default="[]", validate_default=True)
    questions: LazyJson[list[Question]] = Field(default="[]", validate_default=True)
    conditions: LazyJson[list[Condition]] = Field(default="[]", validate_default=True)

    offer_number: int = 0
    """Counts the offers that the Anbieter has made and amended; 0 before the first, and for one that 0.1.0 has recorded."""
    valid_until: date | None = None
    price_items: LazyJson[list[PriceItem]] = Field(default="[]", validate_default=True)
    placed_at: datetime | None = None
    hold_until: datetime | None = None
    """End of the hold of an order that its pre-check or the processor does not let through: until then it can be mended."""
    contract_refusal: LazyJson[Refusal | None] = Field(default="null", validate_default=True)
    """Why the processor has formed no contract on the order, until that is mended or the Vorgang ends."""
    contract_refusals: int = 0
    """How many requests for its contract were refused: each that follows asks for a contract of its own."""
    leitweg_id: str | None = None
    order_reference: str | None = None
    agb_version: str | None = None
    """Version of the Anbieter's AGB that the order accepts, None if the Kunde named none."""
    placement_id: str | None = None
    """The act in which it was ordered together with others, None if by itself."""
    contract_requested_at: datetime | None = None
    contract_id: str | None = None
    contract_number: str | None = None
    former_contracts: LazyJson[list[FormerContract]] = Field(default="[]", validate_default=True)
    """Those that it had before, oldest first."""
    following_contract: LazyJson[FollowingContract | None] = Field(default="null", validate_default=True)
    """The one that follows, where it ends all the same."""
    early_contracts: LazyJson[list[EarlyContract]] = Field(default="[]", validate_default=True)
    """Those that follow one which it does not have yet."""

    milestones: LazyJson[list[Milestone]] = Field(default="[]", validate_default=True)
    target_days: LazyJson[list[TargetDay]] = Field(default="[]", validate_default=True)
    ends_on: date | None = None
    notice: LazyJson[AskedNotice | None] = Field(default="null", validate_default=True)
    """The notice that a side has given here last."""
    uses: LazyJson[list[UsesEntry]] = Field(default="[]", validate_default=True)

    timeline: str = ""
    timeline_omitted: int = 0
    taken: LazyJson[list[TakenCommand]] = Field(default="[]", validate_default=True)

    waiting_party: OrderParty | None = None
    waiting_since: datetime | None = None
    waiting_what: Task | None = None
    planned_on: date | None = None
    """Planned day of the milestone that is waited for."""
    target_at: datetime | None = None
    """End of the first planned day of a milestone that is not reached, to be found by."""
    due_kind: Deadline | None = None
    due_at: datetime | None = None

    reminded: LazyJson[list[str]] = Field(default="[]", validate_default=True)
    """Keys of the reminders that were given in the present wait."""
    reminded_at: datetime | None = None

    @property
    def customer(self) -> Party:
        """The Kunde."""
        return Party(id=self.customer_id, name=self.customer_name)

    @property
    def provider(self) -> Party:
        """The Bereitsteller."""
        return Party(id=self.provider_id, name=self.provider_name)

    @property
    def waiting(self) -> Waiting | None:
        """Who holds the ball, as stored at the last step."""
        if self.waiting_party is None or self.waiting_since is None or self.waiting_what is None:
            return None
        return Waiting(self.waiting_party, self.waiting_since, self.waiting_what, self.planned_on)

    @property
    def stage(self) -> Stage:
        """What a pre-check is for now: the interest, or the order."""
        return Stage.INTERESSE if self.state is OrderState.INTERESSE_BEKUNDET else Stage.BESTELLUNG

    @property
    def takes_verdict(self) -> bool:
        """Whether the result of a pre-check moves the Vorgang, be it the first one or a better one."""
        return takes_verdict(self.state, requested=self.contract_requested_at is not None)

    @property
    def is_held(self) -> bool:
        """Whether both sides have worked on it, and it waits for somebody to mend what pre-check or processor have found."""
        if self.is_reopened:
            return True
        worked_on = self.resumes or self.state is OrderState.BESTELLT
        return worked_on and self.state in CHECKED and self.waiting_what is Task.BRING_EVIDENCE

    @property
    def is_reopened(self) -> bool:
        """Whether the processor has refused its contract, and nobody has gone on since."""
        return self.hold_until is not None and self.state in AGREED

    @property
    def asked_contract(self) -> str:
        """Id of the contract that is asked for, or will be; one that was refused never comes about."""
        return contract_id(self.channel, self.id, self.contract_refusals + 1)

    def deadline(self, idle_after: timedelta) -> tuple[Deadline, datetime] | None:
        """Return what happens by itself next to the Vorgang, and when, if nobody moves it; ``idle_after`` as in the settings.

        One that is held ends with its hold, whatever becomes of its offer.
        """
        if self.is_held and self.hold_until is not None:
            return Deadline.HOLD, self.hold_until
        if self.due_kind is None or self.due_at is None:
            return None
        return self.due_kind, self.due_at + idle_after if self.due_kind is Deadline.IDLE else self.due_at

    @property
    def is_forwarded(self) -> bool:
        """Whether the Bereitsteller knows of the interest."""
        return self.shown_to is not None

    def is_due(self, kind: Deadline, before: datetime) -> bool:
        """Return whether the deadline of that kind has passed ``before`` a moment; no hold ends while a check is under way."""
        if kind is Deadline.HOLD:
            return self.is_held and self.hold_until is not None and self.hold_until < before
        return self.due_kind is kind and self.due_at is not None and self.due_at < before

    def head(self) -> OrderHead:
        """Return what every event holds of the Vorgang."""
        return OrderHead(
            id=self.id,
            number=self.number,
            state=self.state,
            channel=self.channel,
            offering_id=self.offering_id,
            offering_title=self.offering_title,
            offering_version=self.offering_version,
            customer=self.customer,
            provider=self.provider,
        )

    def steps(self) -> list[Step]:
        """Return the timeline, oldest first; what exceeded its bound is counted in ``timeline_omitted``."""
        found, taken = [], {it.line: it.command for it in self.taken.value}
        for number, line in enumerate(self.timeline.splitlines(), self.timeline_omitted):
            step = Step.model_validate_json(line, extra="ignore", context=READING)
            command = taken.get(number)
            found.append(step.model_copy(update={"command": Command(command)}) if command in _COMMANDS else step)
        return found

    def open_points(self) -> list[Point]:
        """Return the mandatory points that are not settled; optional ones hold nothing up."""
        return [point for point in self.points.value if point.mandatory and point.settled_at is None]

    def example_of(self, point_id: str) -> str | None:
        """Return the example that a point has of its own."""
        return next((it.text for it in self.examples.value if it.point == point_id), None)

    def open_questions(self) -> list[Question]:
        """Return the questions without an answer."""
        return [question for question in self.questions.value if question.answered_at is None]

    def open_milestones(self) -> list[Milestone]:
        """Return the mandatory milestones that are not reached."""
        return [milestone for milestone in self.milestones.value if milestone.mandatory and milestone.reached_at is None]

    @property
    def takes_klienten(self) -> bool:
        """Whether Klienten can still answer and be judged: nothing is ordered yet, or 0.1.0 has ordered without them."""
        unsettled = self.state is OrderState.BESTELLT and self.contract_requested_at is None and not self.klienten_ordered
        return self.bundled and (self.state in BEFORE_ORDER or unsettled)

    def klient(self, organisation: str) -> Klient | None:
        """Return one of the Klienten, None if it is none."""
        return next((it for it in self.klienten.value if it.id == organisation), None)

    def waits_for_klient(self, organisation: str) -> bool:
        """Return whether a Klient has still to answer."""
        return any(it.id == organisation for it in self.asked_klienten())

    def asked_klienten(self) -> list[Klient]:
        """Return the Klienten that have not answered yet, while an answer still counts."""
        return [it for it in self.klienten.value if it.state is KlientState.ANGEFRAGT] if self.takes_klienten else []

    def target_of(self, milestone: str) -> date | None:
        """Return the planned day of a milestone, None if nobody has set one."""
        return next((it.day for it in self.target_days.value if it.milestone == milestone), None)

    def target_set_at(self, milestone: str) -> datetime | None:
        """Return when the planned day of a milestone was set, None if nobody has set one, or a version before has."""
        return next((it.set_at for it in self.target_days.value if it.milestone == milestone), None)

    def open_targets(self) -> list[tuple[Milestone, date]]:
        """Return the milestones that are not reached and have a planned day, optional ones too, with that day."""
        days = {it.milestone: it.day for it in self.target_days.value}
        return [(it, days[it.code]) for it in self.milestones.value if it.reached_at is None and it.code in days]

    def record_waiting(self, waiting: Waiting | None) -> None:
        """Set who holds the ball, by when milestones are to be reached, and since when Klienten are asked."""
        self.waiting_party = waiting.party if waiting else None
        self.waiting_since = waiting.since if waiting else None
        self.waiting_what = waiting.what if waiting else None
        self.planned_on = waiting.planned_on if waiting else None
        self.asked_since = min((it.named_at for it in self.asked_klienten()), default=None)
        self.target_at = min((end_of(day) for _, day in self.open_targets()), default=None)

    def append_to_timeline(self, step: Step) -> None:
        """Add a line; beyond ``MOST_STEPS`` the oldest goes, and is counted."""
        readable = step.model_copy(update={"command": READ_BEFORE.get(step.command, step.command)})
        lines = [*self.timeline.splitlines(), readable.model_dump_json()]
        if readable.command is not step.command:
            self.taken.value.append(TakenCommand(line=self.timeline_omitted + len(lines) - 1, command=step.command))
        if len(lines) > MOST_STEPS:
            del lines[0]
            self.timeline_omitted += 1
            self.taken.value = [it for it in self.taken.value if it.line >= self.timeline_omitted]
        self.timeline = "\n".join(lines)

    def refuse(self, refusal: Refusal) -> None:
        """Set why the Vorgang has ended."""
        self.refusal.value = refusal.model_copy(update={"facts": None})
        self.refusal_facts.value = refusal.facts

    @property
    def is_refused_by_processor(self) -> bool:
        """Whether it has ended for what the processor has refused its contract for."""
        refusal, known = self.refusal.value, self.contract_refusal.value
        return known is not None and refusal == known.model_copy(update={"facts": None})

    @property
    def why(self) -> Refusal | None:
        """Why the Vorgang has ended, None if it was not refused."""
        refusal = self.refusal.value
        return None if refusal is None else refusal.model_copy(update={"facts": self.refusal_facts.value or refusal.facts})

    def choose_anbindungsart(self, anbindungsart: Anbindungsart) -> None:
        """Set the Anbindungsart. Raises InvalidError (``anbindungsart_not_offered``)."""
        if anbindungsart not in self.anbindungsarten.value:
            raise InvalidError(
                f"{self.offering_title} is not offered with {anbindungsart}.",
                code="anbindungsart_not_offered",
                anbindungsarten=[str(art) for art in self.anbindungsarten.value],
            )
        self.anbindungsart = anbindungsart

    def begin_check(self, at: datetime) -> None:
        """Count the next pre-check and drop the verdict before it, whose reasoning stays readable."""
        self.check += 1
        self.check_requested_at = at
        self.verdict = self.verdict_id = self.verdict_at = self.signed_off_by = None
        self.override.value = None
        self.later.value = None

    def store_verdict(self, given: VerdictGiven, at: datetime) -> None:
        """Set the verdict of the pre-check that is under way."""
        self.verdict = given.assessment.verdict
        self.verdict_id = given.verdict_id
        self.verdict_at = at
        self.signed_off_by = given.signed_off_by
        self.override.value = None
        self.later.value = None
        self.assessment.value = _of_first_release(given.assessment)
        self.grounds.value = given.assessment

    @property
    def judged(self) -> Assessment | None:
        """The assessment of the pre-check that counts; None before it. Where 0.1.0 has recorded one since, its own."""
        assessment, grounds = self.assessment.value, self.grounds.value
        return grounds if grounds is not None and _of_first_release(grounds) == assessment else assessment


def _of_first_release(assessment: Assessment) -> Assessment:
    """Return an assessment without the fields that were added after 0.1.0: they are left out of the document where None."""
    findings = tuple(finding.model_copy(update={"law": None, "remedy_code": None}) for finding in assessment.findings)
    later = dict.fromkeys(("hash", "record", "legs", "rules", "changes_on", "changes_to"))
    return assessment.model_copy(update={**later, "findings": findings})
