"""Reasons of rules on the pages: in the language of the reader where their code has words, else as the service gives them."""

from __future__ import annotations

import pytest

from services.portal.apis.eligibility import Lacking
from services.portal.apis.ordering import Refusal
from services.portal.language import Language
from services.portal.rendering import said_in
from shared import reasons
from shared.messages.reasons import Fact

GERMAN = "Zwischen den beiden Seiten ist keine Inhouse-Beziehung bekannt."


def lacking(code: str | None) -> Lacking:
    """Return what is lacking, with its German sentence."""
    return Lacking(code=code, reason=GERMAN, remedy="Die Beziehung angeben.", who="KUNDE")


def test_a_reason_is_english_on_an_english_page_and_german_on_a_german_one() -> None:
    english = said_in(Language.EN, lacking("NO_RELATION"))
    known = reasons.words("NO_RELATION", (), "en")
    assert known is not None
    assert (english.lang, english.reason, english.remedy) == ("en", known.reason, known.remedy)
    german = said_in(Language.DE, lacking("NO_RELATION"))
    assert (german.lang, german.reason, german.remedy) == ("de", GERMAN, "Die Beziehung angeben.")


@pytest.mark.parametrize("code", [None, "of_tomorrow"])
def test_a_code_without_words_is_shown_in_german_and_said_to_be(code: str | None) -> None:
    found = said_in(Language.EN, lacking(code))
    assert (found.lang, found.reason) == ("de", GERMAN)


def test_the_facts_of_a_refusal_stand_in_its_sentence() -> None:
    code = next(it for it, wording in reasons.wordings("en").items() if wording.names)
    facts = tuple(Fact(name=name, text=f"<{name}>") for name in sorted(reasons.wordings("en")[code].names))
    found = said_in(Language.EN, Refusal(code=code, facts=facts, reason=GERMAN, remedy=None))
    assert found.lang == "en"
    assert all(fact.text in f"{found.reason} {found.remedy}" for fact in facts if fact.text)
