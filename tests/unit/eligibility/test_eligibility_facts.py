"""Facts about stored verdicts: the last check counts."""

from __future__ import annotations

from services.eligibility.facts import FACTS, VerdictFact
from services.eligibility.repository import VERDICTS
from tests.support.stored import stored
from tests.unit.eligibility.test_eligibility_verdict import AT, ORDER, check, first


async def test_the_fact_of_a_verdict_is_its_last_check_and_whether_a_person_has_signed_it() -> None:
    verdict = first()
    assert FACTS[VERDICTS](await stored(VERDICTS, verdict)) == VerdictFact(ORDER, 1)
    verdict.give(check(2, risk=True))
    assert FACTS[VERDICTS](await stored(VERDICTS, verdict)) == VerdictFact(ORDER, 2)
    verdict.sign_off("chef", "Vertretbar.", AT)
    assert FACTS[VERDICTS](await stored(VERDICTS, verdict)) == VerdictFact(ORDER, 2, signed=True)
    verdict.give(check(3))
    assert FACTS[VERDICTS](await stored(VERDICTS, verdict)) == VerdictFact(ORDER, 3)
