"""Facts about notifications: which must exist once an event was read, and those are the ones that notify makes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.notify.app import load_routing
from services.notify.domain.facts import Audience, facts_of
from services.notify.facts import expected_notifications
from services.notify.handlers import moments, notes, notification_plan
from shared.aggregate.change import Cause
from shared.bus.handling import Received
from shared.messages.base import Message
from shared.messages.ordering import CheckRecorded
from shared.topics import NOTIFY, subscribed
from tests.support.builders.events import EXAMPLES

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
routing = load_routing()


def received(message: Message) -> Received:
    return Received(message, "key-1", Cause("event-1", message.TYPE, "ordering:key-1", 3), AT)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: message.TYPE)
def test_the_notifications_that_notify_makes_of_an_event_are_expected_and_no_other(message: Message) -> None:
    event = received(message)
    expected, plan = expected_notifications(event, routing, AT), notification_plan(event, routing)
    assert [it.notification_id for it in expected] == [change.id for change in notes(plan, moments([plan], AT, AT))]
    assert expected
    assert {(it.event_id, it.event_type, it.key) for it in expected} == {("event-1", message.TYPE, "key-1")}


def test_a_notice_of_a_check_names_everything_that_the_kunde_lacks() -> None:
    found = next(it for it in EXAMPLES if isinstance(it, CheckRecorded) and it.hold_until is None)
    first = found.assessment.findings[0].model_copy(update={"leg": "L2", "remedy": "Das Inhouse-Verhältnis angeben."})
    other = first.model_copy(update={"code": "ACCREDITATION_MISSING", "remedy": "Die Akkreditierung beantragen."})
    elsewhere = first.model_copy(update={"leg": "L1", "remedy": "Sache des Bereitstellers."})
    assessment = found.assessment.model_copy(update={"findings": (first, other, elsewhere, first)})
    parameters = facts_of(found.model_copy(update={"assessment": assessment})).parameters
    assert parameters.remedy == "Das Inhouse-Verhältnis angeben.\nDie Akkreditierung beantragen."


def test_of_a_check_bereitsteller_and_anbieter_are_told_only_if_it_holds_an_order() -> None:
    checks = [it for it in EXAMPLES if isinstance(it, CheckRecorded)]
    for check in checks:
        told = facts_of(check).parties.keys() & {Audience.BEREITSTELLER, Audience.ANBIETER}
        assert bool(told) is (check.hold_until is not None)
    assert {check.hold_until is None for check in checks} == {True, False}


def test_nothing_is_expected_of_an_event_that_is_no_news() -> None:
    silent = {kind for topic in subscribed(NOTIFY) for kind in topic.messages} - routing.handled
    assert silent
    for kind in silent:
        assert expected_notifications(received(kind.model_construct()), routing, AT) == []
