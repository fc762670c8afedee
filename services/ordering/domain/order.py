"""The Vorgang: its state, what it says of itself, and how a step is checked and entered."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from services.ordering.domain.guards import hindrance
from services.ordering.domain.lazy_json import LazyJson
from services.ordering.domain.parts import Actor, Milestone, Point, Question, Refusal, Step
from services.ordering.domain.transitions import BEFORE_ORDER, TRANSITIONS, Command
from services.ordering.domain.waiting import Task, Waiting, waiting_of
from shared.aggregate.base import Aggregate
from shared.calendar import end_of
from shared.errors import ConflictError, IllegalMoveError
from shared.messages.eligibility import Assessment
from shared.messages.open_enum import READING
from shared.messages.ordering import OrderHead, OrderParty
from shared.messages.values import Anbindungsart, Channel, Condition, OrderState, Party, PriceItem, Verdict

TIMELINE_KEPT = 200


class Deadline(StrEnum):
    """What happens by itself at ``due_at``: an offer lapses, a notice takes effect; IDLE lapses some time after it."""

    OFFER = "offer"
    NOTICE = "notice"
    IDLE = "idle"


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
    assessment: LazyJson[Assessment | None] = Field(default="null", validate_default=True)
    refusal: LazyJson[Refusal | None] = Field(default="null", validate_default=True)

    points: LazyJson[list[Point]] = Field(default="[]", validate_default=True)
    questions: LazyJson[list[Question]] = Field(default="[]", validate_default=True)
    conditions: LazyJson[list[Condition]] = Field(default="[]", validate_default=True)

    valid_until: date | None = None
    price_items: LazyJson[list[PriceItem]] = Field(default="[]", validate_default=True)
    placed_at: datetime | None = None
    leitweg_id: str | None = None
    order_reference: str | None = None
    contract_requested_at: datetime | None = None
    contract_id: str | None = None
    contract_number: str | None = None

    milestones: LazyJson[list[Milestone]] = Field(default="[]", validate_default=True)
    ends_on: date | None = None

    timeline: str = ""
    timeline_omitted: int = 0

    waiting_party: OrderParty | None = None
    waiting_since: datetime | None = None
    waiting_what: Task | None = None
    due_kind: Deadline | None = None
    due_at: datetime | None = None

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
        return Waiting(self.waiting_party, self.waiting_since, self.waiting_what)

    def head(self) -> OrderHead:
        """Return what every event says of the Vorgang."""
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
        return [Step.model_validate_json(line, extra="ignore", context=READING) for line in self.timeline.splitlines()]

    def open_points(self) -> list[Point]:
        """Return the mandatory points that are not settled; optional ones hold nothing up."""
        return [point for point in self.points.value if point.mandatory and point.settled_at is None]

    def open_questions(self) -> list[Question]:
        """Return the questions without an answer."""
        return [question for question in self.questions.value if question.answered_at is None]

    def open_milestones(self) -> list[Milestone]:
        """Return the mandatory milestones that are not reached."""
        return [milestone for milestone in self.milestones.value if milestone.mandatory and milestone.reached_at is None]

    def allowed_moves(self, party: OrderParty, at: datetime) -> list[Command]:
        """Return the steps that ``party`` may take at this moment, in the table's order."""
        return [command for command in TRANSITIONS.allowed(self.state, party) if hindrance(self, command, party, at) is None]

    def permit(self, command: Command, actor: Actor, at: datetime) -> OrderState | None:
        """Return the state that ``command`` leads to, or None if it has been reached already.

        Raises ForbiddenError, IllegalMoveError, or ConflictError with the code of what stands in the way.
        """
        try:
            target = TRANSITIONS.check(command, self.state, actor.party)
        except IllegalMoveError:
            raise IllegalMoveError(command, self.state, self.allowed_moves(actor.party, at)) from None
        found = None if target is None else hindrance(self, command, actor.party, at)
        if found is not None:
            raise self.conflict(found.code, found.detail, command, actor, at)
        return target

    def conflict(self, code: str, detail: str, command: Command, actor: Actor, at: datetime) -> ConflictError:
        """Return the refusal of a step, with the present state and what is possible instead."""
        moves = [str(move) for move in self.allowed_moves(actor.party, at)]
        return ConflictError(
            detail, code=code, command=str(command), current_state=str(self.state), allowed_moves=moves, order_id=self.id
        )

    def enter(self, command: Command, actor: Actor, at: datetime, state: OrderState, note: str | None = None) -> None:
        """Enter a step, whose fields are set already: state, timeline, who holds the ball, what is due."""
        if state is not self.state:
            self.state = state
            self.state_since = at
        self._note(Step(at=at, command=command, party=actor.party, person=actor.person, state=state, note=note))
        waiting = waiting_of(self)
        self.waiting_party = waiting.party if waiting else None
        self.waiting_since = waiting.since if waiting else None
        self.waiting_what = waiting.what if waiting else None
        self._set_deadline(at)

    def _note(self, step: Step) -> None:
        lines = step.model_dump_json() if not self.timeline else f"{self.timeline}\n{step.model_dump_json()}"
        if lines.count("\n") == TIMELINE_KEPT:
            lines = lines.split("\n", 1)[1]
            self.timeline_omitted += 1
        self.timeline = lines

    def _set_deadline(self, at: datetime) -> None:
        self.due_kind = self.due_at = None
        if self.state is OrderState.ANGEBOT_ERSTELLT and self.valid_until is not None:
            self.due_kind, self.due_at = Deadline.OFFER, end_of(self.valid_until)
        elif self.state is OrderState.GEKUENDIGT and self.ends_on is not None:
            self.due_kind, self.due_at = Deadline.NOTICE, end_of(self.ends_on)
        elif self.state in BEFORE_ORDER and self.waiting_party is not OrderParty.SYSTEM:
            # A check that is still to come must not cost the Kunde the Vorgang.
            self.due_kind, self.due_at = Deadline.IDLE, at
