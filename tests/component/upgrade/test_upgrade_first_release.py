"""A rolling update runs 0.1.0 beside this version: its own code reads every Vorgang and offer that this one has stored."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from services.catalog.domain.offering import Offering
from services.ordering.domain import contract_refusals, delivery, exits, klienten, precheck, steps_back
from services.ordering.domain.order import Order
from services.ordering.domain.parts import READ_BEFORE, SYSTEM, Refusal, Step
from shared.messages.catalog import OfferingChanged
from shared.messages.eligibility_klienten import KlientJudged
from shared.messages.ordering import OrderParty
from shared.messages.reasons import Fact
from shared.messages.values import OfferingState, OrderState, Party, Verdict
from tests.support.builders.offerings import complete_form, offering_in
from tests.support.builders.orders import ANBIETER, BEREITSTELLER, KUNDE, T0, VALID_UNTIL, assessment, later, order_in, refused
from tests.upgrade.previous import unpack_previous

pytestmark = pytest.mark.slow

READ = """
import json, sys
from services.catalog.domain.offering import Offering
from services.ordering.domain.order import Order
from shared.messages.catalog import OfferingChanged
for line in sys.stdin:
    if "form" in json.loads(line):
        offering = Offering.model_validate(json.loads(line), extra="ignore")
        event = OfferingChanged.model_validate_json(sys.stdin.readline(), extra="ignore")
        print(json.dumps({"state": offering.state, "title": offering.form.title, "listed": event.offering.title}))
        continue
    order = Order.model_validate(json.loads(line), extra="ignore")
    parts = [getattr(order, name).value for name in Order.model_fields if hasattr(getattr(order, name), "value")]
    waits = [order.waiting_party, order.waiting_since and order.waiting_since.isoformat()]
    print(json.dumps({"waits": waits, "state": order.state, "steps": len(order.steps()), "points": len(order.points.value), "parts": len(parts)}))
"""


def after_each_step() -> Order:
    """A Vorgang with a line of each step that 0.1.0 does not know."""
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    steps_back.amend_offer(order, ANBIETER, later(2), VALID_UNTIL, None, "Frist")
    steps_back.withdraw_offer(order, ANBIETER, later(3), "Preise")
    steps_back.reopen_clarification(order, KUNDE, later(4), "Verfahren")
    for command in READ_BEFORE:
        order.append_to_timeline(Step(at=T0, command=command, party=OrderParty.KUNDE, state=order.state))
    return order


def refused_with_facts() -> Order:
    """A Vorgang that the processor has refused for a reason with facts."""
    order = order_in(OrderState.BESTELLT)
    facts = (Fact(name="offering_title", text="Digitale Baugenehmigung"),)
    contract_refusals.reopen(order, refused().model_copy(update={"facts": facts}), later(5), timedelta(days=30))
    precheck.end_hold(order, later(24 * 40))
    assert order.why is not None
    assert order.why.facts == facts
    return order


def reopened() -> Order:
    """A Vorgang that has gone back from an order, and is held."""
    order = order_in(OrderState.BESTELLT)
    contract_refusals.reopen(order, refused(code="agb_changed"), later(5), timedelta(days=30))
    assert order.is_held
    return order


def planned() -> Order:
    """A Vorgang with a planned day for a milestone."""
    order = order_in(OrderState.IN_ANBINDUNG)
    mine = next(it for it in order.milestones.value if it.owner is OrderParty.KUNDE)
    delivery.plan_milestone(order, KUNDE, later(1), mine.code, VALID_UNTIL)
    assert order.target_at is not None
    return order


def bundled() -> Order:
    """A Vorgang of a Bündler with a Klient that has confirmed and been judged."""
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    order.bundled = True
    klient = Party(id="010540056056", name="Husum, Stadt")
    klienten.name_klient(order, KUNDE, later(1), klient)
    klienten.confirm(order, SYSTEM, later(2), klient, "karin.klient")
    found = KlientJudged(order_id=order.id, klient=klient, check=1, assessment=assessment(Verdict.EXEMPT), given_at=T0)
    assert klienten.record_check(order, SYSTEM, later(3), found)
    return order


def declined() -> Order:
    """A Vorgang that the Bereitsteller has declined."""
    order = order_in(OrderState.IN_ABSTIMMUNG)
    exits.decline(order, BEREITSTELLER, later(1), "Keine Kapazität")
    assert order.why == Refusal(code="declined", reason="Keine Kapazität")
    return order


def operated() -> Offering:
    """A public offer that states all of its operation."""
    offering = offering_in(OfferingState.VEROEFFENTLICHT)
    stated = complete_form(
        support=[{"level": "FIRST_LEVEL", "telephone": "+49 431 1234-0"}],
        availability={"basis_points": 9950, "period": "MONAT"},
        fault_times=[{"fault": "LEICHT", "reaction_minutes": 240}],
        go_lives=[{"on": "2026-03-02", "land": "DE-BW"}],
        screenshots=[{"title": "Start", "media_type": "image/png", "url": "https://example.org/a.png", "sha256": "0" * 64}],
    )
    offering.publish(stated, T0)
    return offering


def test_the_first_release_reads_what_this_version_stores(tmp_path: Path) -> None:
    orders = [*map(order_in, OrderState), after_each_step(), reopened(), refused_with_facts(), declined(), planned(), bundled()]
    assert any(order.examples.value for order in orders)
    lines = "".join(f"{json.dumps(order.model_dump(mode='json'))}\n" for order in orders)
    offering = operated()
    changed = OfferingChanged(offering=offering.public()).model_dump_json()
    lines += f"{json.dumps(offering.model_dump(mode='json'))}\n{changed}\n"
    folder = unpack_previous(tmp_path)
    read = subprocess.run(
        [sys.executable, "-P", "-c", READ],
        input=lines,
        env={"PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.returncode == 0, read.stderr
    *found, offer = [json.loads(line) for line in read.stdout.splitlines()]
    title = offering.form.title
    assert offer == {"state": offering.state, "title": title, "listed": title}
    # Lists are found by who holds the ball, which 0.1.0 stores, too.
    assert [it["waits"] for it in found] == [
        [order.waiting_party, order.waiting_since and order.waiting_since.isoformat()] for order in orders
    ]
    expected = [(order.state, len(order.steps()), len(order.points.value)) for order in orders]
    assert [(it["state"], it["steps"], it["points"]) for it in found] == expected
    assert all(it["parts"] > 8 for it in found)
