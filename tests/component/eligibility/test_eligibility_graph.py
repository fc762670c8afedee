"""The graph over HTTP: the neighbourhood of a body, and the known ways to each Anbieter, as far as they are for the reader."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.messages.values import Channel
from tests.component.eligibility.conftest import ANNA, EXAMINATION, HUSUM, HUSUM_ITVSH, SACHSEN, STAFF, World


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


@pytest.mark.parametrize("what", ["ways", "relations"])
async def test_today_is_the_day_in_germany(world: World, what: str) -> None:
    world.now = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    answer = await world.call("GET", f"/bodies/itvsh/{what}", ANNA)
    assert answer.json()["on"] == "2026-12-01"


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


async def granted(world: World) -> None:
    """Have Husum accredited on its statement, which nobody has examined."""
    assert (await world.register(ANNA, ["KUNDE"], ["govdigital"])).status_code == 201
    assert (await world.state_relation()).status_code == 200
    for command in ("review", "grant"):
        assert (await world.decide(HUSUM, Channel.GOVDIGITAL, command)).status_code == 200


async def waiting(world: World, channel: Channel, query: str = "") -> dict[str, Any]:
    answer = await world.call("GET", f"/examinations{query}", STAFF[channel])
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_relation_waits_for_its_anbieter_until_it_is_examined_in_full(world: World) -> None:
    await granted(world)
    (found,) = [it for it in (await waiting(world, Channel.GOVDIGITAL))["items"] if it["relation"]["fact"] == HUSUM_ITVSH]
    assert found["relation"]["unexamined"] == ["all_fields", "organ_seat", "joint_influence", "contrary_interests"]
    assert found["relation"]["source_name"] == "Husum, Stadt"
    assert HUSUM_ITVSH not in str(await waiting(world, Channel.FITKO))
    path, staff = f"/facts/{HUSUM_ITVSH}/examination", STAFF[Channel.GOVDIGITAL]
    await world.change("POST", path, staff, {"findings": {"organ_seat": "OWN"}, "reason": "Satzung"})
    (found,) = [it for it in (await waiting(world, Channel.GOVDIGITAL))["items"] if it["relation"]["fact"] == HUSUM_ITVSH]
    assert "organ_seat" not in found["relation"]["unexamined"]
    assert (await world.change("POST", path, staff, EXAMINATION)).status_code == 200
    assert HUSUM_ITVSH not in str(await waiting(world, Channel.GOVDIGITAL))


@pytest.mark.parametrize("finding", [{"organ_seat": "NONE"}, {"joint_influence": False}, {"contrary_interests": True}], ids=str)
async def test_a_relation_that_a_finding_speaks_against_waits_for_nobody(world: World, finding: dict[str, object]) -> None:
    await granted(world)
    staff = STAFF[Channel.GOVDIGITAL]
    found = await world.change("POST", f"/facts/{HUSUM_ITVSH}/examination", staff, {"findings": finding, "reason": "Satzung"})
    assert found.status_code == 200
    assert HUSUM_ITVSH not in str(await waiting(world, Channel.GOVDIGITAL))
    relations = (await world.call("GET", f"/bodies/{HUSUM}/relations", staff)).json()["relations"]
    (shown,) = [it for it in relations if it["fact"] == HUSUM_ITVSH]
    assert shown["against"] == [*finding]
    assert shown["unexamined"], "the rest was not examined, and nobody has to"


async def test_an_organisation_and_its_anbieter_read_what_became_of_a_statement(world: World) -> None:
    async def stated(token: str) -> tuple[str, bool, dict[str, str] | None]:
        (found,) = (await world.call("GET", f"/organisations/{HUSUM}", token)).json()["statements"]
        return found["standing"], found["confirmed"], found["relation"]

    staff = STAFF[Channel.GOVDIGITAL]
    assert (await world.register(ANNA, ["KUNDE"], ["govdigital"])).status_code == 201
    assert (await world.state_relation()).status_code == 200
    assert await stated(ANNA) == await stated(staff) == ("OPEN", False, None)
    for command in ("review", "grant"):
        assert (await world.decide(HUSUM, Channel.GOVDIGITAL, command)).status_code == 200
    assert await stated(ANNA) == ("CONFIRMED", True, {"fact": HUSUM_ITVSH, "state": "UNEXAMINED"})
    path = f"/facts/{HUSUM_ITVSH}"
    await world.change("POST", f"{path}/examination", staff, EXAMINATION)
    assert await stated(staff) == ("CONFIRMED", True, {"fact": HUSUM_ITVSH, "state": "EXAMINED"})
    await world.change("POST", f"{path}/examination", staff, {"findings": {"organ_seat": "NONE"}, "reason": "Beschluss"})
    assert await stated(ANNA) == ("CONFIRMED", True, {"fact": HUSUM_ITVSH, "state": "REFUTED"})
    await world.change("POST", f"{path}/withdrawal", staff, {"reason": "Besteht nicht."})
    assert await stated(ANNA) == ("CONFIRMED", True, {"fact": HUSUM_ITVSH, "state": "WITHDRAWN"})
    assert (await world.decide(HUSUM, Channel.GOVDIGITAL, "revoke", {"reason": "Besteht nicht."})).status_code == 200
    assert (await stated(ANNA))[:2] == ("REVOKED", False)


async def test_what_is_only_stated_waits_for_no_examination_yet(world: World) -> None:
    assert (await world.register(ANNA, ["KUNDE"], ["govdigital"])).status_code == 201
    assert (await world.state_relation()).status_code == 200
    assert HUSUM not in str(await waiting(world, Channel.GOVDIGITAL))


async def test_the_relations_that_wait_go_on_behind_a_page(world: World) -> None:
    await granted(world)
    unknown = dict.fromkeys(("organ_seat", "joint_influence", "contrary_interests", "all_fields"))
    further = {"kind": "relation", "type": "SHAREHOLDER", "from": HUSUM, "to": "dataport", "valid_from": None, "valid_to": None}
    assert (await world.call("POST", "/facts", ANNA, {"fact": {**further, **unknown}, "reason": "Kauf"})).status_code == 201
    whole = [it["relation"]["fact"] for it in (await waiting(world, Channel.GOVDIGITAL))["items"]]
    seen: list[str] = []
    cursor = ""
    while True:
        page = await waiting(world, Channel.GOVDIGITAL, f"?limit=1{cursor}")
        seen += [it["relation"]["fact"] for it in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == whole
    assert len(whole) > 1


async def test_a_stranger_reads_of_no_relation_what_others_have_found(world: World) -> None:
    await world.accredit_husum()

    async def unexamined(token: str) -> list[list[str]]:
        found = (await world.call("GET", "/bodies/itvsh/ways", token)).json()["ways"]
        return [it["unexamined"] for way in found for it in way["relations"]]

    assert await unexamined(STAFF[Channel.GOVDIGITAL]) == [[], []], "the demo assumes that these are examined"
    assert all(await unexamined(SACHSEN))
    assert (await world.call("GET", "/examinations", ANNA)).status_code == 403


async def test_a_body_that_nobody_knows_has_no_neighbourhood(world: World) -> None:
    assert (await world.call("GET", "/bodies/nobody/relations", ANNA)).json()["code"] == "body_not_found"
