"""Awards behind an offered contract are judged one by one by the engine, once, with the day until which nothing speaks against it."""

from __future__ import annotations

from datetime import date

from services.eligibility.domain.awards import MOST_CHANGES, ContractAwards
from shared.aggregate.change import Cause
from shared.bus.handling import Received
from shared.ids import derived_id
from shared.messages.contracts import Leg
from shared.messages.contracts_awards import Award, AwardsCheckRequested
from shared.messages.contracts_chain import ChainHead, ChainState
from shared.messages.eligibility_awards import AwardsJudged, AwardVerdict
from shared.messages.values import Channel, Party, Verdict
from tests.component.eligibility.conftest import HUSUM, START, World
from tests.component.eligibility.test_eligibility_verdicts import consume

CONTRACT, CHANGE = derived_id("test", "successor"), derived_id("test", "change")


def asked(*awards: tuple[str, str], seq: int = 1, change: str | None = None) -> Received:
    """Return the request of contracts."""
    head = ChainHead(
        id=CONTRACT,
        leg=Leg.NACHNUTZUNG,
        channel=Channel.GOVDIGITAL,
        offering_id=derived_id("test", "offer"),
        offering_title="Wohngeld",
        grantor=Party(id="govdigital", name="govdigital eG"),
        grantee=Party(id=HUSUM, name="Husum"),
        state=ChainState.ANGEBOTEN,
        valid_from=date(2027, 1, 1),
    )
    message = AwardsCheckRequested(
        contract=head, at=START, change_id=change, awards=tuple(Award(awarder=awarder, contractor=to) for awarder, to in awards)
    )
    cause = Cause(derived_id("event", CONTRACT, str(seq)), message.TYPE, f"/contracts/{CONTRACT}", seq)
    return Received(message, CONTRACT, cause, START)


def judged(world: World) -> list[tuple[AwardVerdict, ...]]:
    """Return what was found."""
    events = [event for event in world.publisher.events if event.type == AwardsJudged.TYPE]
    found = [AwardsJudged.model_validate_json(event.body) for event in events]
    assert {(it.contract_id, it.channel) for it in found} == {(CONTRACT, Channel.GOVDIGITAL)}
    return [it.awards for it in found]


async def test_each_award_has_the_verdict_of_the_engine_and_the_last_day_that_facts_leave_it(world: World) -> None:
    await world.open_the_way()
    await consume(world, asked((HUSUM, "govdigital"), (HUSUM, "komm_one"), ("nobody", "govdigital")))
    ((open_, closed, unknown),) = judged(world)
    assert (open_.awarder, open_.contractor, open_.as_of) == (HUSUM, "govdigital", START.date())
    assert open_.verdict in (Verdict.EXEMPT, Verdict.RISK)
    assert open_.until is None or open_.until >= START.date()
    assert closed.verdict is Verdict.NOT_EXEMPT
    assert unknown.verdict is Verdict.OUT_OF_SCOPE


async def test_a_repeat_is_answered_as_before_and_a_rebuild_tells_it_again(world: World) -> None:
    await world.open_the_way()
    await consume(world, asked((HUSUM, "govdigital")))
    await consume(world, asked((HUSUM, "govdigital"), seq=2))
    first, second = judged(world)
    assert first == second
    assert "awards" in {it.name for it in world.service.republishers}


async def test_each_change_of_the_contract_is_judged_for_itself_once(world: World) -> None:
    await world.open_the_way()
    await consume(world, asked((HUSUM, "govdigital"), change=CHANGE))
    await consume(world, asked((HUSUM, "komm_one"), seq=2))
    await consume(world, asked((HUSUM, "komm_one"), seq=3, change=CHANGE))
    events = [event for event in world.publisher.events if event.type == AwardsJudged.TYPE]
    found = [AwardsJudged.model_validate_json(event.body) for event in events]
    assert [(it.change_id, it.awards[0].contractor) for it in found] == [
        (CHANGE, "govdigital"),
        (None, "komm_one"),
        (CHANGE, "govdigital"),
    ]
    (republisher,) = [it for it in world.service.republishers if it.name == "awards"]
    before = len(world.publisher.events)
    assert await republisher.republish([CONTRACT]) == 1
    again = [AwardsJudged.model_validate_json(event.body).change_id for event in world.publisher.events[before:]]
    assert again == [None, CHANGE]


def test_of_changes_the_newest_verdicts_are_remembered_and_that_of_the_conclusion_always() -> None:
    verdict = AwardVerdict(
        awarder=HUSUM, contractor="govdigital", verdict=Verdict.EXEMPT, rule_set="gwb108-2016", as_of=START.date()
    )
    known = ContractAwards(id=CONTRACT, channel=Channel.GOVDIGITAL, given_at=START)
    known.judge(None, (verdict,), START)
    changes = [derived_id("test", "change", str(number)) for number in range(MOST_CHANGES + 1)]
    for change in changes:
        (answer,) = known.judge(change, (verdict,), START)
        assert isinstance(answer, AwardsJudged)
        assert answer.change_id == change
    told = [it.change_id for it in known.restate() if isinstance(it, AwardsJudged)]
    assert told == [None, *changes[1:]]
