"""The work list shows much of what organisations hold: its pages end by their bytes."""

from __future__ import annotations

from datetime import timedelta

from services.eligibility.repository import ORGANISATIONS, WAITING_BYTES
from shared.http.limits import PAGE_BYTES
from shared.messages.values import Channel
from tests.component.eligibility.conftest import ANNA, HUSUM, PATH, SATZUNG, STAFF, World
from tests.support.loading import loaded_from, weight

MANY = 60


async def test_a_page_of_large_requests_ends_by_its_bytes_and_the_next_goes_on(world: World) -> None:
    assert (await world.register(ANNA, ["KUNDE"], ["govdigital"])).status_code == 201
    for n in range(10):
        evidence = [{**SATZUNG, "title": f"Satzung {n}.{m}", "reference": "§ " * 240 + str(m)} for m in range(10)]
        assert (await world.state_relation(ANNA, PATH, evidence=evidence)).status_code == 200
    document = await world.store.get(ORGANISATIONS, HUSUM) or {}
    since = document["waiting_govdigital"]
    copies = [
        {**document, "_id": f"{n:012}", "waiting_govdigital": since + timedelta(seconds=n // 2 - MANY)} for n in range(MANY)
    ]
    for copy in copies:
        copy["accreditations"] = [{**it, "requested_at": copy["waiting_govdigital"]} for it in copy["accreditations"]]
    await world.store.insert_many(ORGANISATIONS, copies)
    try:
        seen: list[str] = []
        sizes: list[int] = []
        cursor = ""
        while True:
            with loaded_from(world.store) as loaded:
                answer = await world.call("GET", f"/accreditations?limit=200{cursor}", STAFF[Channel.GOVDIGITAL])
            page = answer.json()
            assert sum(map(weight, loaded)) < WAITING_BYTES + 2 * weight(document)
            seen += [item["organisation"]["id"] for item in page["items"]]
            sizes.append(len(answer.content))
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
    finally:
        await world.store.delete(ORGANISATIONS, [copy["_id"] for copy in copies])
    assert seen == [*(copy["_id"] for copy in copies), HUSUM]
    assert len(sizes) > 3
    assert max(sizes) < PAGE_BYTES + weight(document)


async def test_the_last_page_of_a_work_list_says_that_it_is_the_last(world: World) -> None:
    assert (await world.register(ANNA, ["KUNDE"], ["govdigital"])).status_code == 201
    page = (await world.call("GET", "/accreditations?limit=1", STAFF[Channel.GOVDIGITAL])).json()
    assert (len(page["items"]), page["next"]) == (1, None)
