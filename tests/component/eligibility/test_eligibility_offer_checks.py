"""The pre-check of an offer: per channel in which it is offered, may one order, what is lacking, who must act."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.eligibility.repository import OFFERED
from shared.aggregate.change import Cause
from shared.bus.handling import Received
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.catalog import ChannelListing, OfferingChanged, OfferingPublished, OfferingRemoved, OfferingSuspended
from shared.messages.values import Channel, OfferingState, Party
from tests.component.eligibility.conftest import ANNA, SACHSEN, STAFF, START, World
from tests.support.builders.orders import OFFERING_ID, offering

KOMM_ONE = Party(id="komm_one", name="Komm.ONE")
BOTH = tuple(ChannelListing(channel=channel, bereitstellungsvertrag="B-1", signed_at=START) for channel in Channel)


async def follow(world: World, message: Message, seq: int, key: str = OFFERING_ID) -> int:
    """Let eligibility follow an event of the catalogue and return how many were refused."""
    _, consumer = world.service.consumers
    cause = Cause(derived_id("event", key, str(seq)), message.TYPE, f"/catalog/{key}", seq)
    return len(await consumer.handle([Received(message, key, cause, START)]))


@pytest.fixture
async def offered(world: World) -> AsyncIterator[World]:
    """An offer of Komm.ONE in both channels."""
    await follow(world, OfferingPublished(offering=offering(provider=KOMM_ONE, channels=BOTH)), 1)
    yield world
    await world.store.delete(OFFERED, [OFFERING_ID])


async def ask(world: World, token: str = ANNA, **fields: Any) -> dict[str, Any]:
    answer = await world.call("POST", "/checks", token, {"offering_id": OFFERING_ID, **fields})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_each_channel_of_the_offer_says_what_is_lacking_and_who_must_act(offered: World) -> None:
    found = await ask(offered)
    assert (found["offering_id"], found["orderable"], found["allowed_channels"]) == (OFFERING_ID, True, [])
    advice = {it["channel"]: it for it in found["channels"]}
    assert advice.keys() == {"fitko", "govdigital"}
    assert [it["may"] for it in advice.values()] == [False, False]
    assert ("CHANNEL_EXCLUDES_TYPE", "KUNDE") in {(it["code"], it["who"]) for it in advice["fitko"]["lacking"]}
    lacking = {it["code"]: it for it in advice["govdigital"]["lacking"]}
    assert (lacking["NO_RELATION"]["who"], lacking["NO_RELATION"]["verdict"]) == ("KUNDE", "NOT_EXEMPT")
    assert "angeben und belegen" in lacking["NO_RELATION"]["remedy"]
    missing = [(it["leg"], it["who"]) for it in advice["govdigital"]["lacking"] if it["code"] == "ACCREDITATION_MISSING"]
    assert missing == [("L1", "BEREITSTELLER"), ("L2", "KUNDE")]
    said = [(it["leg"], it["reason"]) for it in advice["govdigital"]["lacking"]]
    assert len(said) == len(set(said)), "two rules that miss the same are one thing to do"


async def test_who_may_order_is_told_so_and_finds_the_verdict_that_an_order_would_get(offered: World) -> None:
    await offered.open_the_way()
    found = await ask(offered)
    assert found["allowed_channels"] == ["govdigital"]
    (govdigital,) = [it for it in found["channels"] if it["channel"] == "govdigital"]
    assert (govdigital["may"], govdigital["verdict"], govdigital["lacking"]) == (True, "EXEMPT", [])
    plain = await offered.call("POST", "/checks", ANNA, {"provider": "komm_one"})
    assert plain.json()["assessments"] == found["assessments"]
    assert plain.json()["channels"] is None


async def test_a_risk_is_the_anbieters_to_act_on(strict: World) -> None:
    await follow(strict, OfferingPublished(offering=offering(provider=KOMM_ONE, channels=BOTH)), 1)
    await strict.open_the_way()
    found = await ask(strict, channel="govdigital")
    (advice,) = found["channels"]
    assert [(it["code"], it["who"]) for it in advice["lacking"]] == [("INDIRECT_JOINT_DISPUTED", "ANBIETER")]
    await strict.store.delete(OFFERED, [OFFERING_ID])


async def test_an_offer_that_takes_no_interest_says_so(offered: World) -> None:
    suspended = offering(provider=KOMM_ONE, channels=BOTH, state=OfferingState.AUSGESETZT)
    await follow(offered, OfferingSuspended(offering=suspended, reason="Umbau."), 2)
    assert (await ask(offered))["orderable"] is False
    await follow(offered, OfferingRemoved(), 3)
    assert (await ask(offered))["orderable"] is False
    assert await follow(offered, OfferingRemoved(), 1, derived_id("offering", "never known")) == 0


async def test_a_channel_in_which_it_is_not_offered_is_refused(offered: World) -> None:
    govdigital = tuple(listing for listing in BOTH if listing.channel is Channel.GOVDIGITAL)
    await follow(offered, OfferingChanged(offering=offering(provider=KOMM_ONE, channels=govdigital, version=4)), 2)
    assert [it["channel"] for it in (await ask(offered))["channels"]] == ["govdigital"]
    refused = await offered.call("POST", "/checks", ANNA, {"offering_id": OFFERING_ID, "channel": "fitko"})
    assert (refused.status_code, refused.json()["code"]) == (409, "channel_not_offered")


async def test_a_channel_that_is_closed_just_now_is_none_to_order_through(offered: World) -> None:
    closed = offering(provider=KOMM_ONE, channels=BOTH, orderable_channels=(Channel.FITKO,))
    await follow(offered, OfferingChanged(offering=closed), 2)
    found = await ask(offered)
    assert (found["orderable"], [it["channel"] for it in found["channels"]]) == (True, ["fitko"])
    await follow(offered, OfferingChanged(offering=closed.model_copy(update={"orderable_channels": ()})), 3)
    found = await ask(offered)
    assert (found["orderable"], found["channels"]) == (False, [])


async def test_an_anbieter_asks_for_others_in_its_own_channel(offered: World) -> None:
    found = await ask(offered, STAFF[Channel.GOVDIGITAL], customer="010540056056")
    assert [it["channel"] for it in found["channels"]] == ["govdigital"]
    other = await offered.call("POST", "/checks", SACHSEN, {"offering_id": OFFERING_ID, "customer": "010540056056"})
    assert other.status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid"),
        ({"provider": "komm_one", "offering_id": OFFERING_ID}, 422, "invalid"),
        ({"offering_id": derived_id("offering", "none")}, 404, "offering_not_found"),
    ],
)
async def test_either_provider_or_an_offer_that_exists(world: World, body: dict[str, str], status: int, code: str) -> None:
    answer = await world.call("POST", "/checks", ANNA, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
