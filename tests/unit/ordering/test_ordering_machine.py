"""Random steps of random parties: whatever comes in whatever order, the Vorgang keeps its rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.ordering.domain import (
    award,
    clarification,
    continuing,
    contract_refusals,
    delivery,
    exits,
    notice,
    precheck,
    steps_back,
)
from services.ordering.domain.clarification import NewPoint
from services.ordering.domain.formats import example_of
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import Actor
from services.ordering.domain.steps import allowed_moves
from services.ordering.domain.transitions import FINAL, RUNNING, SETTLED, TRANSITIONS, Command
from services.ordering.domain.waiting import waiting_of
from shared.errors import RejectedError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.eligibility import Stage
from shared.messages.ordering import CheckRequested, ContractRequested, OrderEvent, OrderParty
from shared.messages.ordering_notices import NoticeRequested
from shared.messages.values import Channel, OrderState, Verdict
from tests.support.builders.orders import (
    ANBIETER,
    BEREITSTELLER,
    CHECKLISTS,
    KUNDE,
    T0,
    concluded,
    offered_through,
    order_in,
    reach_all,
    refused,
    settle_all,
    succeeded,
    terminated,
    verdict,
)

pytestmark = pytest.mark.slow

BOTH = offered_through(Channel.GOVDIGITAL, Channel.FITKO)
parties = st.sampled_from(list(OrderParty))
small = st.integers(min_value=0, max_value=2)
REPEATABLE = {
    Command.START_CLARIFICATION,
    Command.ADD_POINT,
    Command.SETTLE_POINT,
    Command.ASK,
    Command.ANSWER,
    Command.CONFIRM_CONDITIONS,
    Command.DECLINE,
    Command.MAKE_OFFER,
    Command.CHANGE_CHANNEL,
    Command.RESUME,
    Command.REOPEN_CLARIFICATION,
    Command.AMEND_OFFER,
    Command.WITHDRAW_OFFER,
    Command.PLACE,
    Command.RECHECK,
    Command.START_ONBOARDING,
    Command.PLAN_MILESTONE,
    Command.REACH_MILESTONE,
    Command.GO_LIVE,
    Command.TERMINATE,
    Command.CONTINUE,
    Command.END,
    Command.WITHDRAW,
    Command.EXPIRE,
    Command.RECORD_CHECK,
    Command.RECORD_CONTRACT,
    Command.REFUSE,
}


def _free_way(order: Order, at: datetime) -> list[Message]:
    return precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=order.check, signed_off_by="anna"), at)


ONWARD: dict[OrderState, Callable[[Order, datetime], list[Message]]] = {
    OrderState.INTERESSE_BEKUNDET: lambda order, at: precheck.record_verdict(order, verdict(check=order.check), at),
    OrderState.WEITERGELEITET: lambda order, at: clarification.start(order, BEREITSTELLER, at, CHECKLISTS),
    OrderState.IN_ABSTIMMUNG: lambda order, at: clarification.confirm_conditions(order, BEREITSTELLER, at, ["A"]),
    OrderState.ABGESTIMMT: lambda order, at: award.make_offer(order, ANBIETER, at, (at + timedelta(days=9)).date()),
    OrderState.ANGEBOT_ERSTELLT: lambda order, at: award.place(
        order, KUNDE, at, accepts_agb=True, offer_number=order.offer_number
    ),
    OrderState.BESTELLT: lambda order, at: award.record_contract(
        order, concluded(attempt=order.contract_refusals + 1, channel=order.channel), at
    ),
    OrderState.VERTRAG_GESCHLOSSEN: lambda order, at: delivery.start_onboarding(order, BEREITSTELLER, at, CHECKLISTS),
    OrderState.IN_ANBINDUNG: lambda order, at: delivery.go_live(order, BEREITSTELLER, at),
    OrderState.PRODUKTIV: lambda order, at: notice.follow_contract(
        order, terminated(order, (at + timedelta(days=2)).date(), None), at
    ),
    OrderState.GEKUENDIGT: lambda order, at: notice.end(order, ANBIETER, at),
}


class OrderMachine(RuleBasedStateMachine):
    """One Vorgang, its history of states, and the events that it has made."""

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.events: list[Message] = []
        self.begin(OrderState.INTERESSE_BEKUNDET)

    @initialize(state=st.sampled_from([state for state in OrderState if state not in FINAL]))
    def begin(self, state: OrderState) -> None:
        """Begin anywhere on the way, so that the late states are met as often as the early ones."""
        self.order: Order = order_in(state)
        self.requested_before = self.order.contract_requested_at is not None
        self.states = [self.order.state]
        self.reported = [self.order.state]

    def take(self, step: Callable[[Order], list[Message]]) -> None:
        """Take a step on a copy as the ledger does; then take it again, which must change nothing."""
        self.now += timedelta(hours=7)
        before = self.order.model_dump()
        draft = Order.model_validate(before)
        try:
            events = step(draft)
        except RejectedError:
            # ``enter`` and all field changes come after the checks: a refusal leaves no trace.
            assert draft.model_dump() == before
            return
        if not events:
            assert draft.model_dump() == before
            return
        asked = [event for event in events[1:] if isinstance(event, CheckRequested)]
        assert len(events) == 1 + len(asked)
        self._check_row(self.order.state, draft)
        self.order = draft
        self.events += events
        self.states.append(draft.state)
        head = events[0].order if isinstance(events[0], (OrderEvent, ContractRequested, NoticeRequested)) else None
        assert head is not None
        self.reported.append(head.state)
        self._repeat(step)

    def _check_row(self, source: OrderState, after: Order) -> None:
        last = after.steps()[-1]
        rows = [row for row in TRANSITIONS.rows if row.command is last.command]
        fitting = [
            row for row in rows if source in row.sources and last.party in row.actors and (row.target or source) is after.state
        ]
        assert fitting, f"{last.command} by {last.party} led from {source} to {after.state}"

    def _repeat(self, step: Callable[[Order], list[Message]]) -> None:
        before = self.order.model_dump()
        draft = Order.model_validate(before)
        try:
            assert step(draft) == []
        except RejectedError:
            assert self.order.steps()[-1].command not in REPEATABLE
        assert draft.model_dump() == before

    @precondition(lambda self: self.order.state in ONWARD)
    @rule()
    def the_right_party_goes_on(self) -> None:
        if self.order.state is OrderState.IN_ABSTIMMUNG:
            settle_all(self.order, self.now)
            for question in self.order.open_questions():
                clarification.answer(self.order, Actor(question.asked_of, "p"), self.now, question.id, "yes")
        if self.order.state is OrderState.IN_ANBINDUNG:
            reach_all(self.order, self.now)
        asked = self.order.state is not OrderState.BESTELLT or self.order.contract_requested_at is not None
        step = ONWARD[self.order.state] if asked else _free_way
        self.take(lambda order: step(order, self.now))

    @rule(value=st.sampled_from(list(Verdict)), stage=st.sampled_from(list(Stage)), behind=small, signed=st.booleans())
    def verdict_given(self, value: Verdict, stage: Stage, behind: int, signed: bool) -> None:  # noqa: FBT001
        given = verdict(value, stage, max(1, self.order.check - behind), signed_off_by="anna" if signed else None)
        self.take(lambda order: precheck.record_verdict(order, given, self.now))

    @rule(days=st.integers(0, 60))
    def hold_ends(self, days: int) -> None:
        now = self.now + timedelta(days=days)
        if self.order.is_due(Deadline.HOLD, now):
            self.take(lambda order: precheck.end_hold(order, now))

    @rule(days=st.integers(0, 20))
    def held_offer_lapses(self, days: int) -> None:
        now = self.now + timedelta(days=days)
        if self.order.is_reopened and self.order.is_due(Deadline.OFFER, now):
            self.take(lambda order: contract_refusals.end_lapsed_offer(order, now))
            assert (self.order.waiting_party, self.order.is_held) == (OrderParty.ANBIETER, True)

    @rule()
    def verdict_leaves_the_way_free(self) -> None:
        stage = Stage.INTERESSE if self.order.state is OrderState.INTERESSE_BEKUNDET else Stage.BESTELLUNG
        given = verdict(Verdict.EXEMPT, stage, self.order.check)
        self.take(lambda order: precheck.record_verdict(order, given, self.now))

    @rule(number=small)
    def contract_concluded(self, number: int) -> None:
        self.take(lambda order: award.record_contract(order, concluded(number=f"GD/2026/{number}"), self.now))

    @precondition(lambda self: self.order.contract_requested_at is not None)
    @rule()
    def contract_refused(self) -> None:
        attempt = self.order.contract_refusals + 1
        code = "agb_changed" if attempt % 2 else "no_agb_in_force"
        held, points = timedelta(days=30), self.order.points.value
        told = refused(attempt=attempt, code=code, channel=self.order.channel)
        self.take(lambda order: contract_refusals.reopen(order, told, self.now, held))
        self.take(lambda order: contract_refusals.reopen(order, told, self.now, held))
        assert self.order.points.value == points

    @rule(party=parties)
    def recheck(self, party: OrderParty) -> None:
        self.take(lambda order: precheck.recheck(order, Actor(party, "p"), self.now))

    @rule(party=parties, rarely=st.integers(0, 9))
    def withdraw(self, party: OrderParty, rarely: int) -> None:
        if rarely == 0:
            self.take(lambda order: exits.withdraw(order, Actor(party, "p"), self.now))

    @rule(party=parties, rarely=st.integers(0, 9))
    def expire(self, party: OrderParty, rarely: int) -> None:
        if rarely == 0:
            self.take(lambda order: exits.expire(order, Actor(party, "p"), self.now))

    @rule(party=parties, rarely=st.integers(0, 9))
    def decline(self, party: OrderParty, rarely: int) -> None:
        if rarely == 0:
            self.take(lambda order: exits.decline(order, Actor(party, "p"), self.now, "no"))

    @rule(party=parties)
    def start_clarification(self, party: OrderParty) -> None:
        self.take(lambda order: clarification.start(order, Actor(party, "p"), self.now, CHECKLISTS))

    @rule(party=parties, owner=parties, number=small)
    def add_point(self, party: OrderParty, owner: OrderParty, number: int) -> None:
        point_id = derived_id("added", str(number))
        self.take(lambda order: clarification.add_point(order, Actor(party, "p"), self.now, point_id, NewPoint("X", owner)))

    @rule(party=parties, data=st.data())
    def settle_point(self, party: OrderParty, data: st.DataObject) -> None:
        if self.order.points.value:
            point = data.draw(st.sampled_from(self.order.points.value))
            value = example_of(point.format)
            self.take(lambda order: clarification.settle_point(order, Actor(party, "p"), self.now, point.id, value))

    @rule(party=parties, number=small)
    def ask(self, party: OrderParty, number: int) -> None:
        self.take(lambda order: clarification.ask(order, Actor(party, "p"), self.now, derived_id("q", str(number)), "?"))

    @rule(party=parties, number=small, text=st.sampled_from(["a", "b"]))
    def answer(self, party: OrderParty, number: int, text: str) -> None:
        self.take(lambda order: clarification.answer(order, Actor(party, "p"), self.now, derived_id("q", str(number)), text))

    @rule(party=parties, conditions=st.lists(st.sampled_from(["A", "B"]), max_size=2))
    def confirm_conditions(self, party: OrderParty, conditions: list[str]) -> None:
        self.take(lambda order: clarification.confirm_conditions(order, Actor(party, "p"), self.now, conditions))

    @rule(party=parties, days=st.integers(-1, 30))
    def make_offer(self, party: OrderParty, days: int) -> None:
        valid_until = (self.now + timedelta(days=days)).date()
        self.take(lambda order: award.make_offer(order, Actor(party, "p"), self.now, valid_until))

    @rule(party=parties, days=st.integers(-1, 30))
    def amend_offer(self, party: OrderParty, days: int) -> None:
        valid_until = (self.now + timedelta(days=days)).date()
        self.take(lambda order: steps_back.amend_offer(order, Actor(party, "p"), self.now, valid_until))

    @rule(party=parties, rarely=st.integers(0, 3))
    def withdraw_offer(self, party: OrderParty, rarely: int) -> None:
        if rarely == 0:
            self.take(lambda order: steps_back.withdraw_offer(order, Actor(party, "p"), self.now, "prices"))

    @rule(party=parties, rarely=st.integers(0, 3))
    def reopen_clarification(self, party: OrderParty, rarely: int) -> None:
        if rarely == 0:
            self.take(lambda order: steps_back.reopen_clarification(order, Actor(party, "p"), self.now, "keys"))

    @rule(party=parties, channel=st.sampled_from(list(Channel)), rarely=st.integers(0, 3))
    def change_channel(self, party: OrderParty, channel: Channel, rarely: int) -> None:
        if rarely == 0:
            points = self.order.points.value
            self.take(lambda order: steps_back.change_channel(order, Actor(party, "p"), self.now, BOTH, channel))
            assert self.order.points.value == points

    @rule(party=parties, accepts=st.booleans(), reference=st.sampled_from([None, "HH-1"]), behind=st.sampled_from([None, 0, 1]))
    def place(self, party: OrderParty, accepts: bool, reference: str | None, behind: int | None) -> None:  # noqa: FBT001
        number = None if behind is None else self.order.offer_number - behind
        offered, before = self.order.state is OrderState.ANGEBOT_ERSTELLT, self.order.state
        self.take(
            lambda order: award.place(
                order, Actor(party, "p"), self.now, accepts_agb=accepts, order_reference=reference, offer_number=number
            )
        )
        if offered and self.order.state is not before:
            assert number == self.order.offer_number or (number is None and self.order.offer_number == 1)

    @rule(party=parties)
    def start_onboarding(self, party: OrderParty) -> None:
        self.take(lambda order: delivery.start_onboarding(order, Actor(party, "p"), self.now, CHECKLISTS))

    @rule(party=parties, data=st.data())
    def reach_milestone(self, party: OrderParty, data: st.DataObject) -> None:
        if self.order.milestones.value:
            code = data.draw(st.sampled_from(self.order.milestones.value)).code
            self.take(lambda order: delivery.reach_milestone(order, Actor(party, "p"), self.now, code))

    @rule(party=parties, data=st.data(), days=st.integers(-1, 30))
    def plan_milestone(self, party: OrderParty, data: st.DataObject, days: int) -> None:
        if self.order.milestones.value:
            code = data.draw(st.sampled_from(self.order.milestones.value)).code
            day = (self.now + timedelta(days=days)).date()
            self.take(lambda order: delivery.plan_milestone(order, Actor(party, "p"), self.now, code, day, "because"))

    @rule(party=parties)
    def go_live(self, party: OrderParty) -> None:
        self.take(lambda order: delivery.go_live(order, Actor(party, "p"), self.now))

    @rule(party=parties.filter(lambda party: party is not OrderParty.SYSTEM), days=st.integers(-1, 3))
    def terminate(self, party: OrderParty, days: int) -> None:
        ends_on: date = (self.now + timedelta(days=days)).date()
        self.take(lambda order: notice.terminate(order, Actor(party, "p"), self.now, ends_on))

    @rule(days=st.integers(-1, 3))
    def follow_contract(self, days: int) -> None:
        if self.order.state in RUNNING:
            ends_on: date = (self.now + timedelta(days=days)).date()
            self.take(lambda order: notice.follow_contract(order, terminated(order, ends_on, None), self.now))

    @precondition(lambda self: self.order.state in RUNNING | {OrderState.GEKUENDIGT})
    @rule(rarely=st.integers(0, 2))
    def contract_succeeded(self, rarely: int) -> None:
        if rarely == 0:
            before, milestones = self.order.state, self.order.milestones.value
            ran = next((it.state for it in reversed(self.order.steps()) if it.state in RUNNING), None)
            told = succeeded(self.order, (self.order.ends_on or self.now.date()) + timedelta(days=1))
            self.take(lambda order: continuing.follow_succession(order, told, self.now))
            assert (self.order.contract_id, self.order.ends_on) == (told.contract.id, None)
            assert self.order.state is (before if before in RUNNING else ran)
            assert self.order.milestones.value == milestones

    @rule(party=parties)
    def end(self, party: OrderParty) -> None:
        self.take(lambda order: notice.end(order, Actor(party, "p"), self.now))

    @invariant()
    def somebody_holds_the_ball_unless_settled(self) -> None:
        assert (self.order.waiting is None) == (self.order.state in SETTLED)

    @invariant()
    def the_stored_waiting_follows_from_the_state(self) -> None:
        assert self.order.waiting == waiting_of(self.order)

    @invariant()
    def events_tell_the_history_of_states(self) -> None:
        assert self.reported == self.states

    @invariant()
    def a_final_state_is_the_last_one(self) -> None:
        assert not any(state in FINAL for state in self.states[:-1])

    @invariant()
    def an_offer_is_there_from_its_making_to_its_end(self) -> None:
        if self.order.state is OrderState.ANGEBOT_ERSTELLT:
            assert self.order.valid_until is not None
        if self.order.state in (OrderState.IN_ABSTIMMUNG, OrderState.ABGESTIMMT):
            assert (self.order.valid_until, self.order.price_items.value) == (None, [])

    @invariant()
    def each_contract_is_asked_for_at_most_once(self) -> None:
        asked = [event.attempt or 1 for event in self.events if isinstance(event, ContractRequested)]
        first = 2 if self.requested_before else 1
        assert asked == list(range(first, first + len(asked)))
        assert max(asked, default=first - 1) <= self.order.contract_refusals + 1

    @invariant()
    def an_offer_or_what_comes_before_it_is_held_for_a_refusal_alone(self) -> None:
        if self.order.is_reopened:
            assert self.order.contract_refusal.value is not None
            offered = self.order.state is OrderState.ANGEBOT_ERSTELLT
            assert self.order.due_kind is (Deadline.OFFER if offered else None)
        if self.order.state in FINAL:
            assert self.order.hold_until is None

    @invariant()
    def only_an_order_that_waits_for_somebody_is_held(self) -> None:
        if self.order.is_held:
            assert self.order.hold_until is not None
            assert self.order.contract_requested_at is None

    @invariant()
    def no_contract_without_its_request(self) -> None:
        if self.order.contract_id is not None:
            assert self.requested_before or any(isinstance(event, ContractRequested) for event in self.events)
            assert self.order.contract_requested_at is not None

    @invariant()
    def every_allowed_move_is_in_the_table(self) -> None:
        for party in OrderParty:
            assert set(allowed_moves(self.order, party, self.now)) <= set(TRANSITIONS.allowed(self.order.state, party))


TestOrderMachine = OrderMachine.TestCase
TestOrderMachine.settings = settings(max_examples=250, stateful_step_count=60, deadline=None)
