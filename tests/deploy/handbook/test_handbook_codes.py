"""Every code that the source can give out is explained in the handbook, with the HTTP status that it really has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.generate import handbook, handbook_codes
from deploy.generate.codes import codes
from deploy.generate.handbook_codes import API, TEXTS, Language, code_table, code_texts

PAGES: dict[Language, str] = {"de": "codes.md", "en": "codes.en.md"}
GERMAN = re.compile(
    r"\b(?:der|das|den|dem|und|ist|sind|nicht|ein|eine|einen|mit|wird|oder|von|auf|sich|kein|keine)\b", re.IGNORECASE
)
SPAN = re.compile(r"`[^`]*`")
ASIDE = re.compile(r"`[^`]*`|\]\([^)]*\)")
every_language = pytest.mark.parametrize("language", TEXTS)

SOURCE = """
from http import HTTPStatus
NAMED = "by_a_constant"

class OddError(MarktplatzError):
    code = "of_a_class"
    status = 418

class OddestError(OddError):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail, status=451, code=code)

class ChildError(OddError):
    pass

@dataclass
class Reason:
    place: str
    code: str

def tell(detail, code): ...

def work(flag):
    if flag:
        raise OddError("text", code="by_keyword")
    if other:
        raise ChildError("text", code=NAMED)
    if more:
        raise OddestError("by_position", "text")
    tell("text", "to_a_function")
    yield Reason("there", "of_a_dataclass")
    yield problem(HTTPStatus.CONFLICT, code="one_of_two" if flag else "other_of_two")
    yield Delayed(code=f"number_{flag}")
    code = flag or "as_a_fallback"
    return 422, "of_a_tuple", "text"

STATUSES = {404: "of_a_table"}
TEXT = tell("no code", "No Code.")
"""


@pytest.fixture(scope="module")
def found() -> dict[str, set[int]]:
    return codes()


def test_every_way_to_give_out_a_code_is_seen(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(SOURCE)
    assert codes([tmp_path / "odd.py"]) == {
        "of_a_class": {418},
        "by_keyword": {418},
        "by_a_constant": {418},
        "by_position": {451},
        "to_a_function": set(),
        "of_a_dataclass": set(),
        "one_of_two": {409},
        "other_of_two": {409},
        "number_NNN": set(),
        "as_a_fallback": set(),
        "of_a_tuple": {422},
        "of_a_table": {404},
    }


@every_language
def test_every_code_of_the_source_is_explained_once_and_no_other(found: dict[str, set[int]], language: Language) -> None:
    explained = [code for rows in code_texts(language).values() for code in rows]
    assert sorted(explained) == sorted(found)


def test_every_code_of_an_answer_has_its_status(found: dict[str, set[int]]) -> None:
    assert {code for code in code_texts("de")[API] if not found[code]} == set()
    known = {"aggregate_too_large": {422}, "sequence_jump": {422}, "outbox_full": {503}, "body_too_large": {413}}
    known |= {"token_missing": {401}, "if_match_invalid": {400}, "illegal_move": {409}, "request_timeout": {408}}
    assert {code: found[code] for code in known} == known


@every_language
@pytest.mark.parametrize("change", ["missing", "left_over"])
def test_a_code_without_a_text_and_a_text_without_its_code_are_refused(
    monkeypatch: pytest.MonkeyPatch, found: dict[str, set[int]], change: str, language: Language
) -> None:
    seen = {**found, "brand_new": {422}} if change == "missing" else {code: found[code] for code in found if code != "invalid"}
    monkeypatch.setattr(handbook_codes, "codes", lambda: seen)
    named = "brand_new" if change == "missing" else "invalid"
    with pytest.raises(KeyError, match=rf"{re.escape(TEXTS[language])} .*: {named}"):
        code_table(API, language)


@every_language
def test_the_page_shows_every_code(language: Language) -> None:
    page = (handbook.FOLDER / PAGES[language]).read_text(encoding="utf-8")
    assert [code for rows in code_texts(language).values() for code in rows if f"| `{code}` |" not in page] == []


def test_both_languages_have_the_same_codes_in_the_same_places_and_order() -> None:
    german, english = ([(part, list(rows)) for part, rows in code_texts(language).items()] for language in TEXTS)
    assert german == english


def test_a_code_names_the_same_settings_commands_and_fields_in_both_languages() -> None:
    german, english = code_texts("de"), code_texts("en")
    differing = [
        (code, SPAN.findall(text), SPAN.findall(other))
        for part, rows in german.items()
        for code, texts in rows.items()
        for text, other in zip(texts, english[part][code], strict=True)
        if sorted(SPAN.findall(text)) != sorted(SPAN.findall(other))
    ]
    assert differing == []


def test_no_english_text_is_german_or_empty() -> None:
    texts = [text for rows in code_texts("en").values() for pair in rows.values() for text in pair]
    assert [text for text in texts if not text.strip() or GERMAN.search(ASIDE.sub("", text))] == []


def test_most_german_texts_would_be_found_among_the_english_ones() -> None:
    whole = [" ".join(pair) for rows in code_texts("de").values() for pair in rows.values()]
    assert sum(bool(GERMAN.search(ASIDE.sub("", text))) for text in whole) > 0.8 * len(whole)


def test_both_pages_have_the_same_rows_and_lead_to_each_other() -> None:
    german, english = ((handbook.FOLDER / name).read_text(encoding="utf-8") for name in PAGES.values())
    shown = re.compile(r"^\| (`\w+` \|(?: [\d, ]+ \|)?)", re.MULTILINE)
    assert shown.findall(german) == shown.findall(english)
    assert "](codes.en.md)" in german
    assert "](codes.md)" in english
