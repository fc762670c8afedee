"""Folding, stems, compounds, phrases, typing errors and marks of the search index."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.search.compounds import Splitter
from shared.search.index import MOST_WORDS, Found, Level, TextIndex, Zone
from shared.search.lexicon import Lexicon
from shared.search.words import fold, words

SPLITTER = Splitter(
    ["Wohngeld Antrag Schiff Bau Register Handwerk Rolle Karte Markt Ausweis Person Kraftfahrzeug Zulassung Auto"]
)
LEXICON = Lexicon(
    abbreviations={("a", "d"): "an der", ("st",): "Sankt", ("kfz",): "Kraftfahrzeug"},
    everyday={("auto",): ("Kraftfahrzeug",), ("hartz", "iv"): ("Arbeitslosengeld II",)},
    fillers=frozenset({"antrag", "an", "der"}),
    shown=("Auto", "Hartz IV"),
    beginnings=frozenset({"a", "st", "kfz"}),
)


def index(*titles: str) -> TextIndex:
    made = TextIndex(LEXICON, SPLITTER)
    made.put_all((title, ((Zone.TITLE, title),)) for title in titles)
    return made


def found(made: TextIndex, query: str) -> list[str]:
    match = made.match(query)
    return [] if match is None else sorted(match.hits, key=lambda it: (match.hits[it].place, it))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Führer", "fuehrer"), ("FÜHRER", "fuhrer"), ("Straße", "STRASSE"), ("Bäder", "Baeder"), ("Café", "cafe"), ("Öl", "oel")],
)
def test_spellings_of_one_word_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other) == fold(unicodedata.normalize("NFD", one))


def test_different_words_stay_different() -> None:
    assert fold("Bau") != fold("Bauer")
    assert fold("Gemeinde") != fold("Gemeinden")


@given(st.text(alphabet="aäoöuüsßeBFÜ ", max_size=30))
def test_umlauts_written_out_fold_as_umlauts(text: str) -> None:
    written_out = text
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ü", "Ue"), ("ß", "ss")):
        written_out = written_out.replace(umlaut, letters)
    assert fold(written_out) == fold(text)


@given(st.text())
def test_words_are_folded_hold_letters_and_digits_only_and_say_where_they_stand(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    for word in words(text):
        assert word.folded
        assert not any(it.isspace() or it in "-_.,;:/()\"'*" for it in word.folded + word.stem)
        assert composed[word.start : word.end] == word.shown


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_and_no_query_breaks_the_index(text: str, query: str) -> None:
    made = index(text)
    match = made.match(query)
    if match is not None and made.marked(text, match):
        assert "".join(piece.text for piece in made.marked(text, match)) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "query", ['"', "a OR", "title : x", "(", "NEAR(a b)", "* ^", "{title}: x", "-", "\x00", "'; DROP TABLE texts"]
)
def test_signs_of_the_query_language_are_plain_text(query: str) -> None:
    assert found(index("Wohngeld"), query) == []


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("Baugenehmigung", "Baugenehmigungen"),
        ("Wochenmärkte", "Wochenmarkt"),
        ("Wohngeld", "Wohngeldantrag"),
        ("Schiffs- und Schiffsbauregister", "Schiffsregister"),
        ("Handwerksrolle und -karte", "Handwerkskarte"),
        ("Personenausweis", "Ausweise"),
        ("Spezialmärkte", "Markt"),
        ("Online-Dienst", "Onlinedienst"),
        ("Onlinedienst", "Online-Dienst"),
        ("Kraftfahrzeugzulassung", "Kfz"),
        ("Kraftfahrzeugzulassung", "Auto"),
        ("Kraftfahrzeugzulassung", "Autozulassung"),
        ("Arbeitslosengeld II", "Hartz IV"),
        ("Neustadt a.d.Aisch", "neustadt an der aisch"),
        ("Sankt Augustin", "St. Augustin"),
        ("Führerschein", "fuhr"),
    ],
)
def test_what_is_meant_is_found(title: str, query: str) -> None:
    made = index(title, "Elternzeit", "Hafen")
    assert found(made, query) == [title]
    match = made.match(query)
    assert match is not None
    assert match.found is Found.ALL


def test_a_town_behind_a_comma_is_no_saint() -> None:
    assert found(index("Landau, St"), "Sankt") == []


def test_every_word_of_the_query_must_be_there_if_anything_has_them_all() -> None:
    made = index("Wohngeld Miete", "Wohngeld")
    assert found(made, "wohngeld miete") == ["Wohngeld Miete"]
    match = made.match("wohngeld quastenflosser")
    assert match is not None
    assert match.found is Found.SOME


def test_a_filler_need_not_be_there_but_raises_what_has_it() -> None:
    assert found(index("Wohngeld", "Antrag auf Wohngeld"), "Wohngeld Antrag")[0] == "Antrag auf Wohngeld"
    assert set(found(index("Wohngeld", "Antrag auf Wohngeld"), "Wohngeld Antrag")) == {"Wohngeld", "Antrag auf Wohngeld"}


def test_a_typing_error_is_put_right_and_shown_as_it_is_written() -> None:
    match = index("Führerschein", "Wohngeld").match("Führerschien")
    assert match is not None
    assert (match.found, match.meant, list(match.hits)) == (Found.CORRECTED, "Führerschein", ["Führerschein"])


AIR = Splitter(["Immissionsschutzgesetz Gesetz Genehmigung Erklärung Emission"])


@pytest.mark.parametrize("query", ["Immissionsschutzgenehmigung", "Immissionsschutzerklärung"])
def test_a_compound_of_known_parts_that_stands_nowhere_is_no_typing_error(query: str) -> None:
    made = TextIndex(LEXICON, AIR)
    made.put_all((title, ((Zone.TITLE, title),)) for title in ("Emissionsgenehmigung", "Emissionsschutzerklärung"))
    match = made.match(query)
    assert match is not None
    assert (match.found, match.meant) == (Found.SOME, None)


def test_what_stands_before_the_last_part_of_a_known_word_is_a_part_of_others() -> None:
    title = "Genehmigung nach dem Immissionsschutzgesetz"
    made = TextIndex(LEXICON, AIR)
    made.put_all((it, ((Zone.TITLE, it),)) for it in (title, "Emissionsgenehmigung"))
    match = made.match("Immissionsschutzgenehmigung")
    assert match is not None
    assert (match.found, list(match.hits)) == (Found.ALL, [title])


def test_a_typing_error_in_a_word_that_ends_as_a_known_one_is_put_right() -> None:
    made = TextIndex(LEXICON, AIR)
    made.put("a", ((Zone.TITLE, "Emissionsgenehmigung"),))
    match = made.match("Emisionsgenehmigung")
    assert match is not None
    assert (match.found, match.meant) == (Found.CORRECTED, "Emissionsgenehmigung")


@pytest.mark.parametrize("query", ["Führerschein B", "b führerschein", "Führerschein B1 T"])
def test_a_letter_or_two_need_not_be_found_beside_a_word(query: str) -> None:
    made = index("Führerschein", "B1 T und anderes", "Auto")
    match = made.match(query)
    assert match is not None
    assert (match.found, found(made, query)) == (Found.SOME, ["Führerschein"])


def test_a_letter_or_two_raise_what_has_them_and_stand_for_themselves_alone() -> None:
    made = index("Führerschein", "Führerschein Klasse B", "Klasse B")
    assert found(made, "Führerschein B") == ["Führerschein Klasse B"]
    assert found(made, "B") == ["Führerschein Klasse B", "Klasse B"]


def test_what_the_title_says_comes_before_what_it_is_called_and_that_before_a_mention() -> None:
    made = index("Auto", "Kraftfahrzeug")
    made.put("mention", ((Zone.TITLE, "Steuer"), (Zone.TEXT, "für ein Auto")))
    match = made.match("Auto")
    assert match is not None
    assert {it: hit.level for it, hit in match.hits.items()} == {
        "Auto": Level.NAMED,
        "Kraftfahrzeug": Level.CALLED,
        "mention": Level.MENTIONED,
    }


@pytest.mark.parametrize("query", ["LeiKa99108001", "99108001", "99 108 001", "99108001001000", "99 108 001 001 000"])
def test_numbers_are_found_with_blanks_and_by_their_beginning_only(query: str) -> None:
    made = index()
    made.put("a", ((Zone.TITLE, "Ausweis"), (Zone.KEYS, "99108001001000")))
    assert found(made, query) == ["a"]
    assert found(made, "1001") == []


def test_a_replaced_or_removed_document_leaves_nothing_behind() -> None:
    made = index("Wohngeld")
    made.put("Wohngeld", ((Zone.TITLE, "Elterngeld"),))
    assert found(made, "elterngeld") == ["Wohngeld"]
    made.remove("Wohngeld")
    made.remove("Wohngeld")
    assert found(made, "elterngeld") == []


def test_a_query_without_words_restricts_nothing() -> None:
    assert index("Wohngeld").match(" - ") is None


def test_what_was_searched_for_is_marked() -> None:
    made = index("Digitale Baugenehmigungen im Überblick")
    match = made.match("baugenehmigung uberblick")
    assert match is not None
    pieces = made.marked("Digitale Baugenehmigungen im Überblick", match)
    assert [piece.text for piece in pieces if piece.hit] == ["Baugenehmigungen", "Überblick"]


def test_of_an_endless_query_the_first_words_count() -> None:
    made = index("Wohngeld")
    assert found(made, "Wohngeld " * MOST_WORDS + "fremd") == ["Wohngeld"]
    assert found(made, "x" * 5000) == []
