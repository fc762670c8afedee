"""The table of the Vorgang, row by row and actor by actor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from services.ordering.domain import award, clarification, delivery, exits, klienten, notice, precheck, steps_back, uses
from services.ordering.domain.clarification import NewPoint
from services.ordering.domain.klient import Klient, KlientCheck, KlientLater, KlientState
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM, Actor
from services.ordering.domain.steps import allowed_moves, check_step
from services.ordering.domain.transitions import FINAL, TRANSITIONS, Command, Row
from shared.errors import ForbiddenError, IllegalMoveError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.eligibility import ChangeReason
from shared.messages.eligibility_klienten import KlientJudged
from shared.messages.ordering import OrderParty
from shared.messages.values import Channel, OrderState, Party, Verdict
from tests.support.builders.orders import (
    BEREITSTELLER,
    CHECKLISTS,
    KUNDE,
    T0,
    VALID_UNTIL,
    assessment,
    offered_through,
    order_in,
    reach_all,
    settle_all,
    verdict,
)

HUSUM = Party(id="010540056056", name="Husum, Stadt")
ITZEHOE = Party(id="010610046046", name="Itzehoe, Stadt")
KLIENTEN = (Command.NAME_KLIENT, Command.REMOVE_KLIENT, Command.CHECK_KLIENTEN, Command.SIGN_OFF_KLIENT)
BOTH = offered_through(Channel.GOVDIGITAL, Channel.FITKO)
ACTORS = {party: Actor(party, "person") for party in OrderParty}
PERSONAL = [row for row in TRANSITIONS.rows if row.actors != {OrderParty.SYSTEM} and row.command is not Command.DECLARE_INTEREST]


def _settle_own(order: Order, actor: Actor) -> list[Message]:
    point = next(point for point in order.points.value if point.owner is actor.party and point.code == "further")
    return clarification.settle_point(order, actor, T0, point.id, "203.0.113.9")


def _answer_own(order: Order, actor: Actor) -> list[Message]:
    return clarification.answer(order, actor, T0, derived_id("question", actor.party), "443/tcp")


def _reach_own(order: Order, actor: Actor) -> list[Message]:
    milestone = next(item for item in order.milestones.value if item.owner is actor.party and item.reached_at is None)
    return delivery.reach_milestone(order, actor, T0, milestone.code)


def _plan_own(order: Order, actor: Actor) -> list[Message]:
    milestone = next(item for item in order.milestones.value if item.owner is actor.party)
    return delivery.plan_milestone(order, actor, T0, milestone.code, date(2027, 2, 26))


STEPS: dict[Command, Callable[[Order, Actor], list[Message]]] = {
    Command.RECHECK: lambda order, actor: precheck.recheck(order, actor, T0),
    Command.WITHDRAW: lambda order, actor: exits.withdraw(order, actor, T0),
    Command.EXPIRE: lambda order, actor: exits.expire(order, actor, T0),
    Command.CHANGE_CHANNEL: lambda order, actor: steps_back.change_channel(order, actor, T0, BOTH, Channel.FITKO),
    Command.START_CLARIFICATION: lambda order, actor: clarification.start(order, actor, T0, CHECKLISTS),
    Command.ADD_POINT: lambda order, actor: clarification.add_point(
        order, actor, T0, derived_id("new"), NewPoint("Neu", OrderParty.KUNDE)
    ),
    Command.SETTLE_POINT: _settle_own,
    Command.ASK: lambda order, actor: clarification.ask(order, actor, T0, derived_id("other question"), "Welche Ports?"),
    Command.ANSWER: _answer_own,
    Command.CONFIRM_CONDITIONS: lambda order, actor: clarification.confirm_conditions(order, actor, T0, ["A"]),
    Command.DECLINE: lambda order, actor: exits.decline(order, actor, T0, "Kein Landesrecht"),
    Command.MAKE_OFFER: lambda order, actor: award.make_offer(order, actor, T0, VALID_UNTIL),
    Command.AMEND_OFFER: lambda order, actor: steps_back.amend_offer(order, actor, T0, date(2027, 1, 31)),
    Command.WITHDRAW_OFFER: lambda order, actor: steps_back.withdraw_offer(order, actor, T0, "Falsche Preise"),
    Command.REOPEN_CLARIFICATION: lambda order, actor: steps_back.reopen_clarification(order, actor, T0, "Fachverfahren"),
    Command.NAME_KLIENT: lambda order, actor: klienten.name_klient(order, actor, T0, ITZEHOE),
    Command.REMOVE_KLIENT: lambda order, actor: klienten.remove_klient(order, actor, T0, HUSUM.id),
    Command.CHECK_KLIENTEN: lambda order, actor: klienten.check_klienten(order, actor, T0),
    Command.SIGN_OFF_KLIENT: lambda order, actor: klienten.sign_off(order, actor, T0, HUSUM.id, "Gutachten"),
    Command.PLACE: lambda order, actor: award.place(order, actor, T0, accepts_agb=True),
    Command.START_ONBOARDING: lambda order, actor: delivery.start_onboarding(order, actor, T0, CHECKLISTS),
    Command.PLAN_MILESTONE: _plan_own,
    Command.REACH_MILESTONE: _reach_own,
    Command.GO_LIVE: lambda order, actor: delivery.go_live(order, actor, T0),
    Command.REPORT_USES: lambda order, actor: uses.report(order, actor, T0, "2026-10", 12),
    Command.TERMINATE: lambda order, actor: notice.terminate(order, actor, T0, date(2026, 12, 31)),
    Command.END: lambda order, actor: notice.end(order, actor, T0),
}


def _ready_to_settle(order: Order) -> None:
    for owner in (KUNDE, BEREITSTELLER):
        clarification.add_point(order, owner, T0, derived_id("point", owner.party), NewPoint("IP", owner.party))
        order.points.value[-1].code = "further"


def _ready_to_answer(order: Order) -> None:
    for asker, asked in ((KUNDE, BEREITSTELLER), (BEREITSTELLER, KUNDE)):
        clarification.ask(order, asker, T0, derived_id("question", asked.party), "Ports?")


def _with_a_klient(order: Order) -> None:
    order.bundled = True
    klienten.name_klient(order, KUNDE, T0, HUSUM)
    klienten.confirm(order, SYSTEM, T0, HUSUM, "person")
    found = assessment(Verdict.RISK)
    klienten.record_check(
        order, SYSTEM, T0, KlientJudged(order_id=order.id, klient=HUSUM, check=1, assessment=found, given_at=T0)
    )


def _with_a_klient_found_later(order: Order) -> None:
    order.bundled = True
    found = {"verdict": Verdict.RISK, "as_of": T0.date(), "code": "INFLUENCE_NOT_EVIDENCED", "reason": "Ungeklärt."}
    later = KlientLater(**found, at=T0, before=Verdict.EXEMPT, because=ChangeReason.FACTS)
    state, checked = KlientState.BESTAETIGT, KlientCheck(**found)
    klient = Klient(id=HUSUM.id, name=HUSUM.name, state=state, named_at=T0, check=1, checked=checked, later=later)
    order.klienten.value = [klient]


def _ready_for_a_recheck(order: Order) -> None:
    precheck.record_verdict(order, verdict(Verdict.NO_EVIDENCE), T0)


PREPARATIONS: dict[Command, Callable[[Order], None]] = {
    **dict.fromkeys(KLIENTEN, _with_a_klient),
    Command.RECHECK: _ready_for_a_recheck,
    Command.SETTLE_POINT: _ready_to_settle,
    Command.ANSWER: _ready_to_answer,
    Command.CONFIRM_CONDITIONS: lambda order: settle_all(order, T0),
    Command.GO_LIVE: lambda order: reach_all(order, T0),
}


def _ready(command: Command, state: OrderState) -> Order:
    """Return a Vorgang in ``state`` in which nothing but actor and table can stand in the way of ``command``."""
    order = order_in(state)
    if state is OrderState.BESTELLT:
        order.contract_requested_at = None
    elif command in PREPARATIONS and not (command is Command.SIGN_OFF_KLIENT and order.placed_at):
        PREPARATIONS[command](order)
    if command in KLIENTEN and order.placed_at:
        _with_a_klient_found_later(order)
    return order


def test_every_command_of_a_person_has_its_step() -> None:
    assert set(STEPS) == {row.command for row in PERSONAL}


@pytest.mark.parametrize("actor", ACTORS.values(), ids=str)
@pytest.mark.parametrize(
    ("command", "state"),
    sorted({(row.command, state) for row in PERSONAL for state in row.sources}),
)
def test_a_row_lets_in_its_actors_and_nobody_else(command: Command, state: OrderState, actor: Actor) -> None:
    rows = [row for row in PERSONAL if row.command is command and state in row.sources]
    order = _ready(command, state)
    before = order.model_dump()
    allowed = [row for row in rows if actor.party in row.actors]
    if allowed:
        assert command in allowed_moves(order, actor.party, T0)
        events = STEPS[command](order, actor)
        assert order.state is (allowed[0].target or state)
        assert len(events) == (2 if command is Command.CHANGE_CHANNEL else 1)
        if command is Command.REPORT_USES:
            assert order.uses.value[-1].reported_by == "person"
            return
        assert order.steps()[-1].command is command
        assert order.steps()[-1].party is actor.party
        assert order.steps()[-1].person == "person"
    elif command in TRANSITIONS.allowed(state, actor.party):
        assert actor.party is OrderParty.SYSTEM  # it has a row of its own, for what an event asks for
    else:
        has_other_rows = any(actor.party in row.actors for row in PERSONAL if row.command is command)
        with pytest.raises(IllegalMoveError if has_other_rows else ForbiddenError):
            check_step(order, command, actor, T0)
        assert command not in allowed_moves(order, actor.party, T0)
        assert order.model_dump() == before


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("command", sorted(STEPS))
def test_a_step_outside_the_table_is_refused_with_state_and_moves(command: Command, state: OrderState) -> None:
    rows = [row for row in PERSONAL if row.command is command]
    if any(state in row.sources or state is row.target for row in rows):
        return
    order = order_in(state)
    before = order.model_dump()
    for party in {party for row in rows for party in row.actors}:
        with pytest.raises(IllegalMoveError) as refusal:
            check_step(order, command, ACTORS[party], T0)
        assert refusal.value.context["current_state"] == state
        assert refusal.value.context["allowed_moves"] == [str(move) for move in allowed_moves(order, party, T0)]
    assert order.model_dump() == before


@pytest.mark.parametrize("row", [row for row in PERSONAL if row.target], ids=lambda row: f"{row.command}-{row.target}")
def test_the_same_step_again_changes_nothing(row: Row) -> None:
    actor = ACTORS[min(row.actors)]
    order = _ready(row.command, min(row.sources))
    assert STEPS[row.command](order, actor)
    once = order.model_dump()
    assert STEPS[row.command](order, actor) == []
    assert order.model_dump() == once


@pytest.mark.parametrize("state", sorted(FINAL))
def test_nothing_leads_out_of_a_final_state(state: OrderState) -> None:
    assert [row for row in TRANSITIONS.rows if state in row.sources and row.target is not None] == []


def test_in_a_final_state_only_the_uses_of_the_time_before_are_reported() -> None:
    assert {command for state in FINAL for command in TRANSITIONS.allowed(state)} == {Command.REPORT_USES}


def test_every_state_is_reached_by_a_row() -> None:
    assert {row.target for row in TRANSITIONS.rows if row.target} == set(OrderState)
