"""Pages follow each other without gap or repetition; changes are made under the revision that was read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.store.port import Document
from tests.component.http.probe import START, THINGS, Probe
from tests.support.http import client

TOKEN = "anna/heide/KUNDE"


async def fill(probe: Probe, count: int) -> list[str]:
    """Store things, several of one instant, and return their ids in the order of the list."""
    documents: list[Document] = [
        {"_id": f"t-{number:03}", "organisation": "heide", "made_at": START + timedelta(seconds=number // 3), "name": "x"}
        for number in range(count)
    ]
    await probe.store.insert_many(THINGS, [*documents, {**documents[0], "_id": "foreign", "organisation": "husum"}])
    return [document["_id"] for document in documents]


async def test_a_parameter_that_a_route_does_not_know_is_refused_and_not_passed_over(probe: Probe) -> None:
    """A list would look filtered and not be."""
    async with client(probe.app, TOKEN) as http:
        for query in ("waiting=KUNDE", "limit=2&q=", "Limit=2", "lim%69t=2&x"):
            refused = await http.get(f"/v1/things?{query}")
            assert refused.status_code == 422, query
            assert refused.json()["errors"][0]["code"] == "extra_forbidden", query
        for query in ("limit=2&limit=3", "limit=2&cursor=a&lim%69t=2"):
            refused = await http.get(f"/v1/things?{query}")
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "too_long"), query
        assert (await http.post("/v1/notes?dry=true", json={"name": "x"})).status_code == 422
        assert probe.runs == 0
        assert (await http.get("/v1/things?lim%69t=2")).status_code == 200
        assert (await http.get("/livez?from=probe")).status_code == 200


@pytest.mark.parametrize("limit", [1, 2, 7, 10, 200])
async def test_pages_give_every_item_once_in_order(probe: Probe, limit: int) -> None:
    expected = await fill(probe, 20)
    found: list[str] = []
    cursor: str | None = None
    async with client(probe.app, TOKEN) as http:
        while True:
            page = (await http.get("/v1/things", params={"limit": limit, **({"cursor": cursor} if cursor else {})})).json()
            found += [item["id"] for item in page["items"]]
            assert len(page["items"]) <= limit
            cursor = page["next"]
            if cursor is None:
                break
    assert found == expected


async def test_items_added_between_two_pages_shift_nothing(probe: Probe) -> None:
    expected = await fill(probe, 6)
    async with client(probe.app, TOKEN) as http:
        first = (await http.get("/v1/things?limit=3")).json()
        early = {"_id": "early", "organisation": "heide", "made_at": START - timedelta(days=1), "name": "x"}
        await probe.store.insert_many(THINGS, [early])
        second = (await http.get("/v1/things", params={"limit": 3, "cursor": first["next"]})).json()
    assert [item["id"] for item in first["items"] + second["items"]] == expected


async def test_the_cursor_of_one_organisation_shows_nothing_of_another(probe: Probe) -> None:
    await fill(probe, 6)
    async with client(probe.app, TOKEN) as http:
        cursor = (await http.get("/v1/things?limit=3")).json()["next"]
    async with client(probe.app, "carla/husum/KUNDE") as http:
        assert (await http.get("/v1/things", params={"cursor": cursor})).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    "cursor", ["", "x", "AAAA", "W10", "W251bGxd", "WzFd", "WyJhIiwiYiJd", "e30", "a" * 2000, "%F0%9F%92%A9"]
)
async def test_a_cursor_of_somewhere_else_is_refused(probe: Probe, cursor: str) -> None:
    async with client(probe.app, TOKEN) as http:
        answer = await http.get(f"/v1/things?cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


@pytest.mark.parametrize(("header", "rev"), [('"3"', "3"), (' "3" ', "3"), ('"0"', "0"), ("*", "None"), (None, "None")])
async def test_if_match_gives_the_revision_and_the_answer_the_next_tag(probe: Probe, header: str | None, rev: str) -> None:
    async with client(probe.app, TOKEN) as http:
        answer = await http.put("/v1/things/1", headers={"If-Match": header} if header else {})
    assert answer.json() == {"id": "1", "name": rev, "run": 0}
    assert answer.headers["etag"] == f'"{int(rev) + 1 if rev != "None" else 1}"'
    assert answer.headers["location"] == "/v1/things/1"


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        ('W/"3"', 412, "precondition_failed"),
        ('"abc"', 412, "precondition_failed"),
        ('"-1"', 412, "precondition_failed"),
        ('"03"', 412, "precondition_failed"),
        ('"1234567890123456789"', 412, "precondition_failed"),
        ("3", 400, "if_match_invalid"),
        ('"3', 400, "if_match_invalid"),
        ('"3", "4"', 400, "if_match_invalid"),
        ("", 400, "if_match_invalid"),
        ("*, *", 400, "if_match_invalid"),
    ],
)
async def test_a_tag_that_is_no_revision_is_refused(probe: Probe, header: str, status: int, code: str) -> None:
    async with client(probe.app, TOKEN) as http:
        answer = await http.put("/v1/things/1", headers={"If-Match": header})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("header", "status"),
    [("*", 200), ('"3"', 200), ('W/"3"', 200), ('"abc"', 200), ("3", 400), ('"3", "4"', 400), ("", 400), ("W/*", 400)],
)
async def test_if_none_match_is_one_tag_or_a_star(probe: Probe, header: str, status: int) -> None:
    async with client(probe.app, TOKEN) as http:
        answer = await http.put("/v1/things/1", headers={"If-None-Match": header})
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["code"] == "if_none_match_invalid"
