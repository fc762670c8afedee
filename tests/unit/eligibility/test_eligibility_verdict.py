"""The verdicts on one order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.eligibility.domain.verdict import Check, OrderVerdict
from services.eligibility.repository import Viewer
from services.eligibility.views import VerdictView
from shared.errors import ConflictError
from shared.messages.base import Message
from shared.messages.eligibility import Assessment, Decision, Finding, Stage, VerdictGiven
from shared.messages.values import Channel, Party, Verdict

HUSUM = "010540056056"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ORDER = "0b0f5a34-6d0c-5a51-8d6d-0d6a5b1f2c3d"
PARTIES = (Party(id=HUSUM, name="Husum, Stadt"), Party(id="komm_one", name="Komm.ONE"))


def check(number: int = 1, *, risk: bool = False) -> Check:
    verdict = Verdict.RISK if risk else Verdict.EXEMPT
    code = "INDIRECT_JOINT_DISPUTED" if risk else "JOINT_CONTROL"
    assessment = Assessment(
        verdict=verdict,
        rule_set="gwb108-2016",
        as_of=AT.date(),
        channel=Channel.GOVDIGITAL,
        customer=HUSUM,
        provider="komm_one",
        findings=(Finding(leg="L2", rule="R3", code=code, verdict=verdict, reason="Geprüft."),),
    )
    return Check(number=number, stage=Stage.INTERESSE, assessment=assessment, given_at=AT)


def first(*, risk: bool = False) -> OrderVerdict:
    return OrderVerdict.give_first(ORDER, PARTIES, check(risk=risk))[0]


def given(events: list[Message]) -> VerdictGiven:
    (event,) = events
    assert isinstance(event, VerdictGiven)
    return event


def test_a_verdict_tells_its_check_and_its_grounds() -> None:
    _, events = OrderVerdict.give_first(ORDER, PARTIES, check())
    event = given(events)
    assert (event.order_id, event.check, event.stage, event.customer.id) == (ORDER, 1, Stage.INTERESSE, HUSUM)
    assert event.assessment.verdict is Verdict.EXEMPT
    assert event.signed_off_by is None


@pytest.mark.parametrize("number", [0, 1])
def test_a_check_that_was_answered_is_not_answered_again(number: int) -> None:
    verdict = first()
    assert verdict.give(check(number)) == []
    assert len(verdict.checks) == 1


def test_a_further_check_gets_a_verdict_of_its_own() -> None:
    verdict = first()
    again = given(verdict.give(check(2)))
    assert again.check == 2
    assert again.verdict_id != given(OrderVerdict.give_first(ORDER, PARTIES, check())[1]).verdict_id


def test_a_named_person_signs_a_risk_off_and_it_stays_a_risk() -> None:
    verdict = first(risk=True)
    event = given(verdict.sign_off("staff", "Gutachten vom 1.3.2026", AT))
    assert (event.assessment.verdict, event.signed_off_by, event.check) == (Verdict.RISK, "staff", 1)
    assert verdict.sign_off("other", "auch", AT) == []
    assert verdict.last.sign_off is not None
    assert verdict.last.sign_off.person == "staff"


def test_a_signature_holds_for_its_check_only() -> None:
    verdict = first(risk=True)
    verdict.sign_off("staff", "Gutachten", AT)
    assert given(verdict.give(check(2, risk=True))).signed_off_by is None


def test_only_a_risk_is_signed_off() -> None:
    with pytest.raises(ConflictError) as refused:
        first().sign_off("staff", "Gutachten", AT)
    assert refused.value.code == "nothing_to_sign"


def test_only_the_anbieter_is_told_what_can_be_decided_and_only_what_can() -> None:
    staff, own = Viewer("govdigital", Channel.GOVDIGITAL), Viewer(HUSUM)
    risk = first(risk=True)
    seen = VerdictView.of(risk, staff)
    assert (seen.to_sign, seen.decisions) == (True, [Decision.PROCEED, Decision.STOP])
    assert (VerdictView.of(risk, own).to_sign, VerdictView.of(risk, own).decisions) == (False, [])
    risk.sign_off("staff", "Gutachten", AT)
    assert not VerdictView.of(risk, staff).to_sign
    assert VerdictView.of(first(), staff).decisions == [Decision.STOP], "what is free needs nobody to let it go on"
    assert not first().to_sign


def test_an_order_that_changes_its_channel_hides_what_was_found_before_from_the_next_anbieter() -> None:
    verdict = first()
    elsewhere = check(2)
    elsewhere = elsewhere.model_copy(update={"assessment": elsewhere.assessment.model_copy(update={"channel": Channel.FITKO})})
    verdict.give(elsewhere)
    assert verdict.channel is Channel.FITKO
    seen = VerdictView.of(verdict, Viewer("fitko", Channel.FITKO))
    assert [it.assessment is not None for it in seen.checks] == [False, True]
    own = VerdictView.of(verdict, Viewer(HUSUM))
    assert [it.assessment is not None for it in own.checks] == [True, True]
    assert not Viewer("govdigital", Channel.GOVDIGITAL).sees_verdict(verdict.model_dump(mode="json"))
