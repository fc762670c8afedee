"""Invitations by a secret that works once, leaving, and the change of the authorised person by two members."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from services.eligibility.domain.organisation_members import MOST_INVITATIONS
from services.eligibility.repository import ORGANISATIONS
from services.eligibility.settings import Settings
from tests.component.eligibility.conftest import ANNA, BERT, HUSUM, KOMM_ONE, World

ORGANISATION = f"/organisations/{HUSUM}"
CARLA = f"carla/{HUSUM}/KUNDE"
BERT_ELSEWHERE = "bert/DE-SN/KUNDE"


async def invite(world: World, token: str = ANNA, *functions: str) -> dict[str, Any]:
    answer = await world.call("POST", f"{ORGANISATION}/invitations", token, {"functions": list(functions)})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def accept(world: World, token: str, secret: str) -> tuple[int, str | None]:
    answer = await world.call("POST", "/invitations/accept", token, {"organisation": HUSUM, "secret": secret})
    return answer.status_code, answer.json().get("code")


async def members(world: World, token: str = ANNA) -> dict[str, Any]:
    answer = await world.call("GET", f"{ORGANISATION}/members", token)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_whoever_has_the_secret_becomes_a_member_once_with_the_functions_given(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    invited = await invite(world, ANNA, "ZEICHNUNG", "BEARBEITUNG")
    assert await accept(world, BERT_ELSEWHERE, invited["secret"]) == (200, None)
    shown = await members(world)
    assert {"person": "bert", "functions": ["BEARBEITUNG", "ZEICHNUNG"]} in shown["members"]
    assert [(it["state"], it["accepted_by"]) for it in shown["invitations"]] == [("ACCEPTED", "bert")]
    assert await accept(world, BERT, invited["secret"]) == (200, None), "a repeat by the same person"
    assert await accept(world, CARLA, invited["secret"]) == (404, "invitation_not_found")
    assert len((await members(world))["members"]) == 2


async def test_the_secret_is_neither_stored_nor_in_any_event(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    secret = (await invite(world))["secret"]
    assert secret not in str(await world.store.get(ORGANISATIONS, HUSUM))
    assert secret not in json.dumps([event.data for event in world.publisher.events])
    assert "secret" not in json.dumps(await members(world))


async def test_under_its_key_an_invitation_is_made_once_and_a_secret_that_follows_from_no_key_is_shown_once(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    path, body = f"{ORGANISATION}/invitations", {"functions": list[str]()}
    first, again = [await world.call("POST", path, ANNA, body, Idempotency_Key="shown-once") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {**first.json(), "secret": None}
    assert len((await members(world))["invitations"]) == 1
    assert await accept(world, BERT, first.json()["secret"]) == (200, None)


async def test_an_invitation_ends(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    invited = await invite(world)
    world.now += Settings(_env_file=None).invitation_term
    assert await accept(world, BERT, invited["secret"]) == (409, "invitation_expired")
    assert (await members(world))["invitations"][0]["state"] == "EXPIRED"


async def test_a_revoked_invitation_is_as_good_as_none(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    invited = await invite(world)
    revoked = await world.change("DELETE", f"{ORGANISATION}/invitations/{invited['id']}", ANNA)
    assert revoked.status_code == 200
    assert await accept(world, BERT, invited["secret"]) == (404, "invitation_not_found")
    assert await accept(world, BERT, "x" * 40) == (404, "invitation_not_found")
    unregistered = await world.call("POST", "/invitations/accept", BERT, {"organisation": "DE-SN", "secret": "x" * 40})
    assert (unregistered.status_code, unregistered.json()["code"]) == (404, "invitation_not_found")


async def test_only_members_with_verwaltung_invite_and_only_members_see_who_is_one(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    invited = await invite(world, ANNA, "BEARBEITUNG")
    await accept(world, BERT, invited["secret"])
    refused = await world.call("POST", f"{ORGANISATION}/invitations", BERT, {})
    assert (refused.status_code, refused.json()["code"]) == (403, "function_missing")
    assert (await members(world, BERT))["members"]
    assert (await world.call("GET", f"{ORGANISATION}/members", CARLA)).status_code == 403
    assert (await world.call("GET", f"{ORGANISATION}/members", KOMM_ONE)).status_code == 404
    assert await accept(world, ANNA, (await invite(world))["secret"]) == (409, "already_member")


async def test_open_invitations_are_bounded_and_ended_ones_make_room(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    for _ in range(MOST_INVITATIONS):
        await invite(world)
    full = await world.call("POST", f"{ORGANISATION}/invitations", ANNA, {})
    assert (full.status_code, full.json()["code"]) == (409, "too_many_invitations")
    world.now += timedelta(days=8)
    newest = await invite(world)
    shown = (await members(world))["invitations"]
    assert len(shown) <= MOST_INVITATIONS
    assert shown[-1]["id"] == newest["id"]


async def test_a_member_leaves_but_the_last_administrator_stays(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    await accept(world, BERT, (await invite(world, ANNA, "BEARBEITUNG"))["secret"])
    stays = await world.call("POST", f"{ORGANISATION}/leave", ANNA)
    assert (stays.status_code, stays.json()["code"]) == (409, "last_administrator")
    assert (await world.call("POST", f"{ORGANISATION}/leave", BERT)).status_code == 204
    assert (await world.call("POST", f"{ORGANISATION}/leave", BERT)).status_code == 204
    assert [it["person"] for it in (await members(world))["members"]] == ["anna"]
    assert (await world.call("GET", f"{ORGANISATION}/members", BERT)).status_code == 403


async def test_two_members_change_the_authorised_person(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    await accept(world, BERT, (await invite(world, ANNA, "BEARBEITUNG"))["secret"])
    await accept(world, CARLA, (await invite(world, ANNA, "ZEICHNUNG"))["secret"])
    bert = {"person": "bert", "capacity": "VERTRETUNGSBERECHTIGT"}
    path = f"{ORGANISATION}/authorised-person"
    assert (await world.change("PUT", path, ANNA, bert)).status_code == 200
    assert (await world.change("PUT", path, ANNA, bert)).status_code == 200
    shown = await members(world)
    assert (shown["authorised_person"], shown["authorised_proposal"]["person"]) == ("anna", "bert")

    refused = await world.change("PUT", path, BERT, bert)
    assert (refused.status_code, refused.json()["code"]) == (403, "function_missing")
    assert (await world.change("PUT", path, CARLA, bert)).status_code == 200
    shown = await members(world)
    assert (shown["authorised_person"], shown["capacity"]) == ("bert", "VERTRETUNGSBERECHTIGT")
    assert shown["authorised_proposal"] is None


async def test_a_proposal_of_somebody_who_has_left_confirms_nothing(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    await accept(world, BERT, (await invite(world, ANNA, "ZEICHNUNG"))["secret"])
    path = f"{ORGANISATION}/authorised-person"
    bert = {"person": "bert", "capacity": "BEVOLLMAECHTIGT"}
    carla = {"person": "carla", "capacity": "BEVOLLMAECHTIGT"}
    outside = await world.change("PUT", path, ANNA, carla)
    assert (outside.status_code, outside.json()["code"]) == (409, "candidate_no_member")
    await accept(world, CARLA, (await invite(world, ANNA, "ZEICHNUNG"))["secret"])
    await world.change("PUT", path, CARLA, bert)
    await world.call("POST", f"{ORGANISATION}/leave", CARLA)
    await world.change("PUT", path, ANNA, bert)
    shown = await members(world)
    assert (shown["authorised_person"], shown["authorised_proposal"]["proposed_by"]) == ("anna", "anna")
