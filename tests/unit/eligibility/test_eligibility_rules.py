"""The rules of the in-house pre-check, one scenario each. Vocabulary: legs L1, L2; rules R1, R3, R6, R7, R12."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from services.eligibility.rules import Accreditation, Confirmation, Evidence, Facts, IndirectJoint, RelationType, assess, worst
from services.eligibility.rules.paths import shortest
from shared.messages.eligibility import Assessment
from shared.messages.values import AccreditationState, Channel, Role, Verdict
from tests.unit.eligibility.world import (
    ALL,
    BODIES,
    DATAPORT,
    HUSUM,
    IT_NRW,
    ITVSH,
    ITVSH_GROUP,
    KDO,
    KOMM_ONE,
    LAENDER,
    POLICY,
    STATEMENT,
    TODAY,
    accredited,
    facts,
    relation,
    request,
)


def rules(assessment: Assessment) -> list[tuple[str, str, str, Verdict]]:
    return [(f.leg, f.rule, f.code, f.verdict) for f in assessment.findings]


def test_a_kommune_with_confirmed_statement_and_accreditation_is_exempt_at_govdigital() -> None:
    assessment = assess(request(), ALL)
    assert assessment.verdict is Verdict.EXEMPT
    assert rules(assessment) == [
        ("L2", "R12", "CHANNEL_OPEN", Verdict.EXEMPT),
        ("L2", "R12", "ACCREDITED", Verdict.EXEMPT),
        ("L2", "R3", "INDIRECT_JOINT_ACCEPTED", Verdict.EXEMPT),
        ("L1", "R6", "INVERSE", Verdict.EXEMPT),
    ]
    assert assessment.rule_set == "gwb108-2016"
    assert assessment.allowed_channels == (Channel.GOVDIGITAL,)
    way = assessment.findings[2]
    assert way.facts[0] == "Husum, Stadt -> IT-Verbund Schleswig-Holstein (Träger seit 01.01.2012)"
    assert way.evidence == (f"ev-{HUSUM}-itvsh", "ev-itvsh-dataport", "ev-dataport-govdigital")


def test_a_land_buys_from_another_land_through_fitko() -> None:
    assessment = assess(request(Channel.FITKO, "DE-SN", "DE-NW"), ALL)
    assert assessment.verdict is Verdict.EXEMPT
    assert [(f.rule, f.code) for f in assessment.findings][2:] == [("R3", "JOINT_CONTROL"), ("R6", "INVERSE")]


def test_a_kommune_is_refused_at_fitko_and_told_where_to_order() -> None:
    assessment = assess(request(Channel.FITKO, HUSUM, "it_nrw"), facts(*ALL.relations, relation("it_nrw", "govdigital")))
    first = assessment.findings[0]
    assert assessment.verdict is Verdict.NOT_EXEMPT
    assert (first.leg, first.rule, first.code) == ("L2", "R12", "CHANNEL_EXCLUDES_TYPE")
    assert assessment.decisive is first
    assert assessment.allowed_channels == (Channel.GOVDIGITAL,)
    assert first.remedy is not None
    assert "govdigital eG" in first.remedy
    assert [f.code for f in assessment.findings if f.rule == "R3"] == ["NO_RELATION"]


def test_the_remedy_names_what_is_missing_in_the_other_channel() -> None:
    first = assess(request(Channel.FITKO), facts(ITVSH, DATAPORT, KOMM_ONE, collectives=(ITVSH_GROUP,))).findings[0]
    assert first.remedy is not None
    assert "govdigital eG" in first.remedy
    assert "eigene Zugehörigkeit zu IT-Verbund Schleswig-Holstein" in first.remedy


def test_no_sentence_tells_how_the_kunde_stands_at_the_other_anbieter() -> None:
    refused = {HUSUM: (replace(ALL.accreditations[HUSUM][0], state=AccreditationState.ABGELEHNT),)}
    standings: tuple[Mapping[str, tuple[Accreditation, ...]], ...] = ({HUSUM: ()}, refused, ALL.accreditations)
    reported = [assess(request(Channel.FITKO), replace(ALL, accreditations=standing)) for standing in standings]
    assert len({assessment.findings for assessment in reported}) == 1
    assert "govdigital eG" in (reported[0].findings[0].remedy or "")
    assert {assessment.allowed_channels for assessment in reported} == {(), (Channel.GOVDIGITAL,)}


def test_the_remedy_rests_on_nothing_that_an_anbieter_has_not_confirmed() -> None:
    stated = replace(STATEMENT, confirmation=Confirmation.STATED)
    others = [one for one in ALL.relations if one is not STATEMENT]
    reported = [assess(request(Channel.FITKO), facts(*relations)).findings for relations in ((stated, *others), others)]
    assert reported[0] == reported[1]


def test_without_any_open_channel_the_remedy_is_bundling() -> None:
    first = assess(request(Channel.FITKO, HUSUM, "DE-NW"), facts(*LAENDER)).findings[0]
    assert first.remedy is not None
    assert "bündelnde Organisation" in first.remedy


@pytest.mark.parametrize("kind", ["01054", "010545439000"])
def test_kreise_and_verbaende_cannot_order_at_fitko_either(kind: str) -> None:
    assert assess(request(Channel.FITKO, kind, "DE-NW"), ALL).findings[0].code == "CHANNEL_EXCLUDES_TYPE"


def test_a_kommune_cannot_provide_through_fitko() -> None:
    assessment = assess(request(Channel.FITKO, "DE-SN", HUSUM), ALL)
    assert ("L1", "R12", "CHANNEL_EXCLUDES_TYPE", Verdict.NOT_EXEMPT) in rules(assessment)


@pytest.mark.parametrize(
    ("held", "code", "verdict"),
    [
        (None, "NOT_REGISTERED", Verdict.NO_EVIDENCE),
        ((), "NOT_ACCREDITED", Verdict.NO_EVIDENCE),
        ((accredited(Channel.FITKO),), "NOT_ACCREDITED", Verdict.NO_EVIDENCE),
        ((accredited(role=Role.BEREITSTELLER),), "NOT_ACCREDITED", Verdict.NO_EVIDENCE),
        ((accredited(state=AccreditationState.BEANTRAGT),), "NOT_ACCREDITED", Verdict.NO_EVIDENCE),
        ((accredited(state=AccreditationState.IN_PRUEFUNG),), "NOT_ACCREDITED", Verdict.NO_EVIDENCE),
        ((accredited(state=AccreditationState.RUECKFRAGE),), "NOT_ACCREDITED", Verdict.NO_EVIDENCE),
        ((accredited(state=AccreditationState.ABGELEHNT),), "ACCREDITATION_REFUSED", Verdict.NOT_EXEMPT),
        ((accredited(state=AccreditationState.ENTZOGEN),), "ACCREDITATION_REFUSED", Verdict.NOT_EXEMPT),
        ((accredited(state=AccreditationState.ABGELAUFEN),), "ACCREDITATION_EXPIRED", Verdict.NO_EVIDENCE),
        ((accredited(valid_to=TODAY),), "ACCREDITATION_EXPIRED", Verdict.NO_EVIDENCE),
        ((accredited(valid_to=date(2026, 3, 3)),), "ACCREDITED", Verdict.EXEMPT),
        ((accredited(valid_from=date(2026, 3, 3)),), "ACCREDITATION_NOT_YET_VALID", Verdict.NO_EVIDENCE),
        ((accredited(role=Role.BUENDELNDE_ORGANISATION),), "ACCREDITED", Verdict.EXEMPT),
        (
            (accredited(state=AccreditationState.ENTZOGEN), accredited(role=Role.BUENDELNDE_ORGANISATION)),
            "ACCREDITED",
            Verdict.EXEMPT,
        ),
    ],
)
def test_accreditation_is_the_evidence_of_standing(held: tuple[Accreditation, ...] | None, code: str, verdict: Verdict) -> None:
    known = replace(ALL, accreditations={} if held is None else {HUSUM: held})
    assessment = assess(request(), known)
    assert (assessment.findings[1].code, assessment.findings[1].verdict) == (code, verdict)
    assert assessment.verdict is verdict
    assert (assessment.findings[1].remedy is None) == (verdict is Verdict.EXEMPT)


def test_of_two_accreditations_the_one_of_that_day_counts() -> None:
    held = (
        accredited(valid_to=date(2026, 2, 1)),
        accredited(id="later", state=AccreditationState.ENTZOGEN, valid_from=date(2026, 2, 1)),
    )
    assert assess(request(), replace(ALL, accreditations={HUSUM: held})).decisive.code == "ACCREDITATION_REFUSED"


def test_no_accreditation_is_asked_for_where_the_policy_asks_for_none() -> None:
    asked = replace(request(), policy=replace(POLICY, customer_roles=()))
    assert assess(asked, replace(ALL, accreditations={})).verdict is Verdict.EXEMPT


class TestDates:
    @pytest.mark.parametrize(
        ("valid_from", "valid_to", "verdict"),
        [
            (TODAY, None, Verdict.EXEMPT),
            (date(2026, 3, 3), None, Verdict.NOT_EXEMPT),
            (None, date(2026, 3, 3), Verdict.EXEMPT),
            (None, TODAY, Verdict.NOT_EXEMPT),
        ],
    )
    def test_a_relation_counts_from_its_first_day_and_no_longer_on_its_end(
        self, valid_from: date | None, valid_to: date | None, verdict: Verdict
    ) -> None:
        dated = replace(DATAPORT, valid_from=valid_from, valid_to=valid_to)
        assessment = assess(request(), facts(STATEMENT, ITVSH, dated, KOMM_ONE))
        assert assessment.verdict is verdict
        if verdict is Verdict.NOT_EXEMPT:
            assert assessment.decisive.code == "NO_RELATION"
            assert "Dataport -> govdigital eG" in assessment.decisive.facts[0]

    @pytest.mark.parametrize(
        ("evidence", "code"),
        [
            ((Evidence("e", "Liste", valid_to=TODAY),), "EVIDENCE_EXPIRED"),
            ((Evidence("e", "Liste", valid_from=date(2026, 3, 3)),), "EVIDENCE_NOT_YET_VALID"),
            ((), "EVIDENCE_MISSING"),
        ],
    )
    def test_a_relation_without_valid_evidence_is_no_evidence(self, evidence: tuple[Evidence, ...], code: str) -> None:
        assessment = assess(request(), facts(STATEMENT, ITVSH, replace(DATAPORT, evidence=evidence), KOMM_ONE))
        assert (assessment.verdict, assessment.decisive.code) == (Verdict.NO_EVIDENCE, code)
        assert assessment.decisive.remedy is not None

    def test_one_valid_document_among_expired_ones_is_enough(self) -> None:
        documents = (Evidence("old", "Liste", valid_to=TODAY), Evidence("new", "Liste", valid_from=TODAY))
        assert (
            assess(request(), facts(STATEMENT, ITVSH, replace(DATAPORT, evidence=documents), KOMM_ONE)).verdict is Verdict.EXEMPT
        )

    def test_a_proven_detour_beats_a_shorter_unproven_way(self) -> None:
        shortcut = replace(relation(HUSUM, "govdigital"), confirmation=Confirmation.STATED)
        assert assess(request(), replace(ALL, relations=(*ALL.relations, shortcut))).verdict is Verdict.EXEMPT


class TestStatements:
    def test_a_statement_that_no_anbieter_has_confirmed_is_no_evidence(self) -> None:
        stated = replace(STATEMENT, confirmation=Confirmation.STATED)
        assessment = assess(request(), facts(stated, ITVSH, DATAPORT, KOMM_ONE))
        assert (assessment.verdict, assessment.decisive.code) == (Verdict.NO_EVIDENCE, "STATEMENT_NOT_CONFIRMED")

    def test_membership_of_a_group_alone_asks_for_the_own_statement(self) -> None:
        assessment = assess(request(), facts(ITVSH, DATAPORT, KOMM_ONE, collectives=(ITVSH_GROUP,)))
        assert (assessment.verdict, assessment.decisive.code) == (Verdict.NO_EVIDENCE, "COLLECTIVE_ONLY")
        assert "eigene Zugehörigkeit zu IT-Verbund Schleswig-Holstein" in (assessment.decisive.remedy or "")

    def test_the_group_of_another_land_does_not_help(self) -> None:
        other = replace(ITVSH_GROUP, region="02")
        assert assess(request(), facts(ITVSH, DATAPORT, KOMM_ONE, collectives=(other,))).verdict is Verdict.NOT_EXEMPT

    def test_a_group_is_of_kommunen_and_kreise_only(self) -> None:
        known = facts(ITVSH, DATAPORT, KOMM_ONE, collectives=(ITVSH_GROUP,), accreditations={"010545439000": (accredited(),)})
        assert assess(request(customer="010545439000"), known).verdict is Verdict.NOT_EXEMPT


class TestPolicy:
    def test_strict_policy_turns_indirect_control_into_a_risk(self) -> None:
        assessment = assess(request(indirect=IndirectJoint.STRICT), ALL)
        assert (assessment.verdict, assessment.decisive.code) == (Verdict.RISK, "INDIRECT_JOINT_DISPUTED")
        assert assessment.allowed_channels == ()

    def test_one_body_in_between_makes_control_indirect(self) -> None:
        known = facts(relation(HUSUM, "dataport"), DATAPORT, KOMM_ONE)
        assert assess(request(), known).findings[2].code == "INDIRECT_JOINT_ACCEPTED"
        assert assess(request(), facts(relation(HUSUM, "govdigital"), KOMM_ONE)).findings[2].code == "JOINT_CONTROL"

    def test_strict_policy_leaves_direct_control_alone(self) -> None:
        assert assess(request(Channel.FITKO, "DE-SN", "DE-NW", indirect=IndirectJoint.STRICT), ALL).verdict is Verdict.EXEMPT

    def test_strict_policy_judges_an_indirect_bereitsteller_alike(self) -> None:
        direct = relation(HUSUM, "govdigital")
        assessment = assess(request(provider="itvsh", indirect=IndirectJoint.STRICT), facts(direct, ITVSH, DATAPORT))
        assert [(f.leg, f.code, f.verdict) for f in assessment.findings][-1] == ("L1", "INDIRECT_JOINT_DISPUTED", Verdict.RISK)


class TestProvider:
    def test_a_bereitsteller_without_relation_is_not_exempt(self) -> None:
        assessment = assess(request(), facts(STATEMENT, ITVSH, DATAPORT))
        assert rules(assessment)[-1] == ("L1", "R6", "NO_RELATION", Verdict.NOT_EXEMPT)

    def test_a_bereitsteller_that_belongs_to_a_member_is_a_half_sister(self) -> None:
        assessment = assess(request(provider="kdo_service"), ALL)
        assert rules(assessment)[-1] == ("L1", "R7", "HALF_SISTER", Verdict.RISK)
        assert assessment.verdict is Verdict.RISK

    def test_the_worst_leg_decides(self) -> None:
        assessment = assess(request(provider="kdo_service"), replace(ALL, accreditations={}))
        assert assessment.verdict is Verdict.NO_EVIDENCE

    def test_the_part_of_a_land_stands_for_the_land(self) -> None:
        assert assess(request(Channel.FITKO, "DE-SN", "it_nrw"), facts(*LAENDER, IT_NRW)).verdict is Verdict.EXEMPT

    def test_membership_held_by_a_part_is_direct(self) -> None:
        known = facts(
            relation(HUSUM, "it_nrw", RelationType.PART),
            relation("it_nrw", "govdigital"),
            KOMM_ONE,
            accreditations=ALL.accreditations,
        )
        assert assess(request(), known).findings[2].code == "JOINT_CONTROL"


class TestScope:
    @pytest.mark.parametrize(("customer", "code"), [("nobody", "UNKNOWN_BODY"), ("private", "NOT_AUTHORITY")])
    def test_unknown_and_private_customers_are_out_of_scope(self, customer: str, code: str) -> None:
        assessment = assess(request(customer=customer), ALL)
        assert (assessment.verdict, assessment.decisive.code) == (Verdict.OUT_OF_SCOPE, code)

    def test_an_unknown_bereitsteller_is_out_of_scope(self) -> None:
        assert assess(request(provider="nobody"), ALL).verdict is Verdict.OUT_OF_SCOPE

    def test_nothing_known_at_all_is_out_of_scope(self) -> None:
        assert assess(request(), Facts()).verdict is Verdict.OUT_OF_SCOPE


class TestOrder:
    def test_not_exempt_is_the_worst_and_exempt_the_best(self) -> None:
        order = [Verdict.NOT_EXEMPT, Verdict.OUT_OF_SCOPE, Verdict.NO_EVIDENCE, Verdict.RISK, Verdict.EXEMPT]
        for position, verdict in enumerate(order):
            assert worst(reversed(order[position:])) is verdict

    def test_same_facts_in_any_order_give_the_same_result(self) -> None:
        expected = assess(request(), ALL)
        relations = list(ALL.relations)
        for seed in range(20):
            random.Random(seed).shuffle(relations)  # noqa: S311 - order, no secret
            shuffled = replace(ALL, relations=tuple(relations), bodies=dict(reversed(BODIES.items())))
            assert assess(request(), shuffled).model_dump_json() == expected.model_dump_json()

    def test_every_finding_that_stands_in_the_way_says_what_would_help(self) -> None:
        for customer in BODIES:
            for provider in BODIES:
                for channel in Channel:
                    for finding in assess(
                        request(channel, customer, provider), replace(ALL, collectives=(ITVSH_GROUP,))
                    ).findings:
                        assert (finding.remedy is None) == (finding.verdict is Verdict.EXEMPT), finding


class TestPaths:
    def test_circles_end(self) -> None:
        circle = (relation("a", "b"), relation("b", "c"), relation("c", "a"))
        assert shortest("a", "z", circle) is None
        assert [step.target for step in shortest("a", "c", circle) or ()] == ["b", "c"]

    def test_circles_of_parts_end(self) -> None:
        circle = (relation("a", "b", RelationType.PART), relation("b", "a", RelationType.PART), relation("b", "c"))
        way = shortest("a", "c", circle)
        assert way is not None
        assert [step.type for step in way] == [RelationType.PART, RelationType.MEMBER]

    def test_of_two_shortest_ways_the_first_by_name_is_taken(self) -> None:
        ways = (relation("a", "y"), relation("y", "z"), relation("a", "b"), relation("b", "z"))
        assert [step.target for step in shortest("a", "z", ways) or ()] == ["b", "z"]

    def test_a_body_does_not_reach_itself(self) -> None:
        assert shortest("a", "a", (relation("a", "b"), relation("b", "a"))) is None

    def test_membership_is_not_crossed_backwards(self) -> None:
        assert shortest("govdigital", "kdo", KDO) is None
