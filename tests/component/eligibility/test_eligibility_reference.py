"""The register of public bodies and the published relations, from the real files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from services.eligibility.reference import GRAPH, load_reference
from services.eligibility.repository import BODIES, BODY_NAMES, COLLECTIONS, EDITIONS, RELATIONS
from services.eligibility.settings import Settings
from shared.store.port import Save
from shared.store.sqlite.store import SqliteStore
from tests.component.eligibility.conftest import ANNA, DATA, HUSUM, World

pytestmark = pytest.mark.slow

COUNTS = {"states": 17, "districts": 294, "municipalities": 10751, "associations": 1203, "it_providers": 68}


@pytest.mark.slow
async def test_all_bodies_are_loaded_with_progress(store: SqliteStore) -> None:
    seen: dict[str, tuple[int, int]] = {}
    counts = await load_reference(store, DATA, lambda kind, done, total: seen.__setitem__(kind, (done, total)))
    assert {kind: counts[kind] for kind in COUNTS} == COUNTS
    assert counts["relations"] > 100
    assert counts["relations_collective"] > 5
    assert counts["relations_unresolved"] > 10
    assert all(done == total for done, total in seen.values())
    assert seen["municipalities"] == (10751, 10751)


async def test_loading_again_writes_nothing(store: SqliteStore) -> None:
    before = await store.get_many(BODIES, [HUSUM, "dataport", "DE-SN"])
    edition = await store.get(EDITIONS, GRAPH)
    await load_reference(store, DATA, lambda *_: None)
    assert await store.get_many(BODIES, [HUSUM, "dataport", "DE-SN"]) == before
    assert await store.get(EDITIONS, GRAPH) == edition


async def test_loading_again_mends_what_differs(own_store: SqliteStore) -> None:
    husum = await own_store.get(BODIES, HUSUM)
    assert husum is not None
    await own_store.save_many(BODIES, [Save({**husum, "name": "Husum an der Nordsee in alter Zeit", "rev": 2}, 1)])
    await own_store.delete(RELATIONS, ["published:itvsh:dataport:TRAEGER"])
    await own_store.insert_many(RELATIONS, [{"_id": "published:x:y:MEMBER", "rev": 1, "kind": "single"}])
    await own_store.insert_many(
        BODY_NAMES, [{"_id": f"{HUSUM}:5", "rev": 1, "key": "alter zeit", "keys": ["alter zeit"], "body": HUSUM}]
    )
    await load_reference(own_store, DATA, lambda *_: None)
    mended = await own_store.get(BODIES, HUSUM)
    assert mended == {**husum, "rev": 3}
    assert await own_store.get(BODY_NAMES, f"{HUSUM}:5") is None
    assert await own_store.get(BODY_NAMES, f"{HUSUM}:0") is not None
    assert await own_store.get(RELATIONS, "published:itvsh:dataport:TRAEGER") is not None
    assert await own_store.get(RELATIONS, "published:x:y:MEMBER") is None


async def test_every_member_of_govdigital_is_a_body_of_the_register(store: SqliteStore) -> None:
    edition = await store.get(EDITIONS, GRAPH)
    assert edition is not None
    assert [row for row in edition["unresolved"] if row.startswith("govdigital_members.csv")] == []
    bayern = await store.get(RELATIONS, "published:DE-BY:govdigital:MEMBER")
    assert bayern is not None
    assert bayern["valid_from"] == "2021-01-01"


async def test_rows_that_name_nobody_are_kept_for_the_operator(store: SqliteStore) -> None:
    edition = await store.get(EDITIONS, GRAPH)
    assert edition is not None
    assert "it_provider_owners.csv: Bayerischer Gemeindetag -> akdb (association)" in edition["unresolved"]


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    store = SqliteStore(None)
    await store.prepare(COLLECTIONS)
    with pytest.raises(FileNotFoundError, match="states"):
        await load_reference(store, tmp_path, lambda *_: None)
    await store.close()


@pytest.mark.slow
async def test_a_new_edition_counts_in_a_running_process(own_store: SqliteStore, tmp_path: Path) -> None:
    world = World(own_store, Settings(_env_file=None))
    await world.open_the_way()
    body = {"provider": "komm_one", "channel": "govdigital"}
    before = (await world.call("POST", "/checks", ANNA, body)).json()["assessments"][0]
    edition = tmp_path / "data"
    shutil.copytree(DATA, edition)
    municipalities = edition / "municipalities.csv"
    rows = municipalities.read_text(encoding="utf-8").splitlines(keepends=True)
    municipalities.write_text("".join(row for row in rows if HUSUM not in row), encoding="utf-8")
    await load_reference(world.store, edition, lambda *_: None)
    after = (await world.call("POST", "/checks", ANNA, body)).json()["assessments"][0]
    assert (before["verdict"], after["verdict"]) == ("EXEMPT", "NOT_EXEMPT")


class TestSearch:
    async def test_a_body_is_found_by_the_beginning_of_a_word(self, world: World) -> None:
        sought = {
            "q=husum&state=SH": HUSUM,
            "q=HUSUM&type=KOMMUNE": HUSUM,
            "q=itvsh": "itvsh",
            "q=verbund&state=DE-SH": "itvsh",
            "q=koeln&type=KOMMUNE&state=NW": "053150000000",
            "q=Köln&type=KOMMUNE": "053150000000",
            "q=nordfries&type=KREIS": "01054",
            "type=BUND": "DE",
            "q=sachsen&type=LAND": "DE-SN",
        }
        found = {query: (await world.call("GET", f"/bodies?{query}", None)).json()["items"] for query in sought}
        assert {query: body for query, body in sought.items() if body not in [item["id"] for item in found[query]]} == {}

    async def test_what_is_not_there_is_not_found(self, world: World) -> None:
        found = (await world.call("GET", "/bodies?q=xyzzy", None)).json()
        assert found == {"items": [], "next": None, "match": "all", "suggestion": None}

    async def test_a_typing_error_is_put_right_and_what_lies_nearer_comes_first(self, world: World) -> None:
        found = (await world.call("GET", "/bodies?q=Tübinegn&type=KOMMUNE", None)).json()
        assert (found["match"], found["suggestion"], found["items"][0]["id"]) == ("corrected", "Tübingen", "084160041041")
        found = (await world.call("GET", "/bodies?q=Neustadt&type=KOMMUNE&near=06534", None)).json()
        assert found["items"][0]["id"] == "065340016016"
        assert (await world.call("GET", "/bodies?q=x&near=SH", None)).status_code == 422

    async def test_a_cursor_belongs_to_its_query(self, world: World) -> None:
        cursor = (await world.call("GET", "/bodies?q=neu&limit=1", None)).json()["next"]
        refused = await world.call("GET", f"/bodies?q=alt&cursor={cursor}", None)
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor_invalid")

    async def test_pages_hold_each_body_once_even_if_several_words_match(self, world: World) -> None:
        ids: list[str] = []
        path = "/bodies?q=st&type=KOMMUNE&state=HE&limit=7"
        page = (await world.call("GET", path, None)).json()
        while True:
            ids += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            page = (await world.call("GET", f"{path}&cursor={page['next']}", None)).json()
        whole = (await world.call("GET", "/bodies?q=st&type=KOMMUNE&state=HE&limit=200", None)).json()
        assert ids == [item["id"] for item in whole["items"]]
        assert len(ids) == len(set(ids)) > 7
        assert "Steinau an der Straße, Brüder-Grimm-Stadt" in [item["name"] for item in whole["items"]]

    async def test_a_foreign_cursor_is_refused(self, world: World) -> None:
        response = await world.call("GET", "/bodies?cursor=WzFd", None)
        assert (response.status_code, response.json()["code"]) == (400, "cursor_invalid")


class TestBody:
    async def test_a_kreisfreie_stadt_is_one_body(self, world: World) -> None:
        assert (await world.call("GET", "/bodies/01002", None)).json()["id"] == "010020000000"
        kreise = (await world.call("GET", "/bodies?q=kiel&state=SH", None)).json()["items"]
        assert [item["id"] for item in kreise if item["type"] == "KREIS"] == []

    async def test_a_city_state_acts_as_the_land(self, world: World) -> None:
        assert (await world.call("GET", "/bodies/110000000000", None)).json()["same_as"] == "DE-BE"
        found = (await world.call("GET", "/bodies?q=berlin", None)).json()["items"]
        assert "110000000000" not in [item["id"] for item in found]

    async def test_an_unknown_body_is_a_404_problem(self, world: World) -> None:
        response = await world.call("GET", "/bodies/nobody", None)
        assert (response.status_code, response.json()["code"]) == (404, "body_not_found")
        assert response.headers["content-type"] == "application/problem+json"
