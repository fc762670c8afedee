"""What is ordered goes on without its offer; what is not may go on or ends with it, as whoever withdraws decides."""

from __future__ import annotations

import pytest

from services.ordering.domain.transitions import BEFORE_ORDER, FINAL
from services.ordering.domain.withdrawn_offering import follow
from shared.messages.catalog import OfferingWithdrawn
from shared.messages.ordering import OrderRefused
from shared.messages.ordering_offerings import OfferingEnded
from shared.messages.values import Channel, OfferingState, OrderState
from tests.support.builders.orders import later, offering, order_in

REASON = "Der Dienst wird eingestellt."


def withdrawn(*, ends: bool = False, channel: Channel | None = None) -> OfferingWithdrawn:
    state = offering(state=OfferingState.ZURUECKGEZOGEN)
    return OfferingWithdrawn(offering=state, reason=REASON, ends_open_orders=ends, channel=channel)


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("state", list(OrderState))
def test_a_vorgang_follows_the_withdrawal_by_how_far_it_is(state: OrderState, *, ends: bool) -> None:
    order = order_in(state)
    before = order.model_copy(deep=True)
    events = follow(order, withdrawn(ends=ends), later(500))
    if state in FINAL:
        assert events == []
        assert order == before
    elif ends and state in BEFORE_ORDER:
        (refused,) = events
        assert isinstance(refused, OrderRefused)
        assert (refused.code, refused.reason, order.state) == ("offering_withdrawn", REASON, OrderState.ABGELEHNT)
    else:
        (ended,) = events
        assert isinstance(ended, OfferingEnded)
        assert (ended.reason, ended.order.state) == (REASON, state)
        assert order == before


def test_a_vorgang_of_another_channel_is_not_touched() -> None:
    order = order_in(OrderState.IN_ABSTIMMUNG)
    assert order.channel is Channel.GOVDIGITAL
    assert follow(order, withdrawn(ends=True, channel=Channel.FITKO), later(500)) == []
    assert follow(order, withdrawn(ends=True, channel=Channel.GOVDIGITAL), later(500)) != []
