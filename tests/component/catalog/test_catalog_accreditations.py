"""Only who is registered and accredited at the Anbieter of each channel publishes, and channels close when that ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from services.catalog.app import build
from services.catalog.repository import OFFERINGS
from shared.errors import RetryableError
from shared.messages.eligibility_rights import RoleTerm
from shared.messages.values import Channel, Role
from shared.process.service import Service
from shared.store.port import Save
from tests.component.catalog.conftest import FITKO, GOVDIGITAL, KOMM_ONE, World
from tests.support.rights import rights_of

CHANGED, RESTATED = "catalog.offering.changed.v1", "catalog.offering.restated.v1"
BOTH = ["govdigital", "fitko"]


async def follow(service: Service) -> None:
    (periodic,) = [it for it in service.periodic if it.name == "catalog.accreditations"]
    await periodic.run()


def sent(world: World, offering_id: str) -> list[tuple[str, list[str]]]:
    """Return type and orderable channels of the events of a public offer."""
    events = [it for it in world.publisher.events if it.key == offering_id and it.topic == "catalog.offering.v1"]
    return [(it.type, json.loads(it.body)["offering"]["orderable_channels"]) for it in events]


async def shown(world: World, offering_id: str, token: str | None = None) -> dict[str, Any]:
    answer = await world.as_(token).get(f"/v1/offerings/{offering_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def in_both(world: World) -> str:
    """Publish an offer in both channels."""
    offering_id = await world.published(channels=BOTH)
    assert (await world.do(FITKO, offering_id, "bereitstellungsvertrag")).status_code == 200
    await world.contracts_answer()
    return offering_id


async def by_0_1_0(world: World, offering_id: str) -> None:
    """Turn a stored offer into one that was published without an accreditation."""
    document = await world.store.get(OFFERINGS, offering_id)
    assert document is not None
    rev = document["rev"]
    old = {name: value for name, value in document.items() if name not in ("accreditation_seen", "closed_channels")}
    await world.store.save_many(OFFERINGS, [Save({**old, "rev": rev + 1}, expected_rev=rev)])


@pytest.mark.parametrize(
    ("roles", "code", "channels"),
    [
        (None, "provider_not_registered", BOTH),
        ([Role.KUNDE], "provider_not_registered", BOTH),
        ([Role.BEREITSTELLER], "provider_not_accredited", BOTH),
        ([Role.BEREITSTELLER, RoleTerm(role=Role.KUNDE, channel=Channel.FITKO)], "provider_not_accredited", BOTH),
        ([Role.BEREITSTELLER, RoleTerm(role=Role.BEREITSTELLER, channel=Channel.FITKO)], "provider_not_accredited", BOTH[:1]),
    ],
)
async def test_who_is_not_registered_and_accredited_in_each_channel_cannot_submit(
    world: World, roles: Sequence[Role | RoleTerm] | None, code: str, channels: list[str]
) -> None:
    world.read.read_again([] if roles is None else [rights_of("komm_one", {}, roles)])
    draft = await world.draft(channels=BOTH)
    answer = await world.do(KOMM_ONE, draft["id"], "submit")
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["organisation"]) == (409, code, "komm_one")
    assert problem["channels"] == channels
    assert " and ".join(channels) in problem["detail"]
    assert "POST /v1/organisations" in problem["detail"]
    assert (await shown(world, draft["id"], KOMM_ONE))["state"] == "ENTWURF"

    world.accredit("komm_one", *Channel)
    assert (await world.do(KOMM_ONE, draft["id"], "submit")).status_code == 200


async def test_a_bereitstellungsvertrag_needs_the_accreditation_at_its_own_anbieter(world: World) -> None:
    draft = await world.draft(channels=BOTH)
    await world.do(KOMM_ONE, draft["id"], "submit")
    await world.do(FITKO, draft["id"], "accept")
    world.accredit("komm_one", Channel.FITKO)
    refused = await world.do(GOVDIGITAL, draft["id"], "bereitstellungsvertrag")
    assert (refused.status_code, refused.json()["code"]) == (409, "provider_not_accredited")
    assert refused.json()["channels"] == ["govdigital"]
    world.accredit("komm_one")
    again = await world.do(FITKO, draft["id"], "bereitstellungsvertrag")
    assert again.status_code == 200, "a repeat changes nothing and is not refused"
    asked = [json.loads(it.body)["provision"]["channel"] for it in world.publisher.events if it.topic == "catalog.provision.v1"]
    assert asked == ["fitko"], "contracts forms what is asked for, and nothing else"


async def test_nothing_is_published_while_nobody_knows_the_rights(world: World) -> None:
    draft = await world.draft()
    world.read.mirror.confirmed_at = None
    answer = await world.do(KOMM_ONE, draft["id"], "submit")
    assert (answer.status_code, answer.json()["code"]) == (503, "rights_unavailable")
    assert (await shown(world, draft["id"], KOMM_ONE))["state"] == "ENTWURF"


async def test_a_channel_closes_when_its_accreditation_ends_and_opens_when_it_is_back(world: World) -> None:
    offering_id, other = await in_both(world), await world.published()
    await follow(world.service)
    before = sent(world, offering_id)
    assert before[-1] == (CHANGED, BOTH)

    world.accredit("komm_one", Channel.FITKO)
    await follow(world.service)
    assert sent(world, offering_id)[len(before) :] == [(CHANGED, ["fitko"])]
    assert sent(world, other)[-1] == (CHANGED, [])
    everybody = await shown(world, offering_id)
    assert (everybody["orderable"], everybody["orderable_channels"], everybody["version"]) == (True, ["fitko"], 1)
    assert (await shown(world, offering_id, KOMM_ONE))["workflow"]["closed_channels"] == ["govdigital"]
    listed = (await world.as_(KOMM_ONE).get("/v1/my/offerings")).json()["items"]
    assert {item["id"]: item["closed_channels"] for item in listed} == {offering_id: ["govdigital"], other: ["govdigital"]}
    assert [item["id"] for item in (await world.search(orderable="true"))["items"] if item["kind"] == "offering"] == [offering_id]
    assert [item["id"] for item in (await world.search(channel="govdigital", kind="offering"))["items"]] == []

    world.accredit("komm_one", *Channel)
    await follow(world.service)
    assert sent(world, offering_id)[len(before) + 1 :] == [(CHANGED, BOTH)]
    assert (await shown(world, other))["orderable"] is True


async def test_a_term_that_runs_out_closes_the_channel_on_its_day(world: World) -> None:
    world.clock.time = world.clock.time.replace(hour=9)
    today: date = world.clock.time.date()
    world.accredit("komm_one", RoleTerm(role=Role.BEREITSTELLER, channel=Channel.GOVDIGITAL, valid_to=today + timedelta(days=1)))
    offering_id = await world.published()
    await follow(world.service)
    assert (await shown(world, offering_id))["orderable"] is True
    world.clock.time += timedelta(days=1)
    await follow(world.service)
    assert (await shown(world, offering_id))["orderable"] is False


async def test_several_processes_close_a_channel_once(world: World) -> None:
    offering_id = await world.published()
    services = [world.service, *(build(world.resources) for _ in range(2))]
    for service in services:
        await follow(service)
    before = len(sent(world, offering_id))
    world.accredit("komm_one")
    for service in services * 2:
        await follow(service)
    assert sent(world, offering_id)[before:] == [(CHANGED, [])]


async def test_a_suspended_offer_comes_back_without_the_closed_channel(world: World) -> None:
    offering_id = await in_both(world)
    await world.do(KOMM_ONE, offering_id, "suspend", reason="Wartung")
    world.accredit("komm_one", Channel.GOVDIGITAL)
    await follow(world.service)
    assert sent(world, offering_id)[-1] == (CHANGED, [])
    await world.do(KOMM_ONE, offering_id, "resume")
    assert sent(world, offering_id)[-1] == ("catalog.offering.resumed.v1", ["govdigital"])


async def test_an_offer_of_0_1_0_stays_orderable_until_an_accreditation_of_its_bereitsteller_was_seen(world: World) -> None:
    offering_id = await in_both(world)
    await by_0_1_0(world, offering_id)
    before = len(sent(world, offering_id))
    world.read.read_again([])
    await follow(world.service)
    world.accredit("komm_one")
    await follow(world.service)
    assert sent(world, offering_id)[before:] == []
    assert (await shown(world, offering_id))["orderable_channels"] == BOTH

    world.accredit("komm_one", *Channel)
    await follow(world.service)
    assert sent(world, offering_id)[before:] == [(RESTATED, BOTH)]
    world.accredit("komm_one")
    await follow(world.service)
    assert sent(world, offering_id)[before + 1 :] == [(CHANGED, [])]


async def test_the_first_accreditation_of_one_channel_closes_the_other(world: World) -> None:
    offering_id = await in_both(world)
    await by_0_1_0(world, offering_id)
    world.accredit("komm_one", Channel.FITKO)
    await follow(world.service)
    assert (await shown(world, offering_id))["orderable_channels"] == ["fitko"]


async def test_of_whom_no_rights_were_published_nothing_is_closed(world: World) -> None:
    offering_id = await world.published()
    before = len(sent(world, offering_id))
    world.read.read_again([])
    await follow(world.service)
    assert sent(world, offering_id)[before:] == [], "a topic that is being rebuilt must not close all offers"


async def test_nothing_is_closed_by_rights_that_are_too_old_or_not_read(world: World) -> None:
    offering_id = await world.published()
    before = len(sent(world, offering_id))
    world.accredit("komm_one")
    world.read.mirror.confirmed_at = None
    with pytest.raises(RetryableError):
        await follow(world.service)
    world.read.mirror.content = None
    await follow(world.service)
    assert sent(world, offering_id)[before:] == []


async def test_offers_are_looked_through_only_when_something_may_have_changed(world: World) -> None:
    offering_id = await world.published()
    await follow(world.service)
    await by_0_1_0(world, offering_id)  # as another version may do meanwhile
    before = len(sent(world, offering_id))
    await follow(world.service)
    assert sent(world, offering_id)[before:] == []
    world.clock.time += timedelta(minutes=10)
    await follow(world.service)
    assert sent(world, offering_id)[before:] == [(RESTATED, ["govdigital"])]
