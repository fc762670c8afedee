"""Lists of offers load what they show: it costs little however much the forms hold."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from services.catalog.repository import OFFERINGS
from services.catalog.schemas.table import SHEETS
from shared.http.limits import PAGE_BYTES
from tests.component.catalog.conftest import DATAPORT, FITKO, GOVDIGITAL, KOMM_ONE, KUNDE, MUSTS, World
from tests.support.loading import loaded_from, weight

LONG = "Wörter " * 1100
SMALL = 4 * 1024
LARGE: dict[str, Any] = {
    "technical_concept": LONG,
    "nachnutzung": LONG,
    "requirements": [{"id": must, "fulfilment": "ERFUELLT", "note": LONG} for must in MUSTS[:40]]
    + [{"id": must, "fulfilment": "ERFUELLT"} for must in MUSTS[40:]],
}


@pytest.mark.slow
@pytest.mark.parametrize(("who", "view"), [(KOMM_ONE, "bereitsteller"), (GOVDIGITAL, "anbieter")])
@pytest.mark.parametrize("by_state", [False, True])
async def test_a_work_list_shows_large_offers_and_loads_little_of_them(
    world: World, who: str, view: str, *, by_state: bool
) -> None:
    offering_id = await world.published(**LARGE)
    whole = (await world.as_(who).get(f"/v1/offerings/{offering_id}")).json()
    stored = await world.store.get(OFFERINGS, offering_id) or {}
    query = {"view": view, **({"state": whole["state"]} if by_state else {})}
    with loaded_from(world.store) as loaded:
        (item,) = (await world.as_(who).get("/v1/my/offerings", params=query)).json()["items"]
    shown = {"id", "title", "provider", "state", "version", "changed_at"}
    assert {name: item[name] for name in shown} == {name: whole[name] for name in shown}
    workflow = whole["workflow"]
    assert {name: item[name] for name in ("wished_channels", "submitted_at", "allowed_moves")} == {
        name: workflow[name] for name in ("wished_channels", "submitted_at", "allowed_moves")
    }
    assert (item["rev"], item["channels"]) == (stored["rev"], [listing["channel"] for listing in whole["channels"]])
    assert weight(stored) > 100_000
    assert [weight(document) < SMALL for document in loaded] == [True]


async def test_the_search_finds_the_long_texts_and_keeps_none_of_them(world: World) -> None:
    offering_id = await world.published(**{**LARGE, "nachnutzung": "Einzigartigerbegriff " * 300})
    with loaded_from(world.store) as loaded:
        (card,) = (await world.search(q="einzigartiger"))["items"]
    whole = (await world.as_(None).get(f"/v1/offerings/{offering_id}")).json()
    channels = [listing["channel"] for listing in whole["channels"]]
    shown = {"channels": channels, "providers": [whole["provider"]], "yearly_cents": None, "highlights": None, "offered_here": []}
    assert card == {name: whole.get(name) for name in card} | shown
    (document,) = [document for document in loaded if document["_id"] == offering_id and "form" in document]
    searched = sum(len(whole[name].encode()) for name in ("technical_concept", "nachnutzung", "summary"))
    assert weight(document) < SMALL + searched + sum(len(str(item)) for item in whole["price_items"])
    assert not {"requirements", "parameters", "documents"} & document["form"].keys()


async def test_a_page_of_large_results_ends_by_its_bytes_and_the_next_goes_on(world: World) -> None:
    first = await world.published(summary="ä" * 8000)
    document = await world.store.get(OFFERINGS, first) or {}
    ids = sorted(f"{n:08x}-0000-4000-8000-000000000000" for n in range(150))
    await world.store.insert_many(OFFERINGS, [{**document, "_id": offering_id} for offering_id in ids])
    seen: list[str] = []
    sizes: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await world.as_(None).get("/v1/offerings", params={"kind": "offering", "limit": 200, **cursor})
        page = answer.json()
        assert page["total"] == len(ids) + 1
        seen += [card["id"] for card in page["items"]]
        sizes.append(len(answer.content))
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(seen) == sorted([first, *ids])
    assert len(sizes) == 3
    assert max(sizes) < PAGE_BYTES + 32 * 1024


async def names(world: World, token: str = GOVDIGITAL, **query: str) -> list[str]:
    answer = await world.as_(token).get("/v1/my/offerings", params=query)
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


async def test_a_list_is_narrowed_by_words_and_a_short_page_leads_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await world.published(title="Führerschein, Umtausch")
    await world.published(title="Wohngeld")
    await world.published(title="Wohnsitz anmelden")
    assert await names(world, q="wohn") == ["Wohnsitz anmelden", "Wohngeld"]
    assert await names(world, q="FUEHRER komm_one") == ["Führerschein, Umtausch"]
    assert await names(world, q=first[:8]) == ["Führerschein, Umtausch"]
    assert await names(world, q="10169 wohngeld", state="VEROEFFENTLICHT") == ["Wohngeld"]
    assert await names(world, q="wohn 99108001") == ["Wohnsitz anmelden", "Wohngeld"], "the LeiKa key of the form"
    assert await names(world, q="OZG 10169 wohngeld") == await names(world, q="leika-99108001 wohngeld") == ["Wohngeld"]
    assert await names(world, q="99.108.001 - wohn") == ["Wohnsitz anmelden", "Wohngeld"], "signs between words do not matter"
    assert await names(world, q="wohn", state="AUSGESETZT") == []
    assert await names(world, KOMM_ONE, q="anmelden") == ["Wohnsitz anmelden"]
    monkeypatch.setattr("services.catalog.repository.SCANNED", 1)
    page = (await world.as_(GOVDIGITAL).get("/v1/my/offerings", params={"q": "führer", "limit": 1})).json()
    assert (page["items"], page["next"] is None) == ([], False)
    query = {"q": "führer", "limit": 1, "cursor": page["next"]}
    page = (await world.as_(GOVDIGITAL).get("/v1/my/offerings", params=query)).json()
    assert [item["id"] for item in page["items"]] == [first]


async def test_a_list_is_a_table_too_for_those_alone_who_may_list_it(world: World) -> None:
    await world.published(title="=cmd|' /C calc'!A0", channels=["govdigital", "fitko"])
    await world.published(title="Wohngeld")
    answer = await world.as_(FITKO).get("/v1/my/offerings", params={"limit": 1}, headers={"Accept": "text/csv"})
    assert (answer.status_code, answer.headers["vary"]) == (200, "Accept, Accept-Language")
    heads, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";")
    assert tuple(heads) == SHEETS["de"].columns
    shown = {head: [row[number] for row in rows] for number, head in enumerate(heads)}
    assert (shown["Leistung"], shown["Stand"]) == (["'=cmd|' /C calc'!A0"], ["Veröffentlicht"])
    assert shown["Wartet auf Sie seit"] == ["2026-11-24 10:00"]
    english = {"Accept": "text/csv", "Accept-Language": "en-GB, de;q=0.5"}
    answer = await world.as_(FITKO).get("/v1/my/offerings", headers=english)
    assert answer.headers["content-disposition"] == 'attachment; filename="offers.csv"'
    heads, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";")
    assert (tuple(heads), row[heads.index("State")]) == (SHEETS["en"].columns, "Published")
    for token, expected in ((GOVDIGITAL, 2), (KOMM_ONE, 2), (DATAPORT, 0)):
        whole = await world.as_(token).get("/v1/my/offerings", params={"limit": 1}, headers={"Accept": "text/csv"})
        assert whole.text.count("\r\n") - 1 == expected, token
    assert (await world.as_(KUNDE).get("/v1/my/offerings", headers={"Accept": "text/csv"})).status_code == 403
    assert (await world.as_(None).get("/v1/my/offerings", headers={"Accept": "text/csv"})).status_code == 401
