"""The routing table decides every message type, and tells whom it should."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from services.notify.app import ROUTING, load_routing
from services.notify.domain.facts import Audience, facts_of
from services.notify.domain.routing import Routing
from shared.messages import (
    contracts,
    contracts_chain,
    contracts_changes,
    contracts_statements,
    eligibility,
    notify,
    ordering,
    ordering_notices,
)
from shared.messages.base import Message
from shared.messages.eligibility import ChangeReason, Stage
from shared.messages.ordering import OrderParty
from shared.messages.values import OrderState, Verdict
from shared.topics import (
    ARCHIVE_CHECKPOINTS,
    AWARDS,
    CHECKPOINTS,
    KNOWN_SERVICES,
    NOTIFY,
    PARTNERS,
    PORTAL_HEALTH,
    PROVISIONS,
    QUARANTINE,
    RIGHTS,
    TOPICS,
    subscribed,
)
from tests.support.builders.events import (
    AT,
    CUSTOMER,
    EXAMPLES,
    NUMBER,
    POINT,
    PROVIDER,
    QUESTION,
    REASON,
    assessment,
    head,
)

routing = load_routing()
HEARD = {kind for topic in subscribed(NOTIFY) for kind in topic.messages}


def reported(message: Message) -> dict[str, str]:
    return routing.recipients(message.TYPE, facts_of(message).parties)


def test_every_type_on_the_topics_of_notify_is_routed_or_silent_with_a_reason() -> None:
    assert routing.undecided(HEARD) == []


def test_a_new_message_type_is_reported_as_undecided() -> None:
    class ExampleForRouting(Message):
        TYPE = "ordering.order.example-for-routing.v1"

    assert routing.undecided([*HEARD, ExampleForRouting]) == ["ordering.order.example-for-routing.v1"]


def test_the_table_names_nothing_that_notify_does_not_hear() -> None:
    assert routing.routes.keys() | routing.silent.keys() == {kind.TYPE for kind in HEARD}


def test_notify_hears_every_business_message_but_what_programs_alone_read() -> None:
    every = {kind for topic in TOPICS for kind in topic.messages}
    catalog_alone = (PROVISIONS, KNOWN_SERVICES, CHECKPOINTS, PORTAL_HEALTH)
    read_by_programs = (*catalog_alone, PARTNERS, QUARANTINE, AWARDS, RIGHTS, ARCHIVE_CHECKPOINTS)
    for_programs = {kind for topic in read_by_programs for kind in topic.messages}
    assert every - HEARD - for_programs == {
        ordering.ContractRequested,
        ordering_notices.NoticeRequested,
        notify.NotificationDelivered,
        notify.NotificationFailed,
    }
    assert HEARD.isdisjoint(for_programs)


def test_there_is_an_example_of_every_routed_type() -> None:
    assert {message.TYPE for message in EXAMPLES} == routing.routes.keys()


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_every_example_may_know_to_somebody(message: Message) -> None:
    assert reported(message)


def table(**changes: Any) -> dict[str, Any]:
    return {**json.loads(ROUTING.read_text(encoding="utf-8")), **changes}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"routes": {"ordering.order.imagined.v1": {"KUNDE": "x"}}}, "no such message type"),
        ({"routes": {"ordering.order.contracted.v1": {"KUNDE": "x"}}}, "both routed and silent"),
        ({"routes": {"ordering.order.placed.v1": {}}}, "at least 1 item"),
        ({"routes": {"ordering.order.placed.v1": {"NACHBAR": "x"}}}, "Input should be"),
        ({"silent": {"ordering.order.check-requested.v1": "so"}}, "at least 20 characters"),
    ],
)
def test_a_table_that_contradicts_itself_or_names_the_unknown_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Routing.model_validate(table(**changes))


def test_an_organisation_with_several_parts_may_know_once_by_the_first_route() -> None:
    same = ordering.MilestoneReached(order=head(provider=CUSTOMER), at=AT, milestone="test", label="Testlauf", open_milestones=0)
    assert reported(same) == {CUSTOMER.id: "milestone-reached"}


@pytest.mark.parametrize(
    ("asker", "expected"),
    [
        (OrderParty.KUNDE, {PROVIDER.id}),
        (OrderParty.BEREITSTELLER, {CUSTOMER.id}),
        (OrderParty.ANBIETER, {CUSTOMER.id, PROVIDER.id}),
    ],
)
def test_a_question_may_know_to_the_other_side(asker: OrderParty, expected: set[str]) -> None:
    assert reported(ordering.QuestionAsked(**QUESTION, asked_by=asker)).keys() == expected


def test_an_answer_may_know_to_the_side_that_asked() -> None:
    assert reported(ordering.QuestionAnswered(**QUESTION, answered_by=OrderParty.KUNDE)).keys() == {PROVIDER.id}


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (OrderParty.KUNDE, {CUSTOMER.id}),
        (OrderParty.BEREITSTELLER, {PROVIDER.id}),
        (OrderParty.ANBIETER, {"govdigital"}),
        (OrderParty.SYSTEM, set()),
    ],
)
def test_a_new_point_may_know_to_whoever_it_belongs_to(owner: OrderParty, expected: set[str]) -> None:
    assert reported(ordering.PointAdded(**POINT, owner=owner)).keys() == expected


@pytest.mark.parametrize(
    ("verdict", "expected"), [(Verdict.NO_EVIDENCE, {CUSTOMER.id}), (Verdict.RISK, {CUSTOMER.id, "govdigital"})]
)
def test_a_risk_may_know_to_the_anbieter_who_must_answer_for_it(verdict: Verdict, expected: set[str]) -> None:
    assert reported(ordering.CheckRecorded(order=head(), at=AT, assessment=assessment(verdict))).keys() == expected


@pytest.mark.parametrize("forwarded", [True, False])
def test_another_verdict_may_know_to_all_who_know_of_the_vorgang(*, forwarded: bool) -> None:
    changed = ordering.OrderVerdictChanged(
        order=head(OrderState.WEITERGELEITET if forwarded else OrderState.INTERESSE_BEKUNDET),
        at=AT,
        stage=Stage.INTERESSE,
        before=Verdict.EXEMPT,
        because=ChangeReason.FACTS,
        assessment=assessment(Verdict.NO_EVIDENCE),
    )
    expected = {CUSTOMER.id: "verdict-changed", "govdigital": "verdict-changed-anbieter"}
    assert reported(changed) == (expected | {PROVIDER.id: "verdict-changed-provider"} if forwarded else expected)


def test_a_contract_may_know_to_all_three_parties_each_in_their_own_words() -> None:
    (message,) = [example for example in EXAMPLES if isinstance(example, contracts.ContractConcluded)]
    assert reported(message) == {
        CUSTOMER.id: "contract-concluded",
        PROVIDER.id: "contract-concluded-provider",
        "govdigital": "contract-concluded-anbieter",
    }


def test_the_end_of_a_contract_is_told_to_both_sides_and_the_anbieter() -> None:
    ends = [it for it in EXAMPLES if isinstance(it, contracts_chain.ContractTerminated | contracts_chain.ContractEnded)]
    assert [set(reported(it)) for it in ends] == [{CUSTOMER.id, "govdigital"}] * 2


def test_a_statement_is_told_to_who_pays_also_without_a_contract() -> None:
    (message,) = [it for it in EXAMPLES if isinstance(it, contracts_statements.StatementOwed)]
    bearing = message.statement.model_copy(update={"contract_id": None, "contract_number": None})
    for told in (message, message.model_copy(update={"statement": bearing})):
        assert reported(told) == {CUSTOMER.id: "statement-issued"}
    assert facts_of(message).subject.id == message.statement.contract_id
    assert facts_of(message.model_copy(update={"statement": bearing})).subject.id == bearing.offering_id


def test_an_offered_contract_is_a_task_of_the_anbieter_and_news_for_the_kunde() -> None:
    offered, signed, *_ = (example for example in EXAMPLES if isinstance(example, contracts_chain.ChainEvent))
    assert reported(offered) == {CUSTOMER.id: "contract-offered", "govdigital": "contract-to-sign"}
    assert reported(signed) == {"govdigital": "contract-to-release"}


def test_a_successor_that_the_anbieter_has_not_released_comes_to_nothing_for_it_alone() -> None:
    (refused,) = [it for it in EXAMPLES if isinstance(it, contracts_changes.SuccessionRefused)]
    assert reported(refused).keys() == {CUSTOMER.id, "govdigital"}
    assert reported(refused.model_copy(update={"offered": False})).keys() == {"govdigital"}


def test_a_bereitstellungsvertrag_is_a_task_of_the_anbieter_alone_and_its_refusal_news_for_the_bereitsteller() -> None:
    root = [
        it for it in EXAMPLES if isinstance(it, contracts_chain.ChainEvent) and it.contract.leg is contracts.Leg.BEREITSTELLUNG
    ]
    offered, signed, refused = root
    assert reported(offered) == {"govdigital": "contract-to-sign"}
    assert reported(signed) == {"govdigital": "contract-to-release"}
    assert reported(refused) == {PROVIDER.id: "provision-refused"}
    head = refused.contract.model_copy(update={"state": contracts_chain.ChainState.ZURUECKGEZOGEN})
    assert reported(refused.model_copy(update={"contract": head})) == {}


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (None, {CUSTOMER.id}),
        (Stage.INTERESSE, {CUSTOMER.id}),
        (Stage.BESTELLUNG, {CUSTOMER.id, PROVIDER.id, "govdigital"}),
    ],
)
def test_a_refusal_may_know_to_those_who_know_of_the_vorgang_at_its_stage(stage: Stage | None, expected: set[str]) -> None:
    refused = ordering.OrderRefused(order=head(), at=AT, code="R12", reason=REASON, stage=stage)
    assert reported(refused).keys() == expected


@pytest.mark.parametrize("forwarded", [True, False])
def test_the_end_of_an_interest_may_know_to_a_bereitsteller_only_if_they_were_told_of_the_interest(*, forwarded: bool) -> None:
    withdrawn = ordering.OrderWithdrawn(order=head(), at=AT, forwarded=forwarded)
    expired = ordering.OrderExpired(order=head(), at=AT, forwarded=forwarded)
    assert (PROVIDER.id in reported(withdrawn)) is forwarded
    assert (PROVIDER.id in reported(expired)) is forwarded
    assert CUSTOMER.id in reported(expired)


def test_an_accreditation_is_asked_of_the_anbieter_and_its_decision_told_to_the_organisation() -> None:
    whom = {type(message): set(reported(message)) for message in EXAMPLES if message.TYPE.startswith("eligibility.")}
    assert whom[eligibility.AccreditationRequested] == {"govdigital"}
    assert whom[eligibility.AccreditationQueried] == {CUSTOMER.id}
    assert whom[eligibility.AccreditationAnswered] == {"govdigital"}
    assert whom[eligibility.AccreditationDecided] == {CUSTOMER.id}


def test_nobody_may_know_of_a_silent_type_by_accident() -> None:
    silent = ordering.OrderContracted(order=head(), at=AT, contract_id=head().id, contract_number="GD/2026/0007")
    assert silent.TYPE in routing.silent
    assert type(silent) not in routing.handled
    verdict = eligibility.VerdictGiven(
        verdict_id=head().id,
        order_id=head().id,
        stage=eligibility.Stage.INTERESSE,
        check=1,
        customer=CUSTOMER,
        assessment=assessment(Verdict.EXEMPT),
        given_at=AT,
    )
    with pytest.raises(TypeError, match="nobody is told"):
        facts_of(verdict)


def test_every_part_in_the_table_is_one_that_some_event_has() -> None:
    parts = {part for message in EXAMPLES for part in facts_of(message).parties}
    assert parts == set(Audience)
    assert facts_of(EXAMPLES[-1]).parameters.order_number is None
    assert facts_of(ordering.WentLive(order=head(), at=AT)).parameters.order_number == NUMBER
