"""Loading the real reference data, and what the API says about them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.catalog.reference import LEIKA, OZG, load_reference, read_source
from shared.errors import InvalidError
from tests.component.catalog.conftest import DATA, KOMM_ONE, World

COUNTS = {"topics": 14, "ozg": 557, "leika": 4813, "known_offerings": 39, "requirements": 26}


def _quiet(_name: str, _done: int, _total: int) -> None:
    return


@pytest.fixture
def reference_data() -> Path:
    """The whole, instead of the excerpt that other tests load."""
    return DATA


async def test_loading_twice_gives_the_same_and_writes_once(make_world: Callable[[], Any]) -> None:
    world: World = await make_world()
    reported: list[tuple[str, int, int]] = []
    assert await load_reference(world.store, DATA, lambda *step: reported.append(step)) == COUNTS
    assert [step for step in reported if step[0] == "leika"][-1] == ("leika", 4813, 4813)
    assert len([step for step in reported if step[0] == "leika"]) == 5
    before = await world.store.get(OZG.collection, "10169")
    assert await load_reference(world.store, DATA, _quiet) == COUNTS
    assert await world.store.get(OZG.collection, "10169") == before
    assert len(await read_source(world.store, LEIKA)) == 4813
    await world.store.close()


async def test_a_changed_file_replaces_adds_and_removes(world: World, tmp_path: Path) -> None:
    for name in ("ozg_topics.csv", "ozg_services.csv", "leika_services.csv", "efa_offerings.csv", "requirements.csv"):
        shutil.copy(DATA / name, tmp_path / name)
    path = tmp_path / "ozg_services.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace("Elterngeld", "Elterngeld neu", 1)
    gone = lines.pop(2).split(",")[0]
    lines.append("19999,Neue Leistung,bildung,Bildung,Schule,0,,")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    url = "/v1/reference/ozg"
    assert (await world.as_(None).get(url, params={"q": "10000"})).json()["items"][0]["name"] == "Elterngeld"
    assert (await load_reference(world.store, tmp_path, _quiet))["ozg"] == 557
    assert (await world.as_(None).get(url, params={"q": "10000"})).json()["items"][0]["name"] == "Elterngeld neu"
    assert (await world.as_(None).get(url, params={"q": "Neue Leistung"})).json()["items"][0]["ozg_id"] == "19999"
    assert (await world.as_(None).get(url, params={"q": gone})).json()["items"] == []


async def test_a_broken_row_is_named_by_file_line_and_column(world: World, tmp_path: Path) -> None:
    shutil.copy(DATA / "ozg_topics.csv", tmp_path / "ozg_topics.csv")
    for name in ("ozg_services.csv", "leika_services.csv", "efa_offerings.csv"):
        shutil.copy(DATA / name, tmp_path / name)
    text = (DATA / "requirements.csv").read_text(encoding="utf-8").replace(",MUSS,", ",MÜSSTE,", 1)
    (tmp_path / "requirements.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidError, match=r"requirements\.csv, line 2, column level") as raised:
        await load_reference(world.store, tmp_path, _quiet)
    assert raised.value.code == "reference_row"


async def test_before_the_load_search_and_submission_say_what_is_missing(make_world: Callable[[], Any]) -> None:
    world: World = await make_world()
    answer = await world.as_(None).get("/v1/offerings")
    assert (answer.status_code, answer.json()["code"]) == (503, "reference_not_loaded")
    draft = await world.draft()
    assert (await world.do(KOMM_ONE, draft["id"], "submit")).status_code == 503
    await world.store.close()


@pytest.mark.slow
async def test_the_form_finds_ozg_and_leika_entries_by_words_and_keys(world: World) -> None:
    client = world.as_(None)
    by_word = (await client.get("/v1/reference/ozg", params={"q": "fuehrerschein"})).json()["items"]
    assert "10169" in [item["ozg_id"] for item in by_word]
    by_key = (await client.get("/v1/reference/leika", params={"q": "99050012104000"})).json()["items"]
    assert [item["leika_key"] for item in by_key] == ["99050012104000"]
    of_service = (await client.get("/v1/reference/leika", params={"ozg_id": "10000", "limit": 200})).json()["items"]
    assert {item["ozg_id"] for item in of_service} == {"10000"}
    topics = (await client.get("/v1/reference/topics")).json()["items"]
    assert len(topics) == 14
    checklist = (await client.get("/v1/reference/requirements")).json()["items"]
    assert {"O1", "R1", "R2"} <= {item["id"] for item in checklist if item["level"] == "MUSS"}


async def test_the_ozg_list_pages_to_the_end(world: World) -> None:
    client = world.as_(None)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {"limit": 200, **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/v1/reference/ozg", params=params)).json()
        seen += [item["ozg_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 557
