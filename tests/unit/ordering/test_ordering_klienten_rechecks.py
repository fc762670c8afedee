"""Verdicts on Klienten that are found without a check: each side reads its part, and nothing ends by itself."""

from __future__ import annotations

import pytest

from services.ordering.domain import award, klienten, klienten_rechecks
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM
from services.ordering.domain.steps import allowed_moves
from services.ordering.domain.transitions import Command
from services.ordering.participations.views import ParticipationView
from services.ordering.views import KlientView, view_of
from shared.errors import ConflictError
from shared.messages.eligibility import ChangeReason, Finding
from shared.messages.eligibility_klienten import KlientVerdictChanged
from shared.messages.ordering import OrderParty
from shared.messages.ordering_klienten import KlientChecked, OrderKlientVerdictChanged
from shared.messages.values import OrderState, Verdict
from tests.support.builders.orders import ANBIETER, KUNDE, ORDER_ID, T0, assessment, later, verdict
from tests.unit.ordering.test_ordering_klienten import HUSUM, IDLE, confirmed, judged, refused


def changed(value: Verdict = Verdict.NOT_EXEMPT, check: int = 1, rule: str = "R2") -> KlientVerdictChanged:
    """Return what eligibility finds later about a Klient."""
    found = assessment(value)
    findings: tuple[Finding, ...] = tuple(it.model_copy(update={"rule": rule}) for it in found.findings)
    return KlientVerdictChanged(
        order_id=ORDER_ID,
        klient=HUSUM,
        check=check,
        before=Verdict.EXEMPT,
        because=ChangeReason.FACTS,
        assessment=found.model_copy(update={"findings": findings, "customer": HUSUM.id}),
        found_at=later(5),
    )


def ordered() -> Order:
    """A Vorgang that is ordered for its Klient, with the contract asked for."""
    order = confirmed(HUSUM)
    award.place(order, KUNDE, T0, accepts_agb=True)
    order.store_verdict(verdict(), T0)
    order.contract_requested_at = T0
    return order


def shown(order: Order, party: OrderParty) -> KlientView:
    """Return the Klient as a side reads it."""
    (klient,) = view_of(order, party, later(6), IDLE).klienten
    return klient


@pytest.mark.parametrize("value", [Verdict.NO_EVIDENCE, Verdict.NOT_EXEMPT, Verdict.OUT_OF_SCOPE])
def test_before_the_order_the_klient_mends_it_and_nothing_is_ordered_until_then(value: Verdict) -> None:
    order = confirmed(HUSUM)
    before = (order.state, order.waiting, order.due_kind, order.due_at)
    (event,) = klienten_rechecks.record_change(order, changed(value), later(5))
    assert isinstance(event, OrderKlientVerdictChanged)
    assert (event.klient, event.before, event.verdict, event.anbieter_decides) == (HUSUM, Verdict.EXEMPT, value, False)
    assert (order.state, order.waiting, order.due_kind, order.due_at) == before
    assert refused(order) == "klient_check_open"
    klienten.check_own(order, SYSTEM, later(6), HUSUM)
    klienten.record_check(order, SYSTEM, later(7), judged(check=2))
    assert award.place(order, KUNDE, later(8), accepts_agb=True)


def test_on_a_contract_the_anbieter_decides_and_it_goes_on() -> None:
    order = ordered()
    (event,) = klienten_rechecks.record_change(order, changed(), later(5))
    assert isinstance(event, OrderKlientVerdictChanged)
    assert event.anbieter_decides
    assert (order.state, Command.SIGN_OFF_KLIENT in allowed_moves(order, OrderParty.ANBIETER, later(6))) == (
        OrderState.BESTELLT,
        True,
    )
    (told,) = klienten.sign_off(order, ANBIETER, later(6), HUSUM.id, "Die Satzung wird bis März geändert.")
    assert isinstance(told, KlientChecked)
    assert told.signed_off
    assert klienten.sign_off(order, ANBIETER, later(7), HUSUM.id, "Noch einmal") == []
    klient = order.klient(HUSUM.id)
    assert klient is not None
    assert not klient.is_open


def test_nobody_decides_beside_the_conditions_of_the_portal() -> None:
    order = ordered()
    klienten_rechecks.record_change(order, changed(rule="R12"), later(5))
    with pytest.raises(ConflictError) as refusal:
        klienten.sign_off(order, ANBIETER, later(6), HUSUM.id, "Trotzdem")
    assert refusal.value.code == "override_not_allowed"


def test_what_is_free_again_asks_nobody_for_anything() -> None:
    order = ordered()
    klienten_rechecks.record_change(order, changed(), later(5))
    (event,) = klienten_rechecks.record_change(order, changed(Verdict.EXEMPT), later(6))
    assert isinstance(event, OrderKlientVerdictChanged)
    assert not event.anbieter_decides
    assert Command.SIGN_OFF_KLIENT not in allowed_moves(order, OrderParty.ANBIETER, later(7))


def test_each_side_reads_what_is_its_own() -> None:
    order = ordered()
    klienten_rechecks.record_change(order, changed(), later(5))
    anbieter, kunde = shown(order, OrderParty.ANBIETER).later, shown(order, OrderParty.KUNDE).later
    assert anbieter is not None
    assert kunde is not None
    assert (anbieter.open, anbieter.anbieter_decides, anbieter.reason is not None) == (True, True, True)
    assert (kunde.verdict, kunde.code, kunde.reason) == (Verdict.NOT_EXEMPT, None, None)
    assert shown(order, OrderParty.BEREITSTELLER).later is None
    klient = order.klient(HUSUM.id)
    assert klient is not None
    own = ParticipationView.of(order, klient).check.later
    assert own is not None
    assert (own.reason, own.decided_by) == (anbieter.reason, None)


def test_what_the_vorgang_has_moved_past_changes_nothing() -> None:
    order = confirmed(HUSUM)
    assert klienten_rechecks.record_change(order, changed(check=2), later(5)) == []
    klienten.check_own(order, SYSTEM, T0, HUSUM)
    assert klienten_rechecks.record_change(order, changed(check=2), later(5)) == [], "a check under way finds its own"
    klienten.decline(order, SYSTEM, T0, HUSUM, "karin.klient", "Kein Bedarf")
    assert klienten_rechecks.record_change(order, changed(check=2), later(5)) == []
    order = ordered()
    klienten_rechecks.record_change(order, changed(), later(5))
    assert klienten_rechecks.record_change(order, changed(), later(6)) == [], "the same is no news"
