"""Ordering for Klienten: named by the Bündler, confirmed by each, judged one by one, and nobody is ordered for unasked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from services.ordering.domain import award, clarification, exits, interest, klienten, precheck, steps_back
from services.ordering.domain.klient import KlientState
from services.ordering.domain.offering import ListedOffering
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM, Refusal
from services.ordering.domain.reminders import remind
from services.ordering.domain.requests import outstanding_request
from services.ordering.domain.steps import allowed_moves
from services.ordering.domain.transitions import Command
from services.ordering.participations.views import ParticipationView
from services.ordering.reference import load_schedule, load_vocabulary
from services.ordering.views import view_of
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.messages.base import Message
from shared.messages.eligibility_klienten import KlientJudged
from shared.messages.ordering import CheckRequested, OrderParty, OrderPlaced
from shared.messages.ordering_klienten import (
    KlientChecked,
    KlientCheckRequested,
    KlientConfirmed,
    KlientDeclined,
    KlientNamed,
    KlientOrdered,
    KlientReminded,
    KlientRemoved,
)
from shared.messages.values import Channel, OrderState, Party, Verdict
from tests.support.builders.orders import (
    ANBIETER,
    BEREITSTELLER,
    CHECKLISTS,
    CUSTOMER,
    KUNDE,
    ORDER_ID,
    T0,
    VALID_UNTIL,
    assessment,
    later,
    offered_through,
    offering,
    order_in,
    settle_all,
    verdict,
)

HUSUM = Party(id="010540056056", name="Husum, Stadt")
ITZEHOE = Party(id="010610046046", name="Itzehoe, Stadt")
IDLE = timedelta(days=180)
TODAY = T0.date()


def bundled() -> Order:
    """A Vorgang of a Bündler with an offer made and no Klient."""
    order, _ = interest.declare(
        ORDER_ID, ListedOffering.of(offering()), Channel.GOVDIGITAL, CUSTOMER, KUNDE, T0, request_id="request-1", bundled=True
    )
    precheck.record_verdict(order, verdict(), T0)
    clarification.start(order, BEREITSTELLER, T0, CHECKLISTS)
    settle_all(order, T0)
    clarification.confirm_conditions(order, BEREITSTELLER, T0, [])
    award.make_offer(order, ANBIETER, T0, VALID_UNTIL)
    return order


def judged(klient: Party = HUSUM, value: Verdict = Verdict.EXEMPT, check: int = 1, day: date = TODAY) -> KlientJudged:
    """Return what eligibility finds for a Klient."""
    found = assessment(value).model_copy(update={"as_of": day, "customer": klient.id})
    return KlientJudged(order_id=ORDER_ID, klient=klient, check=check, assessment=found, given_at=T0)


def confirmed(*parties: Party) -> Order:
    """A Vorgang whose Klienten have confirmed, with the way free for each."""
    order = bundled()
    for party in parties:
        klienten.name_klient(order, KUNDE, T0, party)
        klienten.confirm(order, SYSTEM, T0, party, "karin.klient")
        klienten.record_check(order, SYSTEM, T0, judged(party))
    return order


def refused(order: Order, at: datetime = T0) -> str | None:
    """Return the code with which an order is refused."""
    with pytest.raises(ConflictError) as refusal:
        award.place(order, KUNDE, at, accepts_agb=True)
    assert Command.PLACE not in allowed_moves(order, OrderParty.KUNDE, at)
    return refusal.value.code


def test_a_klient_is_named_asked_and_judged_along_the_chain_of_its_buendler() -> None:
    order = bundled()
    (named,) = klienten.name_klient(order, KUNDE, T0, HUSUM, payment=False)
    assert isinstance(named, KlientNamed)
    confirmation, request = klienten.confirm(order, SYSTEM, later(1), HUSUM, "karin.klient")
    assert isinstance(confirmation, KlientConfirmed)
    assert isinstance(request, KlientCheckRequested)
    assert (request.klient, request.check, request.payment, request.order.customer) == (HUSUM, 1, False, CUSTOMER)
    (checked,) = klienten.record_check(order, SYSTEM, later(2), judged())
    assert isinstance(checked, KlientChecked)
    assert checked.verdict is Verdict.EXEMPT


def test_it_is_ordered_for_those_alone_that_have_confirmed_and_each_is_told() -> None:
    order = confirmed(HUSUM)
    klienten.name_klient(order, KUNDE, T0, ITZEHOE)
    klienten.decline(order, SYSTEM, T0, ITZEHOE, "ina.itzehoe", "Eigenes Verfahren")
    placed, told = award.place(order, KUNDE, T0, accepts_agb=True)
    assert isinstance(placed, OrderPlaced)
    assert placed.klienten == (HUSUM,)
    assert isinstance(told, KlientOrdered)
    assert (told.klient, told.order.state) == (HUSUM, OrderState.BESTELLT)


def test_nothing_is_ordered_while_a_klient_has_not_answered() -> None:
    order = confirmed(HUSUM)
    klienten.name_klient(order, KUNDE, T0, ITZEHOE)
    assert refused(order) == "klienten_open"
    (removed,) = klienten.remove_klient(order, KUNDE, T0, ITZEHOE.id, "Bestellt selbst")
    assert isinstance(removed, KlientRemoved)
    assert award.place(order, KUNDE, T0, accepts_agb=True)


def test_a_buendler_orders_for_nobody_else_than_its_klienten() -> None:
    order = bundled()
    assert refused(order) == "klient_missing"
    klienten.name_klient(order, KUNDE, T0, HUSUM)
    klienten.decline(order, SYSTEM, T0, HUSUM, "karin.klient", "Kein Bedarf")
    assert refused(order) == "klient_missing"


@pytest.mark.parametrize("value", [Verdict.NO_EVIDENCE, Verdict.NOT_EXEMPT, Verdict.OUT_OF_SCOPE, Verdict.RISK])
def test_a_klient_whose_way_is_not_free_holds_the_order_up(value: Verdict) -> None:
    order = confirmed()
    klienten.name_klient(order, KUNDE, T0, HUSUM)
    klienten.confirm(order, SYSTEM, T0, HUSUM, "karin.klient")
    assert refused(order) == "klient_check_open"
    klienten.record_check(order, SYSTEM, T0, judged(value=value))
    assert refused(order) == "klient_check_open"


def test_a_risk_is_free_once_a_person_of_the_anbieter_answers_for_it() -> None:
    order = bundled()
    klienten.name_klient(order, KUNDE, T0, HUSUM)
    klienten.confirm(order, SYSTEM, T0, HUSUM, "karin.klient")
    with pytest.raises(ConflictError) as nothing:
        klienten.sign_off(order, ANBIETER, T0, HUSUM.id, "Gutachten")
    assert nothing.value.code == "nothing_to_sign"
    klienten.record_check(order, SYSTEM, T0, judged(value=Verdict.RISK))
    (signed,) = klienten.sign_off(order, ANBIETER, T0, HUSUM.id, "Gutachten")
    assert isinstance(signed, KlientChecked)
    assert signed.signed_off
    assert klienten.sign_off(order, ANBIETER, T0, HUSUM.id, "Gutachten") == []
    assert award.place(order, KUNDE, T0, accepts_agb=True)


def test_a_check_holds_for_its_day_and_is_asked_for_anew() -> None:
    order = confirmed(HUSUM, ITZEHOE)
    tomorrow = later(24)
    assert refused(order, tomorrow) == "klient_check_old"
    first, second = klienten.check_klienten(order, KUNDE, tomorrow)
    assert isinstance(first, KlientCheckRequested)
    assert isinstance(second, KlientCheckRequested)
    assert [first.klient, second.klient, first.check] == [HUSUM, ITZEHOE, 2]
    assert klienten.check_klienten(order, KUNDE, tomorrow) == []
    assert klienten.record_check(order, SYSTEM, tomorrow, judged()) == []
    for party in (HUSUM, ITZEHOE):
        klienten.record_check(order, SYSTEM, tomorrow, judged(party, check=2, day=tomorrow.date()))
    assert award.place(order, KUNDE, tomorrow, accepts_agb=True)


def test_a_klient_that_mends_what_was_missing_asks_for_a_new_check_of_its_own() -> None:
    order = confirmed(HUSUM, ITZEHOE)
    (request,) = klienten.check_own(order, SYSTEM, T0, HUSUM)
    assert isinstance(request, KlientCheckRequested)
    assert (request.klient, request.check) == (HUSUM, 2)
    assert outstanding_request(order) == [request]


def test_a_klient_may_decline_until_it_is_ordered_and_be_asked_once_more() -> None:
    order = confirmed(HUSUM)
    (declined,) = klienten.decline(order, SYSTEM, T0, HUSUM, "karin.klient", "Doch nicht")
    assert isinstance(declined, KlientDeclined)
    assert klienten.decline(order, SYSTEM, T0, HUSUM, "karin.klient", "Doch nicht") == []
    assert klienten.name_klient(order, KUNDE, T0, HUSUM)
    assert [it.state for it in order.klienten.value] == [KlientState.ANGEFRAGT]
    (_, request) = klienten.confirm(order, SYSTEM, T0, HUSUM, "karin.klient")
    assert isinstance(request, KlientCheckRequested)
    assert request.check == 2


def test_a_klient_is_named_once_and_with_the_terms_that_it_confirms() -> None:
    order = bundled()
    assert klienten.name_klient(order, KUNDE, T0, HUSUM)
    assert klienten.name_klient(order, KUNDE, T0, HUSUM) == []
    with pytest.raises(ConflictError) as refusal:
        klienten.name_klient(order, KUNDE, T0, HUSUM, payment=False)
    assert refusal.value.code == "klient_named"


def test_no_party_of_the_vorgang_is_its_klient_and_their_number_is_bounded() -> None:
    order = bundled()
    with pytest.raises(InvalidError) as refusal:
        klienten.name_klient(order, KUNDE, T0, CUSTOMER)
    assert refusal.value.code == "klient_is_party"
    for number in range(klienten.MOST_KLIENTEN):
        klienten.name_klient(order, KUNDE, T0, Party(id=f"klient-{number}", name="K"))
    with pytest.raises(InvalidError) as bound:
        klienten.name_klient(order, KUNDE, T0, HUSUM)
    assert bound.value.code == "too_many_klienten"


def test_whoever_orders_for_itself_has_no_klienten() -> None:
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    with pytest.raises(ConflictError) as refusal:
        klienten.name_klient(order, KUNDE, T0, HUSUM)
    assert refusal.value.code == "not_bundled"
    assert not {move for move in allowed_moves(order, OrderParty.KUNDE, T0) if "klient" in move}
    (placed,) = award.place(order, KUNDE, T0, accepts_agb=True)
    assert isinstance(placed, OrderPlaced)
    assert "klienten" not in placed.model_dump()


def test_who_is_not_named_has_no_answer() -> None:
    order = confirmed(HUSUM)
    with pytest.raises(NotFoundError):
        klienten.check_own(order, SYSTEM, T0, ITZEHOE)
    with pytest.raises(NotFoundError) as refusal:
        klienten.confirm(order, SYSTEM, T0, ITZEHOE, "ina.itzehoe")
    assert refusal.value.code == "klient_not_found"


def test_through_another_anbieter_each_chain_is_judged_anew() -> None:
    order = confirmed(HUSUM)
    both = offered_through(Channel.GOVDIGITAL, Channel.FITKO)
    _, own, request = steps_back.change_channel(order, KUNDE, T0, both, Channel.FITKO)
    assert isinstance(own, CheckRequested)
    assert isinstance(request, KlientCheckRequested)
    assert (request.klient, request.check, request.order.channel) == (HUSUM, 2, Channel.FITKO)


def test_each_side_sees_of_the_klienten_what_is_its_own() -> None:
    order = bundled()
    klienten.name_klient(order, KUNDE, T0, HUSUM)
    klienten.confirm(order, SYSTEM, T0, HUSUM, "karin.klient")
    klienten.record_check(order, SYSTEM, T0, judged(value=Verdict.NO_EVIDENCE))
    views = {party: view_of(order, party, T0, IDLE).klienten[0] for party in OrderParty if party is not OrderParty.SYSTEM}
    assert (views[OrderParty.ANBIETER].verdict, views[OrderParty.ANBIETER].grounds) == (
        Verdict.NO_EVIDENCE,
        "Because of the facts.",
    )
    assert (views[OrderParty.KUNDE].verdict, views[OrderParty.KUNDE].grounds) == (Verdict.NO_EVIDENCE, None)
    assert (views[OrderParty.BEREITSTELLER].state, views[OrderParty.BEREITSTELLER].verdict) == (KlientState.BESTAETIGT, None)
    assert "karin.klient" not in "".join(view_of(order, party, T0, IDLE).model_dump_json() for party in views)


def test_a_klient_reads_its_own_part_and_no_other_klient() -> None:
    order = confirmed(HUSUM, ITZEHOE)
    klient = order.klient(HUSUM.id)
    assert klient is not None
    part = ParticipationView.of(order, klient)
    assert (part.bundler, part.klient, part.check.free, part.allowed) == (CUSTOMER, HUSUM, True, ("decline", "recheck"))
    assert ITZEHOE.id not in part.model_dump_json()
    award.place(order, KUNDE, T0, accepts_agb=True)
    assert ParticipationView.of(order, klient).allowed == ()


@pytest.mark.parametrize(
    "leave",
    [
        lambda order: exits.withdraw(order, KUNDE, T0, "Kein Geld"),
        lambda order: exits.decline(order, BEREITSTELLER, T0, "Kein Platz"),
        lambda order: exits.expire(order, ANBIETER, T0),
        lambda order: exits.refuse(order, SYSTEM, T0, Refusal(code="offering_withdrawn", reason="Eingestellt")),
    ],
    ids=["withdrawn", "declined", "lapsed", "refused"],
)
def test_klienten_learn_that_a_vorgang_has_ended_whoever_has_ended_it(leave: Callable[[Order], list[Message]]) -> None:
    order, third = confirmed(HUSUM), Party(id="010590045045", name="Kappeln, Stadt")
    klienten.name_klient(order, KUNDE, T0, ITZEHOE)
    klienten.name_klient(order, KUNDE, T0, third)
    klienten.decline(order, SYSTEM, T0, third, "kim.kappeln", "Eigenes Verfahren")
    _, *told = leave(order)
    assert [(type(it), it.klient, it.code, it.order.state) for it in told if isinstance(it, KlientRemoved)] == [
        (KlientRemoved, party, "order_ended", order.state) for party in (HUSUM, ITZEHOE)
    ]
    assert len(told) == 2
    assert {"Geld", "Platz", "Eingestellt"}.isdisjoint(" ".join(it.model_dump_json() for it in told).split('"'))
    asked = order.klient(ITZEHOE.id)
    assert asked is not None
    part = ParticipationView.of(order, asked)
    assert (part.state, part.waiting, part.allowed) == (order.state, False, ())


def test_no_check_of_a_klient_is_under_way_once_the_vorgang_has_ended() -> None:
    order = bundled()
    klienten.name_klient(order, KUNDE, T0, HUSUM)
    klienten.confirm(order, SYSTEM, T0, HUSUM, "karin.klient")
    klient = order.klient(HUSUM.id)
    assert klient is not None
    assert ParticipationView.of(order, klient).check.pending
    exits.withdraw(order, KUNDE, T0)
    assert not ParticipationView.of(order, klient).check.pending
    assert not view_of(order, OrderParty.KUNDE, T0, IDLE).klienten[0].pending


def test_a_klient_that_does_not_answer_is_reminded_and_then_its_buendler_is_told() -> None:
    order = bundled()
    klienten.name_klient(order, KUNDE, T0, HUSUM)
    words, schedule = load_vocabulary().tasks, load_schedule()

    def told(at: datetime) -> list[KlientReminded]:
        return [it for it in remind(order, schedule, at, IDLE, words) if isinstance(it, KlientReminded)]

    assert told(datetime(2026, 11, 30, 9, tzinfo=UTC)) == []
    (first,) = told(datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert (first.klient, first.since, first.escalated) == (HUSUM, T0, False)
    assert told(datetime(2026, 12, 1, 10, tzinfo=UTC)) == []
    (second,) = told(datetime(2026, 12, 8, 9, tzinfo=UTC))
    assert second.escalated
    klienten.confirm(order, SYSTEM, later(400), HUSUM, "karin.klient")
    assert told(datetime(2027, 1, 29, 9, tzinfo=UTC)) == []
    assert order.asked_since is None
