"""The chain down to a Klient is judged by the engine over its Bündler: once for each check, and on the record of the order."""

from __future__ import annotations

from shared.aggregate.change import Cause
from shared.bus.handling import Received
from shared.ids import derived_id
from shared.messages.eligibility_klienten import KlientJudged
from shared.messages.ordering import OrderHead
from shared.messages.ordering_klienten import KlientCheckRequested
from shared.messages.values import Channel, Party, Verdict
from tests.component.eligibility.conftest import HUSUM, START, World
from tests.component.eligibility.test_eligibility_verdicts import consume, head, interest

KLIENT = Party(id=HUSUM, name="Husum, Stadt")
ORDER = head("bundled", Channel.GOVDIGITAL, "kdo_service", "komm_one")


def asked(klient: Party = KLIENT, check: int = 1, seq: int = 2, order: OrderHead = ORDER, *, payment: bool = True) -> Received:
    """Return the request for the check of a Klient."""
    message = KlientCheckRequested(order=order, at=START, klient=klient, check=check, payment=payment, return_duty=False)
    cause = Cause(derived_id("event", order.id, str(seq)), message.TYPE, f"/ordering/{order.id}", seq, correlation_id=order.id)
    return Received(message, order.id, cause, START)


def judged(world: World) -> list[KlientJudged]:
    """Return what was found for Klienten."""
    events = [event for event in world.publisher.events if event.type == KlientJudged.TYPE]
    return [KlientJudged.model_validate_json(event.body) for event in events]


async def test_the_whole_chain_is_judged_and_the_klient_asks_for_its_own_accreditation(world: World) -> None:
    await world.open_the_way()
    await consume(world, interest(ORDER), asked())
    (found,) = judged(world)
    assert (found.order_id, found.klient, found.check) == (ORDER.id, KLIENT, 1)
    legs = {leg.leg: leg.verdict for leg in found.assessment.legs or ()}
    assert set(legs) == {"L1", "L2", "L3"}
    lacking = {(it.leg, it.code) for it in found.assessment.findings if it.verdict is not Verdict.EXEMPT}
    assert ("L3", "ACCREDITATION_MISSING") in lacking
    assert found.assessment.customer == HUSUM
    assert found.assessment.record is not None


async def test_what_is_passed_on_free_of_charge_is_no_public_contract(world: World) -> None:
    await world.open_the_way()
    await consume(world, interest(ORDER), asked(), asked(check=2, seq=3, payment=False))
    paid, free = judged(world)
    rules = [{(it.leg, it.code) for it in found.assessment.findings} for found in (paid, free)]
    assert ("L3", "NO_RELATION") in rules[0]
    assert ("L3", "NO_CONSIDERATION") in rules[1]


async def test_each_check_of_a_klient_is_answered_once_and_restated(world: World) -> None:
    await world.open_the_way()
    await consume(world, interest(ORDER), asked())
    await consume(world, asked(seq=3))
    assert len(judged(world)) == 1
    await consume(world, asked(check=2, seq=4))
    assert [found.check for found in judged(world)] == [1, 2]


async def test_a_klient_of_no_known_order_is_rejected(world: World) -> None:
    consumer, *_ = world.service.consumers
    (rejection,) = await consumer.handle([asked()])
    assert rejection.code == "verdict_not_found"
