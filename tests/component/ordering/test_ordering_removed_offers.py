"""An offer that has left its topic: nobody declares interest in it, running Vorgänge go on, and late readers pass over it."""

from __future__ import annotations

from shared.messages.catalog import OfferingPublished, OfferingRemoved, OfferingWithdrawn
from shared.messages.values import OfferingState
from tests.component.ordering.ordering_world import INTEREST, KUNDE, PLACE, World
from tests.support.builders.orders import OFFERING_ID, concluded, offering


async def test_running_vorgaenge_go_on_after_the_offer_has_left_its_topic(world: World) -> None:
    order = await world.offered()
    withdrawn = offering(state=OfferingState.ZURUECKGEZOGEN)
    await world.feed(world.received(OfferingWithdrawn(offering=withdrawn, reason="Ende"), OFFERING_ID))
    assert await world.feed(world.received(OfferingRemoved(), OFFERING_ID)) == []
    placed = await world.step(order["id"], "place", KUNDE, PLACE)
    assert placed["state"] == "BESTELLT"
    await world.judge(placed)
    await world.feed(world.received(concluded(order["id"]), "contract"))
    assert (await world.read(order["id"]))["state"] == "VERTRAG_GESCHLOSSEN"


async def test_a_reader_that_missed_the_withdrawal_takes_the_removal_for_it(world: World) -> None:
    await world.feed(world.received(OfferingRemoved(), OFFERING_ID))
    answer = await world.post("/v1/orders", KUNDE, INTEREST)
    assert (answer.status_code, answer.json()["code"], answer.json()["channels"]) == (409, "offering_not_orderable", [])


async def test_a_reader_that_never_knew_the_offer_passes_over_its_end(world: World) -> None:
    unknown = "11111111-1111-5111-8111-111111111111"
    assert await world.feed(world.received(OfferingRemoved(), unknown)) == []
    answer = await world.post("/v1/orders", KUNDE, {**INTEREST, "offering_id": unknown})
    assert (answer.status_code, answer.json()["code"]) == (404, "offering_not_found")


async def test_publication_and_end_in_one_batch_leave_the_end(world: World) -> None:
    new = offering(state=OfferingState.VEROEFFENTLICHT).model_copy(update={"id": "22222222-2222-5222-8222-222222222222"})
    events = [world.received(OfferingPublished(offering=new), new.id), world.received(OfferingRemoved(), new.id)]
    assert await world.feed(*events) == []
    answer = await world.post("/v1/orders", KUNDE, {**INTEREST, "offering_id": new.id})
    assert (answer.status_code, answer.json()["code"]) == (409, "offering_not_orderable")


async def test_an_end_that_comes_again_changes_nothing(world: World) -> None:
    removal = world.received(OfferingRemoved(), OFFERING_ID)
    assert await world.feed(removal) == []
    assert await world.feed(removal, world.received(OfferingRemoved(), OFFERING_ID)) == []
