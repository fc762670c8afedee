"""What everybody may read of the catalog: held by caches, asked about again, compressed, read by pages of other sites."""

from __future__ import annotations

from typing import Any

import pytest

from tests.component.catalog.conftest import GOVDIGITAL, KOMM_ONE, World

SITE = "https://portal.example.org"
PUBLIC = (
    *("/v1/offerings", "/v1/reference/topics", "/v1/reference/requirements", "/v1/reference/ozg", "/v1/reference/leika"),
    *("/v1/reference/vocabulary", "/v1/offerings/E008"),
)


@pytest.mark.parametrize("path", PUBLIC)
async def test_what_is_public_may_be_held_and_is_asked_about_by_its_tag(world: World, path: str) -> None:
    http = world.as_(None)
    first = await http.get(path)
    assert first.headers["Cache-Control"].startswith("public, max-age=")
    again = await http.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"].removeprefix("W/") == first.headers["ETag"].removeprefix("W/")
    other = await http.get(path, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.json()) == (200, first.json())


async def test_the_tag_of_an_offer_and_of_a_search_changes_with_the_offer(world: World) -> None:
    offering_id = await world.published()
    http = world.as_(None)
    paths = (f"/v1/offerings/{offering_id}", "/v1/offerings")
    tags = {path: (await http.get(path)).headers["ETag"] for path in paths}
    await world.do(GOVDIGITAL, offering_id, "suspend", reason="Wartung")
    for path, tag in tags.items():
        changed = await http.get(path, headers={"If-None-Match": tag})
        assert (changed.status_code, changed.headers["ETag"] == tag) == (200, False)


async def test_what_is_shown_to_those_in_charge_is_held_by_nobody(world: World) -> None:
    offering_id = await world.published()
    answer = await world.as_(KOMM_ONE).get(f"/v1/offerings/{offering_id}", headers={"Origin": SITE})
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers
    public = await world.as_(None).get(f"/v1/offerings/{offering_id}")
    assert "Authorization" in public.headers["Vary"]


async def test_a_long_answer_is_compressed_for_whom_takes_it_and_then_has_a_weak_tag(world: World) -> None:
    http = world.as_(None)
    plain = await http.get("/v1/offerings", params={"limit": 100}, headers={"Accept-Encoding": "identity"})
    packed = await http.get("/v1/offerings", params={"limit": 100}, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert int(packed.headers["Content-Length"]) * 3 < len(plain.content)
    assert packed.headers["ETag"] == f"W/{plain.headers['ETag']}"
    assert "Accept-Encoding" in packed.headers["Vary"]
    asked = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    held = await http.get("/v1/offerings", params={"limit": 100}, headers=asked)
    assert (held.status_code, held.headers["ETag"]) == (304, packed.headers["ETag"])
    assert held.headers["Vary"] == packed.headers["Vary"], "a cache goes on with the headers of the last answer"
    head = await http.head("/v1/offerings", params={"limit": 100}, headers={"Accept-Encoding": "gzip"})
    assert (head.content, head.headers["Content-Length"]) == (b"", packed.headers["Content-Length"])


@pytest.mark.parametrize("path", [*PUBLIC, "/v1/offerings/dcat"])
async def test_pages_of_other_sites_read_what_is_public(world: World, path: str) -> None:
    http = world.as_(None)
    asked = {"Origin": SITE, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
    before = await http.options(path, headers=asked)
    assert (before.status_code, before.headers["Access-Control-Allow-Origin"]) == (200, "*")
    answer = await http.get(path, headers={"Origin": SITE})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_other_sites_change_nothing_with_a_visitors_browser(world: World) -> None:
    for method in ("POST", "PUT", "DELETE"):
        asked = {"Origin": SITE, "Access-Control-Request-Method": method}
        assert (await world.as_(None).options("/v1/offerings", headers=asked)).status_code == 400
    refused = await world.as_(None).post("/v1/offerings", json={}, headers={"Origin": SITE})
    assert "Access-Control-Allow-Origin" not in refused.headers


async def test_the_vocabulary_has_words_for_every_code_that_an_offer_shows(world: World) -> None:
    words: dict[str, Any] = (await world.as_(None).get("/v1/reference/vocabulary")).json()
    assert words["states"]["AUSGESETZT"] == {"de": "Ausgesetzt", "en": "Suspended"}
    mine = (await world.as_(KOMM_ONE).get(f"/v1/offerings/{(await world.draft())['id']}")).json()
    assert set(mine["workflow"]["allowed_moves"]) <= set(words["commands"])
    for item in mine["price_items"]:
        assert item["kind"] in words["cost_kinds"]
        assert item["period"] in words["periods"]
        assert item["key"] in words["keys"]
    assert {move["command"] for move in words["moves"]} == set(words["commands"])
