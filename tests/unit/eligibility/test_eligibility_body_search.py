"""Finding one's body: by key, the nearest name first, without umlauts, with a typing error."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.eligibility.body_search import BodyIndex
from services.eligibility.published import published_bodies
from shared.messages.values import OrganisationType

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture(name="index", scope="module")
def _index() -> BodyIndex:
    documents = [it for kind in published_bodies(DATA).values() for it in kind]
    return BodyIndex(it for it in documents if it["same_as"] is None)


def first(index: BodyIndex, text: str) -> str | None:
    hits, _ = index.search(text, None, None, None, 10)
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
        ("tubingen", "084160041041"),
        ("Tuebingen", "084160041041"),
        ("Tübingen", "084160041041"),
        ("kommone", "komm_one"),
        ("Komm.ONE", "komm_one"),
        ("Nordsee-Treene", "010545492000"),
        ("Amt Nordsee-Treene", "010545492000"),
        ("Tübinegn", "084160041041"),
        ("dataprot", "dataport"),
    ],
)
def test_the_nearest_body_comes_first(index: BodyIndex, text: str, body: str) -> None:
    assert first(index, text) == body


def test_what_is_like_nothing_is_not_found(index: BodyIndex) -> None:
    assert index.search("xyzzy", None, None, None, 10) == ([], None)
    assert index.search("99999999", None, None, None, 10) == ([], None)


def test_all_words_of_the_query_count(index: BodyIndex) -> None:
    assert index.search("husum xyzzy", None, None, None, 10) == ([], None)


def test_pages_follow_each_other_without_a_gap(index: BodyIndex) -> None:
    whole, end = index.search("neu", OrganisationType.KOMMUNE, None, None, 10_000)
    assert end is None
    seen: list[str] = []
    place = None
    while True:
        page, place = index.search("neu", OrganisationType.KOMMUNE, None, place, 37)
        seen += page
        if place is None:
            break
    assert seen == whole
    assert len(whole) == len(set(whole)) > 100


def test_without_a_text_all_bodies_of_a_kind_are_listed(index: BodyIndex) -> None:
    lands, _ = index.search("", OrganisationType.LAND, None, None, 100)
    assert len(lands) == 16
