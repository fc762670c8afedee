"""Orders that ask for a check become verdicts: the cases of the demo, repeats, sign-off, who sees what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from shared.aggregate.change import Cause
from shared.bus.handling import Received
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.eligibility import Assessment, Stage, VerdictGiven
from shared.messages.ordering import CheckRequested, InterestDeclared, InterestForwarded, OrderHead, OrderPlaced
from shared.messages.values import Channel, OrderState, Party, Verdict
from tests.component.eligibility.conftest import ANNA, HUSUM, KOMM_ONE, NRW, SACHSEN, STAFF, START, World
from tests.support.builders.events import head as some_order

PARTIES = {
    HUSUM: Party(id=HUSUM, name="Husum, Stadt"),
    "DE-SN": Party(id="DE-SN", name="Sachsen"),
    "DE-NW": Party(id="DE-NW", name="Nordrhein-Westfalen"),
    "komm_one": Party(id="komm_one", name="Komm.ONE"),
    "kdo_service": Party(id="kdo_service", name="KDO Service GmbH"),
}


def head(name: str, channel: Channel, customer: str, provider: str) -> OrderHead:
    return some_order(
        OrderState.INTERESSE_BEKUNDET,
        id=derived_id("order", name),
        channel=channel,
        customer=PARTIES[customer],
        provider=PARTIES[provider],
    )


def received(message: InterestDeclared | CheckRequested | InterestForwarded | OrderPlaced, seq: int) -> Received:
    order = message.order.id
    cause = Cause(derived_id("event", order, str(seq)), message.TYPE, f"/ordering/{order}", seq, correlation_id=order)
    return Received(message, order, cause, message.at)


def interest(order: OrderHead, at: datetime = START, seq: int = 1) -> Received:
    return received(InterestDeclared(order=order, at=at, check=1), seq)


def forwarded(world: World, order: OrderHead, seq: int = 2) -> Received:
    return received(InterestForwarded(order=order, at=START, assessment=verdicts(world)[-1].assessment), seq)


async def consume(world: World, *batch: Received) -> None:
    consumer, *_ = world.service.consumers
    assert await consumer.handle(batch) == []


def verdicts(world: World) -> list[VerdictGiven]:
    events = [event for event in world.publisher.events if event.type == VerdictGiven.TYPE]
    return [VerdictGiven.model_validate_json(event.body) for event in events]


HUSUM_GOVDIGITAL = head("husum-govdigital", Channel.GOVDIGITAL, HUSUM, "komm_one")
HUSUM_FITKO = head("husum-fitko", Channel.FITKO, HUSUM, "komm_one")
SACHSEN_FITKO = head("sachsen-fitko", Channel.FITKO, "DE-SN", "DE-NW")


def found(given: VerdictGiven) -> Assessment:
    """Return what a verdict found, whichever record holds it and up to whichever instant the facts were known."""
    return given.assessment.model_copy(update={"record": None, "hash": None})


async def test_the_three_cases_in_one_batch(world: World) -> None:
    await world.open_the_way()
    await world.accredit_sachsen()
    await world.accredit_provider(NRW, Channel.FITKO)
    await consume(world, *(interest(order) for order in (HUSUM_GOVDIGITAL, SACHSEN_FITKO, HUSUM_FITKO)))
    husum, sachsen, refused = verdicts(world)
    assert husum.assessment.verdict is Verdict.EXEMPT
    grounds = {(finding.leg, finding.code): finding for finding in husum.assessment.findings}
    assert {("L1", "INVERSE"), ("L1", "PORTAL_OK"), ("L2", "PORTAL_OK"), ("L2", "INDIRECT_JOINT_ACCEPTED")} <= grounds.keys()
    assert grounds["L2", "INDIRECT_JOINT_ACCEPTED"].facts == (
        "Trägerschaft von Husum, Stadt an IT-Verbund Schleswig-Holstein (ITVSH)",
        "Trägerschaft von IT-Verbund Schleswig-Holstein (ITVSH) an Dataport",
        "Mitgliedschaft von Dataport in govdigital eG",
    )
    assert sachsen.assessment.verdict is Verdict.EXEMPT
    assert "JOINT_CONTROL" in [f.code for f in sachsen.assessment.findings]
    decisive = refused.assessment.decisive
    assert refused.assessment.verdict is Verdict.NOT_EXEMPT
    assert (decisive.rule, decisive.code, decisive) == ("R12", "CHANNEL_EXCLUDES_TYPE", refused.assessment.findings[0])
    assert "Über govdigital bestellen" in (decisive.remedy or "")
    assert refused.assessment.allowed_channels == (Channel.GOVDIGITAL,)


async def test_a_batch_gives_what_single_events_give(world: World) -> None:
    await world.open_the_way()
    await world.accredit_sachsen()
    orders = [HUSUM_GOVDIGITAL, HUSUM_FITKO, SACHSEN_FITKO, head("s2", Channel.GOVDIGITAL, "DE-SN", "kdo_service")]
    await consume(world, *(interest(order) for order in orders))
    together = [found(verdict) for verdict in verdicts(world)]
    for order in orders:
        await consume(world, received(CheckRequested(order=order, at=START, stage=Stage.INTERESSE, check=2), 2))
    assert [found(verdict) for verdict in verdicts(world)][len(orders) :] == together


@pytest.mark.parametrize("seq", [1, 2])
async def test_a_duplicate_event_gives_one_verdict(world: World, seq: int) -> None:
    await world.open_the_way()
    await consume(world, interest(HUSUM_GOVDIGITAL))
    await consume(world, interest(HUSUM_GOVDIGITAL, seq=seq), interest(HUSUM_GOVDIGITAL, seq=seq))
    assert len(verdicts(world)) == 1


async def test_each_stage_is_checked_on_its_own_day(world: World) -> None:
    await world.open_the_way()
    revoked = START.replace(month=6)
    await consume(world, interest(HUSUM_GOVDIGITAL))
    await world.decide(HUSUM, Channel.GOVDIGITAL, "revoke", {"reason": "Austritt"})
    await consume(world, received(OrderPlaced(order=HUSUM_GOVDIGITAL, at=revoked, check=2), 5))
    first, second = verdicts(world)
    assert (first.stage, first.check, first.assessment.verdict) == (Stage.INTERESSE, 1, Verdict.EXEMPT)
    assert (second.stage, second.check) == (Stage.BESTELLUNG, 2)
    assert (second.assessment.verdict, second.assessment.decisive.code) == (Verdict.NOT_EXEMPT, "ACCREDITATION_REFUSED")
    assert second.assessment.as_of == revoked.date()


async def test_a_statement_just_made_counts_at_once(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    await consume(world, interest(HUSUM_GOVDIGITAL))
    await world.state_relation()
    await world.decide(HUSUM, Channel.GOVDIGITAL, "review")
    await world.decide(HUSUM, Channel.GOVDIGITAL, "grant")
    await consume(world, received(CheckRequested(order=HUSUM_GOVDIGITAL, at=START, stage=Stage.INTERESSE, check=2), 2))
    before, after = (v.assessment for v in verdicts(world))
    assert before.decisive.code == "NO_RELATION"
    assert after.decisive.code == "NOT_EXAMINED", "confirmed by the accreditation, and still to be examined"


async def test_the_verdict_travels_under_the_order_and_its_correlation(world: World) -> None:
    await consume(world, interest(HUSUM_FITKO))
    (event,) = world.publisher.events
    assert (event.topic, event.key, event.correlation_id) == ("eligibility.verdict.v1", HUSUM_FITKO.id, HUSUM_FITKO.id)


async def test_a_foreign_message_is_a_bug(world: World) -> None:
    class Other(Message):
        TYPE = "other"

    consumer, *_ = world.service.consumers
    event = Received(Other(), "k", Cause("e", "other", "/x", 1), START)
    with pytest.raises(TypeError):
        await consumer.handle([event])


class TestReading:
    async def see(self, world: World, tokens: Sequence[str]) -> list[int]:
        return [(await world.call("GET", f"/verdicts/{HUSUM_GOVDIGITAL.id}", token)).status_code for token in tokens]

    async def test_kunde_and_anbieter_see_the_grounds_the_bereitsteller_the_result(self, world: World) -> None:
        await world.open_the_way()
        await consume(world, interest(HUSUM_GOVDIGITAL))
        path = f"/verdicts/{HUSUM_GOVDIGITAL.id}"
        for token in (ANNA, STAFF[Channel.GOVDIGITAL]):
            (check,) = (await world.call("GET", path, token)).json()["checks"]
            assert check["assessment"]["findings"][0]["code"] == "PORTAL_OK"
        await consume(world, forwarded(world, HUSUM_GOVDIGITAL))
        (check,) = (await world.call("GET", path, KOMM_ONE)).json()["checks"]
        assert (check["verdict"], check["assessment"]) == ("EXEMPT", None)

    async def test_the_bereitsteller_learns_nothing_before_the_interest_is_forwarded(self, world: World) -> None:
        absent = await world.call("GET", f"/verdicts/{derived_id('order', 'absent')}", KOMM_ONE)
        await consume(world, interest(HUSUM_GOVDIGITAL))
        assert await self.see(world, [ANNA, KOMM_ONE]) == [200, 404]
        hidden = await world.call("GET", f"/verdicts/{HUSUM_GOVDIGITAL.id}", KOMM_ONE)
        assert hidden.json()["code"] == absent.json()["code"]
        await world.open_the_way()
        again = CheckRequested(order=HUSUM_GOVDIGITAL, at=START, check=2, stage=Stage.INTERESSE)
        await consume(world, received(again, 2))
        assert verdicts(world)[-1].assessment.verdict is Verdict.EXEMPT
        assert await self.see(world, [KOMM_ONE]) == [404], "ordering has not forwarded it; perhaps it is withdrawn meanwhile"
        for _ in range(2):
            await consume(world, forwarded(world, HUSUM_GOVDIGITAL, seq=3))
        assert await self.see(world, [KOMM_ONE]) == [200]

    async def test_an_anbieter_may_know_of_no_other_channel(self, world: World) -> None:
        await world.open_the_way()
        await consume(world, interest(HUSUM_GOVDIGITAL))
        found = (await world.call("GET", f"/verdicts/{HUSUM_GOVDIGITAL.id}", STAFF[Channel.GOVDIGITAL])).json()
        assert found["checks"][0]["assessment"]["allowed_channels"] == ["govdigital"]

    async def test_others_get_a_404(self, world: World) -> None:
        await consume(world, interest(HUSUM_GOVDIGITAL))
        assert await self.see(world, [SACHSEN, STAFF[Channel.FITKO], "x/govdigital/KUNDE"]) == [404, 404, 404]


class TestSignOff:
    async def sign(self, world: World, token: str) -> tuple[int, str | None]:
        response = await world.call(
            "POST", f"/verdicts/{HUSUM_GOVDIGITAL.id}/sign-off", token, {"note": "Gutachten vom 1.3.2026"}
        )
        return response.status_code, response.json().get("code")

    async def test_a_named_person_of_the_anbieter_signs_a_risk_off(self, strict: World) -> None:
        await strict.open_the_way()
        await consume(strict, interest(HUSUM_GOVDIGITAL))
        assert await self.sign(strict, STAFF[Channel.GOVDIGITAL]) == (200, None)
        assert await self.sign(strict, STAFF[Channel.GOVDIGITAL]) == (200, None)
        risk, signed = verdicts(strict)
        assert (risk.assessment.verdict, risk.signed_off_by) == (Verdict.RISK, None)
        assert (signed.assessment.verdict, signed.signed_off_by, signed.check) == (Verdict.RISK, "gerd", 1)
        await consume(strict, forwarded(strict, HUSUM_GOVDIGITAL))
        (check,) = (await strict.call("GET", f"/verdicts/{HUSUM_GOVDIGITAL.id}", KOMM_ONE)).json()["checks"]
        assert (check["signed_off"], check["signed_off_by"]) == (True, None)

    async def test_nobody_else_signs(self, strict: World) -> None:
        await strict.open_the_way()
        await consume(strict, interest(HUSUM_GOVDIGITAL))
        assert await self.sign(strict, ANNA) == (403, "role_missing")
        assert await self.sign(strict, STAFF[Channel.FITKO]) == (404, "verdict_not_found")
        assert len(verdicts(strict)) == 1

    async def test_only_a_risk_is_signed(self, world: World) -> None:
        await world.open_the_way()
        await consume(world, interest(HUSUM_GOVDIGITAL))
        assert await self.sign(world, STAFF[Channel.GOVDIGITAL]) == (409, "nothing_to_sign")


async def test_a_verdict_tells_nothing_of_what_others_have_stated_until_it_is_confirmed(world: World) -> None:
    """The Kunde reads its grounds: what no Anbieter has confirmed is known to whoever stated it and the Anbieter it turned to."""
    await world.accredit_sachsen()
    orders = [head(f"sachsen-{number}", Channel.GOVDIGITAL, "DE-SN", HUSUM) for number in range(3)]
    await consume(world, interest(orders[0]))
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    await world.state_relation()
    await consume(world, interest(orders[1]))
    await world.decide(HUSUM, Channel.GOVDIGITAL, "review")
    await world.decide(HUSUM, Channel.GOVDIGITAL, "grant")
    await consume(world, interest(orders[2]))
    unknown, stated, confirmed = (found(given) for given in verdicts(world))
    assert stated == unknown
    assert confirmed != unknown


async def test_a_check_and_the_verdict_on_an_order_rest_on_the_same_facts(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    await world.state_relation()
    await consume(world, interest(HUSUM_GOVDIGITAL))
    asked = await world.call("POST", "/checks", ANNA, {"provider": "komm_one", "channel": "govdigital"})
    (shown,) = asked.json()["assessments"]
    (given,) = verdicts(world)
    assert shown["findings"] == given.assessment.model_dump(mode="json")["findings"]
    assert (shown["verdict"], shown["hash"]) == ("NOT_EXEMPT", given.assessment.hash)
    record = await world.call("GET", f"/verdict-records/{given.assessment.record}", ANNA)
    assert (record.json()["because"], record.json()["order_id"], record.json()["check"]) == ("ORDER", HUSUM_GOVDIGITAL.id, 1)
    replay = await world.call("GET", f"/verdict-records/{given.assessment.record}/replay", ANNA)
    assert replay.json()["identical"] is True
