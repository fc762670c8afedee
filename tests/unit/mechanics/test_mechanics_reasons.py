"""Reasons in words: the same codes and facts in both languages, and no German where English is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from services.contracts.domain import violation_codes
from services.contracts.domain.refusal import Refusal
from services.contracts.inhouse.judged import CHANGE_NOT_EXEMPT, NOT_EXEMPT
from services.eligibility import sentences
from shared import reasons
from shared.messages.reasons import Fact

ROOT = Path(__file__).resolve().parents[3]
VIOLATIONS = {text for name, text in vars(violation_codes).items() if name.isupper()}
GERMAN, ENGLISH = reasons.wordings("de"), reasons.wordings("en")


def _codes(folder: str, pattern: str) -> Iterator[str]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield from re.findall(pattern, path.read_text(encoding="utf-8"))


def test_every_refusal_of_a_contract_has_words_in_both_languages_with_the_same_facts() -> None:
    codes = set(_codes("services/contracts", r'Refusal\.of\(\s*"(\w+)"'))
    assert len(codes) == 18
    assert codes | {NOT_EXEMPT, CHANGE_NOT_EXEMPT} | VIOLATIONS == GERMAN.keys()
    assert {code: GERMAN[code].names for code in GERMAN} == {code: ENGLISH[code].names for code in GERMAN}


def test_every_finding_of_the_in_house_check_has_english_words() -> None:
    codes = {*sentences.words("de")["codes"], *sentences.words("de")["refusals"]}
    assert {"NO_RELATION", "EVIDENCE_EXPIRED", "HALF_SISTER", "PORTAL_OK", "CHANNEL_UNKNOWN"} <= codes
    assert codes <= ENGLISH.keys()


@pytest.mark.parametrize("code", sorted(ENGLISH))
def test_english_words_hold_no_german_sentence(code: str) -> None:
    text = f"{ENGLISH[code].reason} {ENGLISH[code].remedy or ''}"
    assert not re.search(r"\b(der|die|das|ist|und|nicht|ein|eine|für|mit|wird|muss)\b|[äöüß„]", text)


@pytest.mark.parametrize("code", sorted({*GERMAN, *ENGLISH}))
def test_words_are_whole_sentences(code: str) -> None:
    for wording in (found for language in (GERMAN, ENGLISH) if (found := language.get(code)) is not None):
        assert wording.reason.endswith((".", "“.", ").")), code
        assert wording.remedy is None or wording.remedy.endswith("."), code


def test_facts_are_shown_as_the_language_writes_them() -> None:
    facts = (Fact(name="day", day=date(2026, 3, 1)), Fact(name="anbieter", text="FITKO"))
    german, english = (reasons.words("no_agb_in_force", facts, language) for language in ("de", "en"))
    assert german is not None
    assert english is not None
    assert german.reason.startswith("Am 01.03.2026 ist bei FITKO")
    assert english.reason.startswith("On 1 March 2026 no version")


def test_a_reason_whose_facts_are_not_all_there_has_no_words() -> None:
    assert reasons.words("no_agb_in_force", (Fact(name="anbieter", text="FITKO"),), "en") is None
    assert reasons.words("of_tomorrow", (), "en") is None


def test_braces_in_a_fact_stay_what_they_are() -> None:
    facts = (Fact(name="line", text="{order} {0.__class__}"), Fact(name="period", text="JAEHRLICH"))
    words = reasons.words("anbindung_not_one_off", facts, "de")
    assert words is not None
    assert "„{order} {0.__class__}“" in words.reason


def test_a_refusal_without_its_facts_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        Refusal.of("wrong_channel", order="V-1")
