"""The Vorgänge of an offer follow its withdrawal, each once, however often the event comes."""

from __future__ import annotations

import pytest

from services.ordering import withdrawn_offerings
from shared.messages.catalog import OfferingWithdrawn
from shared.messages.values import OfferingState
from tests.component.ordering.ordering_world import World
from tests.support.builders.orders import OFFERING_ID, offering

REASON = "Der Dienst wird eingestellt."


async def test_every_open_vorgang_of_the_offer_is_told_or_ended_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(withdrawn_offerings, "BATCH", 2)
    orders = [await world.declare(f"kim/0100{number}0000000/KUNDE") for number in range(5)]
    gone = await world.declare("kim/010090000000/KUNDE")
    await world.step(gone["id"], "withdraw", "kim/010090000000/KUNDE")
    for ends, kind in ((False, "ordering.order.offering-ended.v1"), (True, "ordering.order.refused.v1")):
        state = offering(state=OfferingState.ZURUECKGEZOGEN)
        event = world.received(OfferingWithdrawn(offering=state, reason=REASON, ends_open_orders=ends), OFFERING_ID)
        for _ in range(2):
            assert await world.feed(event) == []
        told = [it.key for it in world.publisher.events if it.type == kind]
        assert sorted(told) == sorted(order["id"] for order in orders)
