"""An offer republishes what others must know of it: nothing has happened, nothing is counted."""

from __future__ import annotations

import pytest

from services.catalog.domain.offering import Offering
from shared.messages.catalog import OfferingRestated
from shared.messages.values import OfferingState
from shared.topics import OFFERINGS, topic_of
from tests.support.builders.offerings import AT, OFFERING_ID, PROVIDER, complete_form, offering_in

WAS_PUBLIC = [OfferingState.VEROEFFENTLICHT, OfferingState.AUSGESETZT, OfferingState.ZURUECKGEZOGEN]


@pytest.mark.parametrize("state", WAS_PUBLIC)
def test_an_offer_that_was_public_restates_its_full_state(state: OfferingState) -> None:
    offering = offering_in(state)
    before = offering.model_copy(deep=True)
    (event,) = offering.restate()
    assert isinstance(event, OfferingRestated)
    assert event.offering == offering.public()
    assert event.offering.state is state
    assert topic_of(event) is OFFERINGS
    assert offering == before


def test_an_offer_that_was_never_public_says_nothing_to_everybody() -> None:
    draft, _ = Offering.draft(OFFERING_ID, PROVIDER, complete_form(), AT)
    assert draft.restate() == []
    assert offering_in(OfferingState.EINGEREICHT).restate() == []
