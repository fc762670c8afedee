"""Organisations and verdicts republish what others must know of them: nothing has happened, and no person is named."""

from __future__ import annotations

import pytest

from services.eligibility.domain.verdict import OrderVerdict
from shared.messages.eligibility import OrganisationRestated
from shared.topics import ORGANISATIONS, topic_of
from tests.support.builders.organisations import registered
from tests.unit.eligibility.test_eligibility_verdict import AT, PARTIES, check


def test_an_organisation_restates_its_full_state_without_a_person() -> None:
    organisation = registered()
    (event,) = organisation.restate()
    assert isinstance(event, OrganisationRestated)
    assert event.organisation == organisation.public()
    assert topic_of(event) is ORGANISATIONS
    assert "anna" not in event.model_dump_json()


@pytest.mark.parametrize("signed", [False, True])
def test_a_verdict_is_restated_as_it_was_given_last(signed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    given, events = OrderVerdict.give_first("0b0f5a34-6d0c-5a51-8d6d-0d6a5b1f2c3d", PARTIES, check(risk=True))
    if signed:
        events = given.sign_off("chef", "Vertretbar.", AT)
    assert given.restate() == events
