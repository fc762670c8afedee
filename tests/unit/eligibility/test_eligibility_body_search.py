"""Finding one's body: by key, the nearest name first, without umlauts, with a typing error."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.eligibility.body_search import BodyIndex, BodyQuery, Place
from services.eligibility.published import published_bodies
from services.eligibility.reforms import reforms
from shared.messages.values import OrganisationType
from shared.search.index import Found, Match, TextIndex
from shared.search.lexicon import read_lexicon

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture(name="index", scope="module")
def _index() -> BodyIndex:
    documents = [it for kind in published_bodies(DATA).values() for it in kind]
    successors = {it.key: it.successor for it in reforms(DATA).given_up if it.successor is not None}
    return BodyIndex((it for it in documents if it["same_as"] is None), read_lexicon(DATA), successors)


def first(index: BodyIndex, text: str, near: str = "") -> str | None:
    hits = index.search(BodyQuery(text, near=near), None, 10).ids
    return hits[0] if hits else None


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("München", "091620000000"),
        ("Berlin", "DE-BE"),
        ("Hamburg", "DE-HH"),
        ("010540056056", "010540056056"),
        ("01054056", "010540056056"),
        ("01 0 54 0056 056", "010540056056"),
        ("DE-SN", "DE-SN"),
        ("de-sn", "DE-SN"),
        ("Landkreis München", "09184"),
        ("01054", "01054"),
        ("01054000", "01054"),
        ("010540000000", "01054"),
        ("01", "DE-SH"),
        ("010000000000", "DE-SH"),
        ("010545492", "010545492000"),
        ("160615012002", "160615051002"),
        ("16061097", "160615051119"),
        ("072325005096", "072325005503"),
        ("tubingen", "084160041041"),
        ("Tuebingen", "084160041041"),
        ("Tübingen", "084160041041"),
        ("kommone", "komm_one"),
        ("Komm.ONE", "komm_one"),
        ("Nordsee-Treene", "010545492000"),
        ("Amt Nordsee-Treene", "010545492000"),
        ("Tübinegn", "084160041041"),
        ("dataprot", "dataport"),
        ("Stadt Husum", "010540056056"),
        ("Stadtverwaltung Husum", "010540056056"),
        ("Landratsamt München", "09184"),
        ("Frankfurt a.M.", "064120000000"),
        ("St. Augustin", "053820056056"),
        ("Neustadt an der Aisch", "095750153153"),
        ("Neustadt Aisch", "095750153153"),
        ("Landkreis Stade", "03359"),
        ("Kreis Stade", "03359"),
        ("LK Stade", "03359"),
        ("Stade", "033590038038"),
        ("Weissenburg in Bayern", "095770177177"),
        ("NRW", "DE-NW"),
        ("M\u0075\u0308nchen", "091620000000"),
    ],
)
def test_the_nearest_body_comes_first(index: BodyIndex, text: str, body: str) -> None:
    assert first(index, text) == body


@pytest.mark.parametrize(
    "text", ["Husum Nordfriesland", "Nordfriesland Husum", "Husum Schleswig-Holstein", "Stadt Husum Kreis Nordfriesland"]
)
def test_a_town_is_found_by_its_name_and_what_it_lies_in(index: BodyIndex, text: str) -> None:
    assert index.search(BodyQuery(text), None, 10).ids == ["010540056056"]


@pytest.mark.parametrize(
    "text",
    [" ".join("abcdefghijklmnopqrstuvwxyz" * 2)[:100], "Berlin am " + " ".join("a" * 45), "Husum " * 16, "a b c d e f g h"],
)
def test_a_text_of_many_words_is_looked_for_a_few_times_only(
    index: BodyIndex, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    matched: list[str] = []
    match = TextIndex.match

    def counted(self: TextIndex, query: str) -> Match | None:
        matched.append(query)
        return match(self, query)

    monkeypatch.setattr(TextIndex, "match", counted)
    index.search(BodyQuery(text), None, 10)
    assert len(matched) <= 3


def test_what_is_like_nothing_is_not_found(index: BodyIndex) -> None:
    for text in ("xyzzy", "99999999"):
        page = index.search(BodyQuery(text), None, 10)
        assert (page.ids, page.place) == ([], None)


def test_all_words_of_the_query_count(index: BodyIndex) -> None:
    assert index.search(BodyQuery("husum xyzzy"), None, 10).ids == []


def test_of_towns_of_one_name_the_nearest_comes_first(index: BodyIndex) -> None:
    in_hessen, in_sachsen = "065340016016", "146280260260"
    assert first(index, "Neustadt", near="06534") == in_hessen
    assert first(index, "Neustadt", near="146280010010") == in_sachsen


def test_a_typing_error_is_put_right_and_asked_about(index: BodyIndex) -> None:
    page = index.search(BodyQuery("Tübinegn"), None, 10)
    assert (page.understood, page.meant) == (Found.CORRECTED, "Tübingen")
    assert index.search(BodyQuery("Tübingen"), None, 10).meant is None


def test_a_kind_of_body_alone_lists_those_of_that_kind_first(index: BodyIndex) -> None:
    page = index.search(BodyQuery("Landkreis", state_code="SH"), None, 11)
    assert all(len(body_id) == 5 for body_id in page.ids)


def test_pages_follow_each_other_without_a_gap(index: BodyIndex) -> None:
    asked = BodyQuery("neu", OrganisationType.KOMMUNE)
    whole = index.search(asked, None, 10_000)
    assert whole.place is None
    seen: list[str] = []
    place: Place | None = None
    while True:
        page = index.search(asked, place, 37)
        seen += page.ids
        place = page.place
        if place is None:
            break
    assert seen == whole.ids
    assert len(whole.ids) == len(set(whole.ids)) > 100


def test_without_a_text_all_bodies_of_a_kind_are_listed(index: BodyIndex) -> None:
    assert len(index.search(BodyQuery("", OrganisationType.LAND), None, 100).ids) == 16
