"""Vorgang and contract in any order of notices, answers and repeats: once all is delivered, both end on the same day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.contracts import channels
from services.contracts.domain.agreed import Ending
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import Actor as Side
from services.contracts.domain.transitions import ContractState
from services.contracts.noticing import requested_notice
from services.contracts.numbering import Number
from services.ordering.domain import notice
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM
from services.ordering.domain.requests import outstanding_request
from shared.aggregate.change import Cause
from shared.calendar import day_of
from shared.errors import RejectedError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.contracts_chain import ContractEnded, ContractTerminated, NoticeRefused
from shared.messages.ordering_notices import NoticeRequested
from shared.messages.values import Channel, OrderState
from tests.support.builders.orders import ANBIETER, KUNDE, T0, order_in
from tests.support.contract_requests import request
from tests.unit.contracts.test_contracts_contract import draft

TERMS = channels.load_terms(None, {})[Channel.GOVDIGITAL]
DAYS = st.dates(date(2026, 11, 20), date(2028, 12, 31))
CAUSE = Cause(derived_id("test", "notice"), NoticeRequested.TYPE, "test", 1)
MOVES = st.one_of(
    st.tuples(st.sampled_from(["ask", "give", "lose"]), st.sampled_from(["KUNDE", "ANBIETER"]), DAYS),
    st.tuples(st.sampled_from(["request", "answer", "restate", "repeat", "wait", "end", "due"]), st.just("KUNDE"), DAYS),
)


CONCLUDED = draft(request(channel=Channel.GOVDIGITAL), Channel.GOVDIGITAL, T0)
CONCLUDED.conclude(Number(2026, 1), "GD/2026/00001", Side.PROZESSOR)
ABOVE = CONCLUDED.model_copy(
    update={"id": derived_id("test", "above"), "ending": Ending(received_on=T0.date(), last_day=date(2027, 12, 31))}
)
PRODUCTIVE = order_in(OrderState.PRODUKTIV).model_dump()
LOST_AFTER_THE_END = (
    ("give", date(2027, 1, 1)),
    ("answer", T0.date()),
    ("wait", T0.date()),
    ("end", T0.date()),
    ("due", T0.date()),
    ("lose", date(2026, 11, 20)),
)
"""Both have ended, the Vorgang by its own calendar, when the contract loses days that have passed."""


class Both:
    """A Vorgang and its contract, with what each has yet to hear of the other in order."""

    def __init__(self) -> None:
        self.now = T0
        self.order = Order.model_validate(PRODUCTIVE)
        self.contract = CONCLUDED.model_copy()
        self.contract.order_id, self.order.contract_id = self.order.id, self.contract.id
        self.requests: list[NoticeRequested] = []
        self.heard: list[NoticeRequested] = []
        self.answers: list[Message] = []

    def move(self, kind: str, side: str, day: date) -> None:
        """Make one move; one that a rule refuses changes nothing."""
        match kind:
            case "ask":
                self._ask(side, day)
            case "give":
                self._of_contract(lambda it: it.give_notice(day_of(self.now), day, self.now, Side(side)))
            case "lose":
                self._of_contract(lambda it: it.lose(day, ABOVE, self.now))
            case "end" | "due":
                self._end_by_calendar(kind)
            case "restate":
                self.requests += [it for it in outstanding_request(self.order) if isinstance(it, NoticeRequested)]
            case "repeat":
                self.requests += self.heard[-1:]
            case "request" if self.requests:
                self._decide(self.requests.pop(0))
            case "answer" if self.answers:
                self._follow(self.answers.pop(0))
            case "wait":
                self.now += timedelta(days=100)

    def deliver(self) -> None:
        """Deliver all that is under way."""
        while self.requests or self.answers:
            self.move("request", "", date.max)
            self.move("answer", "", date.max)

    def _ask(self, side: str, day: date) -> None:
        actor = KUNDE if side == "KUNDE" else ANBIETER
        self._of_order(lambda it: notice.terminate(it, actor, self.now, day))

    def _end_by_calendar(self, kind: str) -> None:
        if kind == "end":
            self._of_contract(lambda it: it.end(day_of(self.now), self.now))
        else:
            self._of_order(lambda it: notice.end(it, SYSTEM, self.now))

    def _of_order(self, step: Callable[[Order], list[Message]]) -> None:
        order = Order.model_validate(self.order.model_dump())
        try:
            events = step(order)
        except RejectedError:
            return
        self.order = order
        self.requests += [event for event in events if isinstance(event, NoticeRequested)]

    def _of_contract(self, step: Callable[[Contract], list[Message]]) -> None:
        contract = self.contract.model_copy()
        try:
            events = step(contract)
        except RejectedError:
            return
        self.contract = contract
        self.answers += events

    def _decide(self, asked: NoticeRequested) -> None:
        self.heard.append(asked)
        change = requested_notice(asked, TERMS, self.now, replace(CAUSE, seq=len(self.heard)))
        self.contract, events = change.decide(self.contract.model_copy())
        self.answers += events

    def _follow(self, told: Message) -> None:
        match told:
            case ContractTerminated():
                notice.follow_contract(self.order, told, self.now)
            case ContractEnded():
                notice.follow_end(self.order, told.contract, self.now)
            case NoticeRefused():
                notice.record_refusal(self.order, told)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(MOVES, max_size=14))
@example([(kind, "ANBIETER", day) for kind, day in LOST_AFTER_THE_END])
@example([(kind, "ANBIETER", day) for kind, day in LOST_AFTER_THE_END if kind != "end"])
def test_both_end_on_the_same_day_whatever_overtakes_what(moves: list[tuple[str, str, date]]) -> None:
    both = Both()
    for move in moves:
        both.move(*move)
    both.deliver()
    order, contract = both.order, both.contract
    assert order.ends_on == contract.ends_on
    running, ending = OrderState.PRODUKTIV, {OrderState.GEKUENDIGT, OrderState.BEENDET}
    assert order.state is running if contract.ends_on is None else order.state in ending
    assert contract.state is not ContractState.BEENDET or order.state is OrderState.BEENDET
    asked = order.notice.value
    assert asked is None or not asked.pending(order.state)
    assert contract.ending is None or contract.ends_on is not None
    assert sum(step.command == "terminate" and step.state in ending for step in order.steps()) >= (contract.ends_on is not None)


def test_time_goes_on_for_both() -> None:
    both = Both()
    began: datetime = both.now
    for move in (("ask", "KUNDE", date(2026, 12, 31)), ("request", "", T0.date()), ("answer", "", T0.date())):
        both.move(*move)
    last_day = both.order.ends_on
    assert last_day is not None
    while day_of(both.now) <= last_day:
        both.move("wait", "", T0.date())
    both.move("end", "", T0.date())
    both.deliver()
    assert (both.order.state, both.contract.state) == (OrderState.BEENDET, ContractState.BEENDET)
    assert both.now > began
