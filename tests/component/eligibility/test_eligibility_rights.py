"""Who may act for an organisation goes to the topic of rights with the change itself, also what another version has changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.eligibility.repository import ORGANISATIONS
from services.eligibility.settings import Settings
from shared.messages.values import Channel
from shared.store.port import Save
from shared.store.sqlite.store import SqliteStore
from shared.topics import RIGHTS
from tests.component.eligibility.conftest import ANNA, HUSUM, World

ALL = ["BEARBEITUNG", "ZEICHNUNG", "VERWALTUNG"]


def rights(world: World) -> list[dict[str, Any]]:
    """Return the rights as they were published, one after the other."""
    return [json.loads(event.body or "")["rights"] for event in world.publisher.events if event.topic == RIGHTS.name]


async def run(world: World, name: str) -> None:
    """Run periodic work of the service once."""
    (work,) = (it for it in world.service.periodic if it.name == name)
    await work.run()


async def test_a_registration_publishes_who_may_act_and_in_which_role(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    (found,) = rights(world)
    assert (found["organisation"], found["name"]) == (HUSUM, "Husum, Stadt")
    assert found["members"] == [{"person": "anna", "functions": ALL}]
    assert found["roles"] == [{"role": "KUNDE"}]


async def test_a_change_of_members_is_published_with_its_event(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    await world.change("PATCH", f"/organisations/{HUSUM}", ANNA, {"add_users": ["bert"]})
    await world.change("PATCH", f"/organisations/{HUSUM}", "bert" + ANNA.removeprefix("anna"), {"remove_users": ["anna"]})
    assert [[member["person"] for member in found["members"]] for found in rights(world)] == [
        ["anna"],
        ["anna", "bert"],
        ["bert"],
    ]


async def test_a_grant_publishes_the_role_at_its_anbieter_with_its_term_and_a_revocation_its_end(world: World) -> None:
    await world.accredit_husum()
    term = {"role": "KUNDE", "channel": "govdigital", "valid_from": "2026-03-02", "valid_to": "2028-03-01"}
    assert term in rights(world)[-1]["roles"]
    await world.decide(HUSUM, Channel.GOVDIGITAL, "revoke", {"reason": "Nachweise gelten nicht mehr."})
    assert rights(world)[-1]["roles"] == [{"role": "KUNDE"}]


async def test_what_changes_no_right_publishes_none(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    await world.state_relation()
    await world.decide(HUSUM, Channel.GOVDIGITAL, "review")
    assert len(rights(world)) == 1


async def test_rights_of_a_version_that_published_none_are_published_once(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    document = await world.store.get(ORGANISATIONS, HUSUM)
    assert document is not None
    old = {name: value for name, value in document.items() if name != "rights_recorded"}
    assert await world.store.save_many(ORGANISATIONS, [Save({**old, "rev": old["rev"] + 1}, old["rev"])]) == set()
    for _ in range(2):
        await run(world, "eligibility.state-rights")
    assert len(rights(world)) == 2
    assert rights(world)[1] == rights(world)[0]


async def test_a_member_that_a_version_without_rights_has_removed_is_published_as_removed(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    await world.change("PATCH", f"/organisations/{HUSUM}", ANNA, {"add_users": ["bert"]})
    document = await world.store.get(ORGANISATIONS, HUSUM)
    assert document is not None
    changed = {**document, "users": ["bert"], "rev": document["rev"] + 1}
    assert await world.store.save_many(ORGANISATIONS, [Save(changed, document["rev"])]) == set()
    await run(world, "eligibility.state-rights")
    assert [member["person"] for member in rights(world)[-1]["members"]] == ["bert"]


async def test_the_first_members_of_anbieter_and_operator_come_from_the_settings(own_store: SqliteStore) -> None:
    first = {"fitko": "frieda", "marktplatz": "CN=Otto Operator,O=Betrieb"}
    world = World(own_store, Settings(_env_file=None, first_members=first))
    for _ in range(2):
        await run(world, "eligibility.state-rights")
    fitko, operator = rights(world)
    assert [role["role"] for role in fitko["roles"]] == ["ANBIETER"]
    assert [member["person"] for member in fitko["members"]] == ["frieda"]
    assert (operator["organisation"], [role["role"] for role in operator["roles"]]) == ("marktplatz", ["BETREIBER"])
    assert operator["members"][0]["person"].startswith("sub-")


async def test_a_first_member_who_has_left_does_not_come_back_by_the_setting(own_store: SqliteStore) -> None:
    world = World(own_store, Settings(_env_file=None, first_members={"fitko": "frieda"}))
    await run(world, "eligibility.state-rights")
    await world.change("PATCH", "/organisations/fitko", "frieda/fitko/ANBIETER", {"add_users": ["gustav"]})
    await world.change("PATCH", "/organisations/fitko", "gustav/fitko/ANBIETER", {"remove_users": ["frieda"]})
    await run(world, "eligibility.state-rights")
    assert [member["person"] for member in rights(world)[-1]["members"]] == ["gustav"]
    assert [role["role"] for role in rights(world)[-1]["roles"]] == ["ANBIETER"]


def test_the_settings_name_first_members_of_the_operator_and_the_anbieter_only() -> None:
    with pytest.raises(ValueError, match="ELIGIBILITY_FIRST_MEMBERS names 010540056056"):
        Settings(_env_file=None, first_members={HUSUM: "anna"})
