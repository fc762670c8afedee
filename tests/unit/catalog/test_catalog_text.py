"""Folding, matching and ranking of the text index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.text import TextIndex, Weight, fold, tokens


@pytest.mark.parametrize(
    ("one", "other"),
    [("Führer", "fuehrer"), ("FÜHRER", "fuhrer"), ("Straße", "STRASSE"), ("Bäder", "Baeder"), ("Café", "cafe"), ("Öl", "oel")],
)
def test_spellings_of_one_word_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_different_words_stay_different() -> None:
    assert fold("Bau") != fold("Bauer")
    assert fold("Gemeinde") != fold("Gemeinden")


@given(st.text())
def test_tokens_are_folded_and_hold_only_letters_and_digits(text: str) -> None:
    for token in tokens(text):
        assert token
        assert not any(character.isspace() or character in "-_.,;:/()" for character in token)


@given(st.text(alphabet="aäoöuüsßeBFÜ ", max_size=30))
def test_umlauts_written_out_fold_as_umlauts(text: str) -> None:
    written_out = text
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ü", "Ue"), ("ß", "ss")):
        written_out = written_out.replace(umlaut, letters)
    assert fold(written_out) == fold(text)


def _index() -> TextIndex:
    index = TextIndex()
    index.put("title", [(Weight.TITLE, "Wohngeld beantragen"), (Weight.KEY, "komm_one"), (Weight.TEXT, "Miete")])
    index.put("key", [(Weight.TITLE, "Mietspiegel"), (Weight.KEY, "wohngeld"), (Weight.TEXT, "Stadt")])
    index.put(
        "text", [(Weight.TITLE, "Sozialplattform"), (Weight.KEY, "d_nrw"), (Weight.TEXT, "auch Wohngeld und Personalausweis")]
    )
    return index


def test_a_hit_in_a_higher_place_outranks_any_in_a_lower_one() -> None:
    index = _index()
    scores = index.match("wohngeld")
    assert scores is not None
    assert sorted(scores, key=lambda found: -scores[found]) == ["title", "key", "text"]
    beginning = index.match("wohn")
    assert beginning is not None
    # Even the beginning of a word in the title counts for more than the whole word among the keys.
    assert beginning["title"] > scores["key"] > scores["text"]


def test_every_word_of_the_query_must_be_held() -> None:
    index = _index()
    assert set(index.match("wohngeld miete") or {}) == {"title"}
    assert index.match("wohngeld unbekannt") == {}


def test_a_query_without_words_restricts_nothing() -> None:
    assert _index().match(" - ") is None


def test_a_part_of_a_compound_is_found_from_four_letters() -> None:
    assert set(_index().match("ausweis") or {}) == {"text"}
    assert _index().match("weis") == {"text": 10}
    assert _index().match("eis") == {}


def test_digits_are_found_by_their_beginning_only() -> None:
    index = TextIndex()
    index.put("a", [(Weight.KEY, "99108001001000")])
    assert index.match("9910") is not None
    assert set(index.match("99108001") or {}) == {"a"}
    assert index.match("1001") == {}


def test_a_replaced_or_removed_document_leaves_nothing_behind() -> None:
    index = _index()
    index.put("title", [(Weight.TITLE, "Elterngeld")])
    assert set(index.match("wohngeld") or {}) == {"key", "text"}
    index.remove("title")
    index.remove("title")
    assert index.match("elterngeld") == {}


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.text("abc ", max_size=12), max_size=6),
    st.text("abc", min_size=2, max_size=3),
)
def test_the_index_finds_what_a_plain_look_through_all_texts_finds(texts: dict[str, str], word: str) -> None:
    index = TextIndex()
    for document_id, text in texts.items():
        index.put(document_id, [(Weight.TEXT, text)])
    expected = {document_id for document_id, text in texts.items() if any(part.startswith(word) for part in text.split())}
    assert set(index.match(word) or {}) == expected
