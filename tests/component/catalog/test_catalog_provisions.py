"""An accepted offer waits for its Bereitstellungsvertrag, which contracts concludes or refuses; only then it is public."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from services.catalog.facts import FACTS, OfferingFact, UnpublishedOfferFact
from services.catalog.repository import OFFERINGS
from shared.ids import bereitstellung_id
from shared.messages.contracts_chain import ChainConcluded, ChainRefused
from shared.messages.values import Channel
from shared.store.port import Save
from shared.topics import CATALOG_CONTRACTS
from tests.component.catalog.conftest import FITKO, GOVDIGITAL, KOMM_ONE, KUNDE, World
from tests.support.builders.provisions import CONCLUDED_AT, concluded, declined, told

GD, FT = Channel.GOVDIGITAL, Channel.FITKO
BOTH = ["fitko", "govdigital"]


async def accepted(world: World, *, channels: Sequence[str] = ("govdigital",)) -> str:
    """Hand an offer in and have govdigital accept it."""
    offering_id: str = (await world.draft(channels=channels))["id"]
    assert (await world.do(KOMM_ONE, offering_id, "submit")).status_code == 200
    answer = await world.do(GOVDIGITAL, offering_id, "accept")
    assert (answer.status_code, answer.json()["state"]) == (200, "BEREITSTELLUNGSVERTRAG_OFFEN")
    return offering_id


async def hear(world: World, message: ChainConcluded | ChainRefused, seq: int = 1) -> None:
    (consumer,) = (it for it in world.service.consumers if it.group == CATALOG_CONTRACTS)
    assert list(await consumer.handle([told(message, seq)])) == []


async def shown(world: World, offering_id: str, token: str | None = KOMM_ONE) -> dict[str, Any]:
    answer = await world.as_(token).get(f"/v1/offerings/{offering_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def sent(world: World, offering_id: str, topic: str = "catalog.provision.v1") -> list[tuple[str, dict[str, Any]]]:
    """Return last part of the type, and content, of what was sent of an offer."""
    events = [it for it in world.publisher.events if it.key == offering_id and it.topic == topic]
    return [(it.type.split(".")[2], json.loads(it.body)) for it in events]


async def test_acceptance_asks_for_the_contract_and_its_conclusion_makes_the_offer_public(world: World) -> None:
    offering_id = await accepted(world)
    ((kind, content),) = sent(world, offering_id)
    assert kind == "requested"
    asked = content["provision"]
    assert (asked["channel"], asked["attempt"], asked["provider"]["id"]) == ("govdigital", 1, "komm_one")
    assert (asked["submitted_by"], asked["accepted_by"]) == ("anna", "gina")
    waiting = (await shown(world, offering_id))["workflow"]["provisions"]
    assert [(it["channel"], it["state"], it["number"]) for it in waiting] == [("govdigital", "ANGEFRAGT", None)]
    (line,) = (await world.as_(GOVDIGITAL).get("/v1/my/offerings")).json()["items"]
    assert (line["waiting_channels"], line["channels"]) == (["govdigital"], [])
    assert (await world.search(kind="offering"))["total"] == 0

    await hear(world, concluded(offering_id, GD, number="GD/2026/00007"))
    found = await shown(world, offering_id)
    assert (found["state"], found["orderable_channels"]) == ("VEROEFFENTLICHT", ["govdigital"])
    assert [it["number"] for it in found["workflow"]["provisions"]] == ["GD/2026/00007"]
    assert world.publisher.types()[-1] == "catalog.offering.published.v1"


async def test_the_number_is_the_parties_own(world: World) -> None:
    offering_id = await accepted(world)
    await hear(world, concluded(offering_id, GD, number="GD/2026/00007"))
    root = bereitstellung_id("govdigital", offering_id)
    for token in (None, KUNDE):
        found = await shown(world, offering_id, token)
        assert found["workflow"] is None
        assert [(it["channel"], it["bereitstellungsvertrag"]) for it in found["channels"]] == [("govdigital", root)]
    ((_, published),) = sent(world, offering_id, "catalog.offering.v1")
    assert "GD/2026/00007" not in json.dumps(published)


@pytest.mark.parametrize("body", [{}, {"number": "BV-1", "signed_at": "2026-11-01T00:00:00Z"}])
async def test_a_second_anbieter_asks_for_its_own_and_a_number_that_somebody_types_is_ignored(
    world: World, body: dict[str, Any]
) -> None:
    offering_id = await world.published(channels=["govdigital", "fitko"])
    answer = await world.do(FITKO, offering_id, "bereitstellungsvertrag", **body)
    assert (answer.status_code, [it["channel"] for it in answer.json()["channels"]]) == (200, ["govdigital"])
    repeat = await world.do(FITKO, offering_id, "bereitstellungsvertrag", **body)
    assert repeat.headers["ETag"] == answer.headers["ETag"]
    await world.contracts_answer()
    found = await shown(world, offering_id)
    assert ([it["channel"] for it in found["channels"]], found["version"]) == (["govdigital", "fitko"], 1)
    assert "BV-1" not in {it["number"] for it in found["workflow"]["provisions"]}
    assert world.publisher.types()[-1] == "catalog.offering.changed.v1"
    after = await world.do(FITKO, offering_id, "bereitstellungsvertrag", **body)
    assert after.json() == await shown(world, offering_id, FITKO)


async def test_both_anbieter_accept_and_one_conclusion_is_enough_to_be_public(world: World) -> None:
    offering_id = await accepted(world, channels=BOTH)
    assert (await world.do(FITKO, offering_id, "accept")).status_code == 200
    await hear(world, concluded(offering_id, FT))
    found = await shown(world, offering_id)
    assert (found["state"], found["orderable_channels"]) == ("VEROEFFENTLICHT", ["fitko"])
    assert {it["channel"]: it["state"] for it in found["workflow"]["provisions"]} == {
        "fitko": "GESCHLOSSEN",
        "govdigital": "ANGEFRAGT",
    }
    await hear(world, declined(offering_id, GD))
    found = await shown(world, offering_id)
    assert (found["state"], found["orderable_channels"]) == ("VEROEFFENTLICHT", ["fitko"])


async def test_a_contract_that_is_declined_returns_the_form_with_the_reason_and_the_next_acceptance_asks_anew(
    world: World,
) -> None:
    offering_id = await accepted(world)
    await hear(world, declined(offering_id, GD))
    found = await shown(world, offering_id)
    assert (found["state"], found["workflow"]["remarks"]) == ("ENTWURF", "Die Leistungsbeschreibung fehlt.")
    facts = [
        {"name": "anbieter", "text": "govdigital", "day": None},
        {"name": "reason", "text": "Die Leistungsbeschreibung fehlt.", "day": None},
    ]
    for said in (found["workflow"]["provisions"], found["workflow"]["returns"]):
        assert [(it["code"], it["facts"]) for it in said] == [("provision_declined", facts)], "told for any language"
    assert (await world.as_(GOVDIGITAL).get(f"/v1/offerings/{offering_id}")).status_code == 404
    assert world.publisher.types()[-1] == "catalog.submission.returned.v1"
    await world.do(KOMM_ONE, offering_id, "submit")
    await world.do(GOVDIGITAL, offering_id, "accept")
    assert [content["provision"]["attempt"] for _, content in sent(world, offering_id)] == [1, 2]
    await hear(world, declined(offering_id, GD), seq=2)
    assert (await shown(world, offering_id))["state"] == "BEREITSTELLUNGSVERTRAG_OFFEN", "the refusal was of the first attempt"
    await hear(world, concluded(offering_id, GD, attempt=2))
    assert (await shown(world, offering_id))["state"] == "VEROEFFENTLICHT"


async def test_what_is_not_concluded_is_withdrawn_with_the_form_and_a_late_conclusion_publishes_nothing(world: World) -> None:
    offering_id = await accepted(world)
    assert (await world.do(GOVDIGITAL, offering_id, "return", remarks="Zielgruppe fehlt.")).status_code == 200
    assert [kind for kind, _ in sent(world, offering_id)] == ["requested", "withdrawn"]
    await hear(world, concluded(offering_id, GD))
    assert (await shown(world, offering_id))["state"] == "ENTWURF"
    await world.do(KOMM_ONE, offering_id, "submit")
    await world.do(GOVDIGITAL, offering_id, "accept")
    assert sent(world, offering_id)[-1][1]["provision"]["attempt"] == 1, "the contract that was concluded is asked for again"
    await hear(world, concluded(offering_id, GD), seq=2)
    assert (await shown(world, offering_id))["state"] == "VEROEFFENTLICHT"


async def test_an_offer_that_is_given_up_needs_no_contract(world: World) -> None:
    offering_id = await accepted(world)
    assert (await world.do(KOMM_ONE, offering_id, "withdraw", reason="Vorhaben beendet.")).status_code == 200
    assert [kind for kind, _ in sent(world, offering_id)] == ["requested", "withdrawn"]
    await hear(world, concluded(offering_id, GD))
    assert (await shown(world, offering_id))["state"] == "ZURUECKGEZOGEN"


async def test_repeats_and_any_order_of_what_contracts_tells_come_to_the_same(world: World) -> None:
    ends = []
    for order in permutations((1, 2, 3)):
        offering_id = await accepted(world, channels=BOTH)
        await world.do(FITKO, offering_id, "accept")
        messages: dict[int, ChainConcluded | ChainRefused] = {
            1: concluded(offering_id, GD),
            2: declined(offering_id, FT),
            3: concluded(offering_id, GD),
        }
        for seq in (*order, *order):
            await hear(world, messages[seq], seq)
        found = await shown(world, offering_id)
        ends.append((found["state"], found["orderable_channels"], [it["state"] for it in found["workflow"]["provisions"]]))
        assert [kind for kind, _ in sent(world, offering_id, "catalog.offering.v1")] == ["published"]
    assert ends == [("VEROEFFENTLICHT", ["govdigital"], ["ABGELEHNT", "GESCHLOSSEN"])] * 6


async def test_a_channel_whose_accreditation_has_ended_meanwhile_is_listed_closed(world: World) -> None:
    offering_id = await accepted(world)
    world.accredit("komm_one")
    await hear(world, concluded(offering_id, GD))
    found = await shown(world, offering_id)
    assert (found["state"], found["orderable_channels"]) == ("VEROEFFENTLICHT", [])
    assert found["workflow"]["closed_channels"] == ["govdigital"]


async def test_an_offer_of_0_1_0_keeps_its_number_for_its_parties_once_contracts_knows_it(world: World) -> None:
    offering_id = await world.published()
    document = await world.store.get(OFFERINGS, offering_id)
    assert document is not None
    listing = {"channel": "govdigital", "bereitstellungsvertrag": "BV-2026-017", "signed_at": CONCLUDED_AT.isoformat()}
    old = {key: value for key, value in document.items() if key not in ("provisions", "submitted_by")}
    save = Save({**old, "inbox": {}, "rev": document["rev"] + 1, "listings": [listing]}, expected_rev=document["rev"])
    assert await world.store.save_many(OFFERINGS, [save]) == set()

    root = bereitstellung_id("govdigital", offering_id)
    for _ in range(2):
        own = (await shown(world, offering_id))["workflow"]["provisions"]
        assert [(it["state"], it["number"], it["contract_id"]) for it in own] == [("GESCHLOSSEN", "BV-2026-017", root)]
        found = await shown(world, offering_id, None)
        assert [it["bereitstellungsvertrag"] for it in found["channels"]] == [root]
        await hear(world, concluded(offering_id, GD, number="BV-2026-017"), seq=9)
    kind, content = sent(world, offering_id, "catalog.offering.v1")[-1]
    assert kind == "restated"
    assert [it["bereitstellungsvertrag"] for it in content["offering"]["channels"]] == [root]


async def test_an_offer_that_0_1_0_has_accepted_asks_when_its_anbieter_does(world: World) -> None:
    offering_id = await accepted(world)
    document = await world.store.get(OFFERINGS, offering_id)
    assert document is not None
    old = {key: value for key, value in document.items() if key not in ("provisions", "submitted_by")}
    await world.store.save_many(OFFERINGS, [Save({**old, "rev": document["rev"] + 1}, expected_rev=document["rev"])])
    assert (await world.do(GOVDIGITAL, offering_id, "bereitstellungsvertrag")).status_code == 200
    await world.contracts_answer()
    assert (await shown(world, offering_id))["state"] == "VEROEFFENTLICHT"


async def test_nobody_asks_for_a_channel_that_was_not_wished(world: World) -> None:
    offering_id = await world.published()
    answer = await world.do(FITKO, offering_id, "bereitstellungsvertrag")
    assert answer.status_code == 404


async def test_rebuilt_topics_hold_the_state_and_then_again_what_was_asked(world: World) -> None:
    public = await world.published()
    waiting = await accepted(world)
    (republisher, _) = world.service.republishers
    facts = [FACTS[OFFERINGS](document) for document in await world.store.scan(OFFERINGS)]
    assert [(it.id, it.waits) for it in facts if isinstance(it, UnpublishedOfferFact)] == [(waiting, True)]
    (fact,) = (it for it in facts if isinstance(it, OfferingFact))
    assert fact.numbers.keys() == {bereitstellung_id("govdigital", public)}
    world.publisher.events.clear()
    assert await republisher.republish([waiting, public]) == 2
    kinds = {key: [it.type for it in world.publisher.events if it.key == key] for key in (waiting, public)}
    assert kinds == {
        waiting: ["catalog.provision.requested.v1"],
        public: ["catalog.offering.restated.v1", "catalog.provision.requested.v1"],
    }
