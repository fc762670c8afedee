"""The re-check: who gets a new verdict when facts, the calendar or the rules change it, once and whatever crashes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.eligibility.domain.verdict import Check, KlientCheck, OrderVerdict
from services.eligibility.fact_store.entry import Draft, Origin, Record
from services.eligibility.fact_store.facts import Facts
from services.eligibility.recheck.judgement import Judgement, judgement_of, mark_of, question_of
from services.eligibility.recheck.metrics import BEHIND
from services.eligibility.recheck.progress import SETTLED, Turn
from services.eligibility.recheck.runner import Rechecker
from services.eligibility.recheck.watched import (
    Phase,
    Watched,
    WatchedKlient,
    Watching,
    checked,
    klient_checked,
    klient_left,
    order_of,
    reached,
)
from services.eligibility.records.judge import IndirectJoint, Policy, Question
from services.eligibility.records.record import Records
from services.eligibility.repository import RECHECK_PROGRESS, RECORDS, VERDICTS, WATCHED
from shared.aggregate.change import Cause, Change
from shared.aggregate.ledger import Ledger
from shared.bus.handling import Received
from shared.canonical_json import digest
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.eligibility import ChangeReason, Decision, Override, Stage, VerdictChanged, VerdictOverridden
from shared.messages.eligibility_klienten import KlientVerdictChanged
from shared.messages.ordering import InterestDeclared, OrderContinued, OrderContracted, OrderEnded, OrderEvent, OrderHead
from shared.messages.values import Channel, OrderState, Party, Role, Verdict
from shared.store.lease import Lease
from shared.store.port import Document
from tests.component.eligibility.conftest import World
from tests.support.builders.events import head as some_order
from tests.support.known_facts import TestedFacts
from tests.support.memory_store import MemoryStore
from tests.support.publisher import RecordingPublisher

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HUSUM = "010540056056"
LEASE = timedelta(minutes=1)
POLICY = Policy("gwb108-2016", IndirectJoint.ACCEPT, required=False)
STRICT = Policy("gwb108-2016", IndirectJoint.STRICT, required=False)
CASES = [TestedFacts.of_case(name) for name in ("g15", "g28")]
CONTENT = {fact["id"]: fact for case in CASES for fact in case.facts}
EVIDENCE = {document["id"]: document for case in CASES for document in case.evidence}


class KilledError(BaseException):
    """The process is no more."""


def head(name: str, customer: str, provider: str, channel: Channel) -> OrderHead:
    return some_order(
        OrderState.INTERESSE_BEKUNDET,
        id=derived_id("order", name),
        channel=channel,
        customer=Party(id=customer, name=customer),
        provider=Party(id=provider, name=provider),
    )


HUSUMS = head("husum", HUSUM, "komm_one", Channel.GOVDIGITAL)
SACHSENS = head("sachsen", "DE-SN", "DE-NW", Channel.FITKO)
BAYERNS = head("bayern", "DE-BY", "DE-NW", Channel.FITKO)
LEFT_OUT = head("unknown", "nobody", "komm_one", Channel.GOVDIGITAL)


class Process:
    """One process of the cluster on the common store, with a steady clock of its own."""

    def __init__(self, cluster: Cluster, policy: Policy) -> None:
        self.cluster = cluster
        self.passed = 0.0
        self.dies_after: int | None = None
        self.operations = 0
        self.store = MemoryStore(self._pause, cluster.documents)
        self.facts = Facts(self.store, lambda: cluster.now)
        self.watching = Watching(self.store)
        self.verdicts: Ledger[OrderVerdict] = Ledger(
            service="eligibility",
            state_type=OrderVerdict,
            collection=VERDICTS,
            store=self.store,
            publisher=cluster.publisher,
            clock=lambda: cluster.now,
        )
        turn = Turn(self.store, Lease(LEASE, lambda: self.passed))
        records = Records(self.store)
        self.rechecker = Rechecker(turn, self.watching, self.facts, self.verdicts, records, policy, lambda: cluster.now, page=2)

    async def _pause(self, _operation: str) -> None:
        self.operations += 1
        if self.dies_after is not None and self.operations > self.dies_after:
            raise KilledError

    async def run(self) -> None:
        await self.rechecker.run()

    async def judgement(self, order: OrderHead, klient: WatchedKlient | None = None) -> Judgement:
        at = self.cluster.now
        return judgement_of(await self.facts.current(), POLICY, question_of(order_of(order), klient, at), at)

    async def give_klient(self, order: OrderHead, klient: WatchedKlient, number: int = 1) -> None:
        """Record the verdict of a Klient's check, as the consumer of orders does."""
        judged, now = await self.judgement(order, klient), self.cluster.now
        party = Party(id=klient.id, name=klient.id)
        check = KlientCheck(klient=party, number=number, assessment=judged.assessment(order.id), given_at=now)

        def decide(verdict: OrderVerdict | None) -> tuple[OrderVerdict, list[Message]]:
            assert verdict is not None
            return verdict, verdict.judge_klient(check)

        await self.verdicts.apply_one(Change(order.id, decide))
        await self.watching.update({order.id: klient_checked(order, klient)})

    async def give(self, order: OrderHead, stage: Stage = Stage.INTERESSE, number: int = 1) -> None:
        """Record the verdict of a check, as the consumer of orders does."""
        cluster = self.cluster
        judged = await self.judgement(order)
        check = Check(number=number, stage=stage, assessment=judged.assessment(order.id), given_at=cluster.now)

        def decide(verdict: OrderVerdict | None) -> tuple[OrderVerdict, list[Message]]:
            if verdict is None:
                return OrderVerdict.give_first(order.id, (order.customer, order.provider), check)
            return verdict, verdict.give(check)

        await self.verdicts.apply_one(Change(order.id, decide))
        await self.watching.update({order.id: checked(order)})

    async def record(self, fact_id: str, **fields: Any) -> None:
        """Record the next revision of a fact, by a person."""
        revision = (await self.facts.current()).facts[fact_id][-1]
        content = {**revision.content, "rev": revision.record.rev + 1, **fields}
        await self.facts.record(lambda _: Draft(Origin.PERSON, "as a test asks", [Record(content)]))

    async def state(self, order: OrderHead) -> OrderVerdict:
        found = await self.verdicts.get(order.id)
        assert found is not None
        return found[0]


class Cluster:
    """Processes on one store, with what they have published."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Document]] = {}
        self.now = AT
        self.publisher = RecordingPublisher()

    def process(self, policy: Policy = POLICY) -> Process:
        return Process(self, policy)

    def changed(self) -> list[VerdictChanged]:
        """Return the changed verdicts published so far, repeats of one event left out."""
        found = {event.id: event for event in self.publisher.events if event.type == VerdictChanged.TYPE}
        return [VerdictChanged.model_validate_json(event.body) for event in found.values()]

    def klienten_changed(self) -> list[KlientVerdictChanged]:
        """Return the changed verdicts on Klienten published so far, repeats of one event left out."""
        found = {event.id: event for event in self.publisher.events if event.type == KlientVerdictChanged.TYPE}
        return [KlientVerdictChanged.model_validate_json(event.body) for event in found.values()]

    def stored(self, collection: str) -> list[Document]:
        return list(self.documents.get(collection, {}).values())

    def watched(self, order: OrderHead) -> Watched:
        return Watched.of(self.documents[WATCHED.name][order.id])


@pytest.fixture
async def cluster() -> Cluster:
    """Three orders that are free, judged once by the re-check without finding anything else."""
    cluster = Cluster()
    process = cluster.process()
    facts = [Record({"rev": 1, **fact}) for fact in CONTENT.values()]
    documents = [Record({"rev": 1, **document}) for document in EVIDENCE.values()]
    await process.facts.record(lambda _: Draft(Origin.REFERENCE, "from two cases", facts, documents))
    for order in (HUSUMS, SACHSENS, BAYERNS):
        await process.give(order)
    await process.run()
    assert cluster.changed() == []
    assert {cluster.watched(order).new for order in (HUSUMS, SACHSENS, BAYERNS)} == {None}
    return cluster


@pytest.fixture
def process(cluster: Cluster) -> Process:
    return cluster.process()


async def test_a_member_that_leaves_changes_the_verdicts_that_rest_on_it_and_no_others(
    cluster: Cluster, process: Process
) -> None:
    await process.record("rel-DE-SN-fitko", valid_to="2026-03-01")
    await process.run()
    (event,) = cluster.changed()
    assert (event.order_id, event.check, event.stage) == (SACHSENS.id, 1, Stage.INTERESSE)
    assert (event.before, event.assessment.verdict, event.because) == (Verdict.EXEMPT, Verdict.NOT_EXEMPT, ChangeReason.FACTS)
    assert event.assessment.decisive.reason
    (stored,) = cluster.stored(RECORDS.name)
    assert (stored["_id"], stored["because"], stored["order_id"]) == (event.assessment.record, "FACTS", SACHSENS.id)
    state = await process.state(SACHSENS)
    assert (state.last.assessment.verdict, state.current.verdict) == (Verdict.EXEMPT, Verdict.NOT_EXEMPT)
    await process.run()
    assert len(cluster.changed()) == 1, "the same again is nothing new"


async def test_a_fact_that_changes_no_verdict_sends_nothing(cluster: Cluster, process: Process) -> None:
    await process.record("act-komm_one-2025", entrusted=9400000000)
    await process.run()
    assert (cluster.changed(), cluster.stored(RECORDS.name)) == ([], [])


async def test_only_orders_whose_bodies_are_connected_with_the_fact_are_judged(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []

    def noted(recorded: Any, policy: Policy, question: Question, at: datetime) -> str:
        judged.append(question.customer)
        return mark_of(recorded, policy, question, at)

    monkeypatch.setattr("services.eligibility.recheck.runner.mark_of", noted)
    await process.record("act-komm_one-2025", entrusted=9400000000)
    await process.run()
    assert judged == [HUSUMS.customer.id]


async def test_evidence_that_is_withdrawn_counts_like_the_fact_that_cites_it(cluster: Cluster, process: Process) -> None:
    withdrawn = Record({**EVIDENCE["ev-rel-komm_one-govdigital"], "rev": 2, "withdrawn": True})
    await process.facts.record(lambda _: Draft(Origin.PERSON, "forged", [], [withdrawn]))
    await process.run()
    (event,) = cluster.changed()
    assert (event.order_id, event.assessment.verdict) == (HUSUMS.id, Verdict.NO_EVIDENCE)
    assert "EVIDENCE_MISSING" in {rule.code for rule in event.assessment.rules or ()}


async def test_the_same_verdict_for_other_reasons_is_another_verdict(cluster: Cluster, process: Process) -> None:
    await process.record("rel-komm_one-govdigital", valid_to="2026-03-01")
    await process.run()
    await process.record("rel-010540056056-itvsh", joint_influence=False)
    await process.run()
    assert [event.assessment.verdict for event in cluster.changed()] == [Verdict.NOT_EXEMPT] * 2
    first, second = cluster.changed()
    assert first.assessment.rules != second.assessment.rules


async def test_a_day_changes_a_verdict_without_any_new_fact(cluster: Cluster, process: Process) -> None:
    cluster.now = datetime(2027, 6, 30, 21, 59, tzinfo=UTC)
    await process.run()
    assert cluster.changed() == []
    cluster.now += timedelta(minutes=2)
    await process.run()
    assert {(event.order_id, event.because, event.assessment.verdict) for event in cluster.changed()} == {
        (order.id, ChangeReason.CALENDAR, Verdict.NO_EVIDENCE) for order in (HUSUMS, SACHSENS, BAYERNS)
    }
    assert {event.assessment.as_of.isoformat() for event in cluster.changed()} == {"2027-07-01"}, "the day in Germany"


async def test_running_contracts_are_followed_and_ended_ones_are_not(cluster: Cluster, process: Process) -> None:
    await process.watching.update({SACHSENS.id: reached(SACHSENS, Phase.RUNNING), BAYERNS.id: reached(BAYERNS, Phase.ENDED)})
    await process.watching.update({BAYERNS.id: reached(BAYERNS, Phase.RUNNING)})
    assert cluster.watched(BAYERNS).phase is Phase.ENDED, "what has ended stays ended, whatever comes late"
    await process.record("act-fitko-2025", entrusted=0)
    await process.run()
    assert [event.order_id for event in cluster.changed()] == [SACHSENS.id]
    cluster.now = datetime(2027, 7, 1, 9, 0, tzinfo=UTC)
    await process.run()
    assert BAYERNS.id not in {event.order_id for event in cluster.changed()}


BUNDLED = head("bundled", "itvsh", "komm_one", Channel.GOVDIGITAL)
KLIENT = WatchedKlient(id=HUSUM)


async def test_the_verdict_on_a_klient_is_followed_beside_that_on_its_buendler(cluster: Cluster, process: Process) -> None:
    await process.give(BUNDLED)
    await process.give_klient(BUNDLED, KLIENT)
    await process.watching.update({BUNDLED.id: reached(BUNDLED, Phase.RUNNING)})
    await process.run()
    assert cluster.klienten_changed() == []
    before = (await process.judgement(BUNDLED, KLIENT)).answer.verdict.name
    await process.record("rel-010540056056-itvsh", valid_to="2026-03-01")
    await process.run()
    (event,) = cluster.klienten_changed()
    assert (event.order_id, event.klient.id, event.check, event.because) == (BUNDLED.id, HUSUM, 1, ChangeReason.FACTS)
    assert (event.before.value, event.assessment.verdict) == (before, Verdict.NOT_EXEMPT)
    assert {it.leg for it in event.assessment.findings if it.verdict is Verdict.NOT_EXEMPT} == {"L3"}
    assert BUNDLED.id not in {it.order_id for it in cluster.changed()}, "the chain of the Buendler is as it was"
    await process.run()
    assert len(cluster.klienten_changed()) == 1, "the same again is nothing new"


async def test_a_klient_that_has_left_or_was_checked_anew_gets_no_news_of_before(cluster: Cluster, process: Process) -> None:
    await process.give(BUNDLED)
    await process.give_klient(BUNDLED, KLIENT)
    await process.run()
    await process.watching.update({BUNDLED.id: klient_left(HUSUM)})
    await process.record("rel-010540056056-itvsh", valid_to="2026-03-01")
    await process.give_klient(BUNDLED, KLIENT, number=2)
    await process.run()
    assert cluster.klienten_changed() == []


async def test_klienten_of_a_version_that_followed_none_are_adopted(cluster: Cluster, process: Process) -> None:
    await process.give(BUNDLED)
    await process.give_klient(BUNDLED, KLIENT)
    await process.store.delete(WATCHED, [BUNDLED.id])
    cluster.now += timedelta(days=1)
    await process.run()
    assert [it.id for it in cluster.watched(BUNDLED).klienten] == [HUSUM]


async def test_a_new_check_replaces_what_was_found_without_one(cluster: Cluster, process: Process) -> None:
    await process.record("rel-DE-SN-fitko", valid_to="2026-03-01")
    await process.run()
    await process.record("rel-DE-SN-fitko", valid_to=None)
    await process.give(SACHSENS, number=2)
    state = await process.state(SACHSENS)
    assert (state.replaced_by, state.current.verdict) == (None, Verdict.EXEMPT)
    await process.run()
    assert len(cluster.changed()) == 1


async def test_a_fact_that_comes_between_a_check_and_its_being_followed_is_not_missed(cluster: Cluster, process: Process) -> None:
    late = head("late", "DE-SN", "DE-NW", Channel.FITKO)
    await process.give(late)
    await process.store.delete(WATCHED, [late.id])
    await process.record("rel-DE-SN-fitko", valid_to="2026-03-01")
    await process.run()
    assert [event.order_id for event in cluster.changed()] == [SACHSENS.id]
    await process.watching.update({late.id: checked(late)})
    await process.run()
    assert {event.order_id for event in cluster.changed()} == {SACHSENS.id, late.id}


async def test_orders_of_a_version_before_are_adopted(cluster: Cluster, process: Process) -> None:
    await process.store.delete(WATCHED, [SACHSENS.id])
    cluster.now += timedelta(days=1)
    await process.run()
    assert (cluster.watched(SACHSENS).phase, cluster.changed()) == (Phase.OPEN, [])
    await process.record("rel-DE-SN-fitko", valid_to="2026-03-01")
    await process.run()
    assert [event.order_id for event in cluster.changed()] == [SACHSENS.id]


async def test_an_order_that_cannot_be_judged_holds_up_no_other_and_is_tried_again_on_the_next_day(
    cluster: Cluster, process: Process
) -> None:
    await process.watching.update({LEFT_OUT.id: checked(LEFT_OUT)})
    await process.record("rel-DE-SN-fitko", valid_to="2026-03-01")
    await process.run()
    assert [event.order_id for event in cluster.changed()] == [SACHSENS.id]
    assert (cluster.watched(LEFT_OUT).new, cluster.watched(LEFT_OUT).found) == (None, None)
    await process.facts.record(lambda _: Draft(Origin.PERSON, "founded", [Record({"rev": 1, **CONTENT[HUSUM], "id": "nobody"})]))
    cluster.now += timedelta(days=1)
    await process.run()
    assert cluster.watched(LEFT_OUT).found is not None


async def test_other_rules_count_once_no_process_with_the_old_ones_comes_any_more(cluster: Cluster, process: Process) -> None:
    strict = cluster.process(STRICT)
    await strict.run()
    cluster.now += SETTLED - timedelta(seconds=1)
    await process.run()
    await strict.run()
    cluster.now += SETTLED - timedelta(seconds=1)
    await strict.run()
    assert cluster.changed() == []
    cluster.now += timedelta(seconds=1)
    await strict.run()
    (event,) = cluster.changed()
    assert (event.order_id, event.because, event.assessment.verdict) == (HUSUMS.id, ChangeReason.RULES, Verdict.RISK)


async def test_one_process_at_a_time_and_the_next_one_when_it_has_gone(cluster: Cluster, process: Process) -> None:
    other = cluster.process()
    await process.record("rel-DE-SN-fitko", valid_to="2026-03-01")
    claimed = await process.rechecker.turn.claim()
    assert claimed is not None
    await other.run()
    other.passed += LEASE.total_seconds() - 1
    await other.run()
    assert cluster.changed() == []
    other.passed += 1
    await other.run()
    assert len(cluster.changed()) == 1
    assert cluster.documents[RECHECK_PROGRESS.name]["orders"]["holder"] is None


async def test_a_process_that_lives_is_not_taken_over(cluster: Cluster, process: Process) -> None:
    other = cluster.process()
    claimed = await process.rechecker.turn.claim()
    assert claimed is not None
    for _ in range(3):
        assert await other.rechecker.turn.claim() is None
        other.passed += LEASE.total_seconds() - 1
        claimed = await process.rechecker.turn.save(claimed)


@pytest.mark.slow
async def test_a_crash_after_any_step_loses_no_verdict_and_publishes_none_twice(cluster: Cluster, process: Process) -> None:
    await process.record("rel-DE-SN-fitko", valid_to="2026-03-01")
    before = {name: dict(documents) for name, documents in cluster.documents.items()}
    points = 0
    while True:
        cluster.documents.clear()
        cluster.documents.update({name: dict(documents) for name, documents in before.items()})
        cluster.publisher.events.clear()
        dying = cluster.process()
        await dying.facts.current()
        dying.operations, dying.dies_after = 0, points
        try:
            await dying.run()
        except KilledError:
            points += 1
        else:
            break
        successor = cluster.process()
        await successor.run()
        successor.passed += LEASE.total_seconds()
        await successor.run()
        cluster.now += timedelta(seconds=1)
        await successor.verdicts.outbox.relay(timedelta(0))
        events = cluster.changed()
        assert [event.order_id for event in events] == [SACHSENS.id], points
        records = {document["_id"] for document in cluster.stored(RECORDS.name)}
        assert records == {events[0].assessment.record}, points
        assert (await successor.state(SACHSENS)).current.verdict is Verdict.NOT_EXEMPT
        assert cluster.watched(SACHSENS).found is not None
        assert cluster.documents[RECHECK_PROGRESS.name]["orders"]["walk"] is None
    assert points > 20


async def test_how_far_it_is_behind_shows_in_a_metric(cluster: Cluster, process: Process) -> None:
    await process.run()
    assert BEHIND._value.get() == 0
    await process.record("rel-DE-SN-fitko", valid_to="2026-03-01")
    other = cluster.process().rechecker.turn
    claimed = await other.claim()
    assert claimed is not None
    cluster.now += timedelta(minutes=10)
    await process.run()
    assert BEHIND._value.get() == 599, "the entry is dated a second after the one before it"
    await other.release(claimed)
    await process.run()
    assert BEHIND._value.get() == 0
    assert await other.claim() is not None
    cluster.now = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    await process.run()
    assert BEHIND._value.get() == 10 * 3600, "since midnight in Germany"


async def test_a_decision_beside_the_verdict_ends_when_another_one_is_found(cluster: Cluster, process: Process) -> None:
    await process.record("rel-DE-SN-fitko", valid_to="2026-03-01")
    await process.run()
    state = await process.state(SACHSENS)
    decided = Override(
        check=1,
        verdict=Verdict.EXEMPT,
        verdict_hash=state.current.hash,
        decision=Decision.PROCEED,
        by="fred",
        role=Role.ANBIETER,
        at=cluster.now,
        reason="Der Beitritt zum neuen Träger ist beschlossen.",
        valid_until=AT.date() + timedelta(days=500),
    )
    (event,) = state.override(decided)
    assert isinstance(event, VerdictOverridden)
    assert event.override.verdict is Verdict.NOT_EXEMPT, "it stands beside the verdict that counts"
    assert state.override_in_force(AT.date()) is not None
    assert state.recheck is not None
    state.recheck = state.recheck.model_copy(update={"found_at": AT + timedelta(days=1)})
    assert state.override_in_force(AT.date()) is None


async def test_a_glance_finds_what_the_whole_answer_says(process: Process) -> None:
    state = await process.facts.current()
    for order in (HUSUMS, SACHSENS, BAYERNS, head("fitko", HUSUM, "komm_one", Channel.FITKO)):
        for policy in (POLICY, STRICT):
            question = question_of(order_of(order), None, AT)
            judged = judgement_of(state, policy, question, AT)
            core = judged.answer.core
            free = [rules.anbieter for rules in policy.rules.channels.values() if Channel(rules.anbieter) in judged.allowed]
            expected = digest({"verdict": core["verdict"], "rules": core["rules"], "free": free})
            assert mark_of(state, policy, question, AT) == expected


async def test_the_contract_that_an_order_runs_under_is_the_one_that_it_goes_on_with(world: World) -> None:
    followed = head("goes-on", HUSUM, "komm_one", Channel.GOVDIGITAL)
    first, second = derived_id("contract", "1"), derived_id("contract", "2")
    number = {"order": followed, "at": AT, "contract_number": "GD/2026/0001"}
    contracted = OrderContracted(**number, contract_id=first)
    continued = OrderContinued(**number, contract_id=second, former_contract_id=first, valid_from=AT.date())
    for seq, message in enumerate((contracted, continued, OrderEnded(order=followed, at=AT)), 1):
        cause = Cause(derived_id("event", str(seq)), message.TYPE, f"/ordering/{followed.id}", seq, correlation_id=followed.id)
        assert await world.service.consumers[0].handle([Received(message, followed.id, cause, AT)]) == []
        document = await world.store.get(WATCHED, followed.id)
        assert document is not None
        assert document["contract_id"] == (first if message is contracted else second)
    await world.store.delete(WATCHED, [followed.id])


async def test_open_orders_and_running_contracts_are_followed_until_they_end(world: World) -> None:
    followed = head("followed", HUSUM, "komm_one", Channel.GOVDIGITAL)
    contract = {"contract_id": derived_id("contract"), "contract_number": "GD/2026/0001"}

    async def shown_after(message: OrderEvent, seq: int) -> tuple[str, bool | None, bool | None]:
        cause = Cause(derived_id("event", str(seq)), message.TYPE, f"/ordering/{followed.id}", seq, correlation_id=followed.id)
        assert await world.service.consumers[0].handle([Received(message, followed.id, cause, AT)]) == []
        document = await world.store.get(WATCHED, followed.id)
        assert document is not None
        return document["phase"], document["open"], document["new"]

    assert await shown_after(InterestDeclared(order=followed, at=AT, check=1), 1) == ("OPEN", True, True)
    contracted = OrderContracted(order=followed, at=AT, **contract)
    assert await shown_after(contracted, 3) == ("RUNNING", True, True)
    assert await shown_after(OrderEnded(order=followed, at=AT), 4) == ("ENDED", None, None)
    assert await shown_after(contracted, 3) == ("ENDED", None, None), "a repeat does not bring it back"
    await world.store.delete(WATCHED, [followed.id])
