"""The graph over HTTP: the neighbourhood of a body, and the known ways to each Anbieter, as far as they are for the reader."""

from __future__ import annotations

from typing import Any

from shared.messages.values import Channel
from tests.component.eligibility.conftest import ANNA, HUSUM, HUSUM_ITVSH, SACHSEN, STAFF, World


async def ways(world: World, token: str, body: str, **query: str) -> list[list[str]]:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    found = (await world.call("GET", f"/bodies/{body}/ways?{text}", token)).json()["ways"]
    return [[way["anbieter"], *(relation["target"] for relation in way["relations"])] for way in found]


async def test_the_ways_of_a_body_lead_to_each_anbieter_shortest_first(world: World) -> None:
    assert await ways(world, SACHSEN, "itvsh") == [["govdigital", "dataport", "govdigital"]]
    found = await ways(world, SACHSEN, "DE-NW")
    assert found[0] == ["fitko", "fitko"]
    assert ["govdigital", "fitko", "govdigital"] in found
    assert [way for way in found if len(way) != len(set(way[1:])) + 1] == []


async def test_a_part_reaches_what_its_whole_reaches(world: World) -> None:
    assert ["fitko", "DE-NW", "fitko"] in await ways(world, SACHSEN, "it_nrw")


async def test_a_way_that_was_not_yet_open_on_the_day_is_not_shown(world: World) -> None:
    assert await ways(world, SACHSEN, "itvsh", on="2019-12-11") == []
    assert await ways(world, SACHSEN, "itvsh", on="2019-12-12") != []


async def test_a_relation_that_a_body_has_stated_is_shown_to_it_and_its_anbieter_alone(world: World) -> None:
    await world.accredit_husum()
    expected = [["govdigital", "itvsh", "dataport", "govdigital"]]
    assert await ways(world, ANNA, HUSUM) == expected
    assert await ways(world, STAFF[Channel.GOVDIGITAL], HUSUM) == expected
    assert await ways(world, STAFF[Channel.FITKO], HUSUM) == []
    assert await ways(world, SACHSEN, HUSUM) == []


async def test_the_neighbourhood_holds_both_directions_and_grows_with_the_steps(world: World) -> None:
    await world.accredit_husum()

    async def around(token: str, steps: int) -> dict[str, Any]:
        answer = await world.call("GET", f"/bodies/itvsh/relations?steps={steps}", token)
        return {relation["fact"]: relation["target_name"] for relation in answer.json()["relations"]}

    near, far = await around(ANNA, 1), await around(ANNA, 2)
    assert near == {"published:itvsh:dataport:TRAEGER": "Dataport", HUSUM_ITVSH: "IT-Verbund Schleswig-Holstein (ITVSH)"}
    assert near.keys() < far.keys()
    assert "published:dataport:govdigital:MEMBER" in far
    assert HUSUM_ITVSH not in await around(SACHSEN, 2)


async def test_a_body_that_nobody_knows_has_no_neighbourhood(world: World) -> None:
    assert (await world.call("GET", "/bodies/nobody/relations", ANNA)).json()["code"] == "body_not_found"
