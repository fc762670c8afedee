"""A new version of a public offer waits for the Anbieter of its channels, over HTTP: who sees it, who decides, what is recorded."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from shared.aggregate.change import Change
from tests.component.catalog.conftest import BETREIBER, FITKO, GOVDIGITAL, KOMM_ONE, KUNDE, MUSTS, World
from tests.support.builders.offerings import form_body


@pytest.fixture(name="offering_id")
async def _offering_id(world: World) -> str:
    """An offer in both channels."""
    offering_id = await world.published(channels=["govdigital", "fitko"])
    assert (await world.do(FITKO, offering_id, "accept")).status_code == 200
    await world.contracts_answer()
    return offering_id


async def put(world: World, offering_id: str, **parts: Any) -> httpx.Response:
    tag = (await world.as_(KOMM_ONE).get(f"/v1/offerings/{offering_id}")).headers["ETag"]
    body = form_body(MUSTS, **{"channels": ["govdigital", "fitko"], **parts})
    answer = await world.as_(KOMM_ONE).put(f"/v1/offerings/{offering_id}", json=body, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text
    return answer


async def read(world: World, offering_id: str, token: str | None = None, suffix: str = "") -> dict[str, Any]:
    answer = await world.as_(token).get(f"/v1/offerings/{offering_id}{suffix}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def waiting(world: World, token: str) -> list[str]:
    items = (await world.as_(token).get("/v1/my/offerings", params={"view": "versions"})).json()["items"]
    return [item["id"] for item in items]


def sent(world: World, since: int) -> list[str]:
    return [event.type for event in world.publisher.events[since:]]


async def test_the_published_version_stays_in_force_until_the_last_anbieter_has_accepted(world: World, offering_id: str) -> None:
    before, mark = await read(world, offering_id), len(world.publisher.events)
    changed = (await put(world, offering_id, reifegrad=4)).json()
    assert (changed["version"], changed["reifegrad"], changed["workflow"]["pending"]["form"]["reifegrad"]) == (1, 3, 4)
    assert await read(world, offering_id) == before
    assert (await read(world, offering_id, KUNDE))["workflow"] is None
    assert (await world.search(reifegrad="4", kind="offering"))["total"] == 0
    assert (await world.do(GOVDIGITAL, offering_id, "accept")).json()["version"] == 1
    assert sent(world, mark) == ["catalog.submission.version-submitted.v1", "catalog.submission.version-accepted.v1"]
    accepted = (await world.do(FITKO, offering_id, "accept")).json()
    assert (accepted["version"], accepted["reifegrad"], accepted["workflow"]["pending"]) == (2, 4, None)
    assert accepted["history"][-1]["accepted_by"] == ["govdigital", "fitko"]
    assert sent(world, mark)[-1] == "catalog.offering.changed.v1"
    assert (await world.search(reifegrad="4", kind="offering"))["total"] == 1
    assert (await read(world, offering_id, None, "/versions/1"))["reifegrad"] == 3, "the version that was replaced"


async def test_those_in_charge_see_what_waits_and_with_whom(world: World, offering_id: str) -> None:
    await put(world, offering_id, reifegrad=4)
    assert (await waiting(world, GOVDIGITAL), await waiting(world, FITKO)) == ([offering_id], [offering_id])
    await world.do(GOVDIGITAL, offering_id, "accept")
    assert (await waiting(world, GOVDIGITAL), await waiting(world, FITKO)) == ([], [offering_id])
    for token in (KOMM_ONE, GOVDIGITAL, FITKO, BETREIBER):
        pending = (await read(world, offering_id, token))["workflow"]["pending"]
        assert (pending["examining"], pending["accepted"]) == (["fitko"], ["govdigital"])
        assert [(it["field"], it["before"], it["after"]) for it in pending["differences"]] == [("reifegrad", 3, 4)]
    (line,) = (await world.as_(KOMM_ONE).get("/v1/my/offerings")).json()["items"]
    assert (line["examining"], line["returned"]) == (["fitko"], [])
    assert (await world.as_(FITKO).get("/v1/my/offerings", params={"view": "versions", "state": "AUSGESETZT"})).json()[
        "items"
    ] == []


async def test_a_return_names_the_reason_and_only_to_those_in_charge(world: World, offering_id: str) -> None:
    await put(world, offering_id, reifegrad=4)
    before = await read(world, offering_id)
    answer = await world.do(FITKO, offering_id, "return", remarks="Der Nachweis fehlt.")
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert await read(world, offering_id) == before
    own = (await read(world, offering_id, KOMM_ONE))["workflow"]
    assert (own["pending"]["returned"]["channel"], own["pending"]["returned"]["remarks"]) == ("fitko", "Der Nachweis fehlt.")
    assert "submit" in own["allowed_moves"]
    assert (await waiting(world, GOVDIGITAL), await waiting(world, FITKO)) == ([], [])
    event = world.publisher.events[-1]
    assert (event.type, json.loads(event.body)["by"]["id"]) == ("catalog.submission.version-returned.v1", "fitko")
    assert (await world.do(KOMM_ONE, offering_id, "submit")).status_code == 200
    assert await waiting(world, GOVDIGITAL) == [offering_id]


async def test_what_each_anbieter_can_do_follows_what_lies_before_them(world: World, offering_id: str) -> None:
    async def moves(token: str) -> list[str]:
        found: list[str] = (await read(world, offering_id, token))["workflow"]["allowed_moves"]
        return found

    assert await moves(GOVDIGITAL) == ["suspend", "withdraw"]
    assert await moves(KOMM_ONE) == ["edit", "suspend", "withdraw"]
    await put(world, offering_id, reifegrad=4)
    assert await moves(GOVDIGITAL) == ["return", "accept", "suspend", "withdraw"]
    await world.do(GOVDIGITAL, offering_id, "accept")
    assert await moves(GOVDIGITAL) == ["return", "suspend", "withdraw"], "as long as it is not in force"
    assert await moves(FITKO) == ["return", "accept", "suspend", "withdraw"]
    await world.do(FITKO, offering_id, "accept")
    refused = await world.do(GOVDIGITAL, offering_id, "return", remarks="Doch nicht.")
    assert (refused.status_code, refused.json()["allowed_moves"]) == (409, ["suspend", "withdraw"])


async def test_an_anbieter_withdraws_its_channel_and_the_other_one_goes_on(world: World, offering_id: str) -> None:
    answer = await world.do(GOVDIGITAL, offering_id, "withdraw", reason="Wir nehmen die Leistung aus dem Programm.")
    assert (answer.status_code, answer.json()["state"], answer.json()["orderable_channels"]) == (
        200,
        "VEROEFFENTLICHT",
        ["fitko"],
    )
    shown = await read(world, offering_id)
    assert [(it["channel"], it["by"]) for it in shown["channel_withdrawals"]] == [("govdigital", "govdigital")]
    event = world.publisher.events[-1]
    content = json.loads(event.body)
    assert (event.type, content["channel"], content["offering"]["state"]) == (
        "catalog.offering.withdrawn.v1",
        "govdigital",
        "VEROEFFENTLICHT",
    )
    assert (await world.search(channel="govdigital", orderable="true"))["total"] == 0
    assert "ends_open_orders" not in content
    last = await world.do(FITKO, offering_id, "withdraw", reason="Auch wir.", ends_open_orders=True)
    assert last.json()["state"] == "ZURUECKGEZOGEN"
    content = json.loads(world.publisher.events[-1].body)
    assert (content["channel"], content["ends_open_orders"]) == ("fitko", True), "of the last channel, not of others"


async def test_a_version_that_another_change_overtakes_is_recorded_as_it_was_replaced(
    world: World, offering_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(world, offering_id, reifegrad=4)
    await world.do(GOVDIGITAL, offering_id, "accept")
    ledger = world.service.ledgers[0]
    apply_one = ledger.apply_one
    overtaken: list[Change[Any]] = []

    async def overtake(change: Change[Any], **conditions: Any) -> Any:
        """Let a small change of the Bereitsteller come between reading and accepting, once."""
        if not overtaken:
            overtaken.append(change)
            await put(world, offering_id, reifegrad=4, title="Mittlerweile")
        return await apply_one(change, **conditions)

    monkeypatch.setattr(ledger, "apply_one", overtake)
    assert (await world.do(FITKO, offering_id, "accept")).json()["version"] == 3
    assert [(await read(world, offering_id, None, f"/versions/{it}"))["title"] for it in (1, 2, 3)] == [
        "Digitaler Führerscheinantrag",
        "Mittlerweile",
        "Mittlerweile",
    ]
