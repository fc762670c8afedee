"""The main flow over the public interfaces, with two services' stores on the MongoDB adapter over the wire."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import httpx
import pytest
from pymongo import AsyncMongoClient

from marktplatz.demo import flow
from marktplatz.demo.people import Json, StepFailedError, eventually
from marktplatz.embedded import SERVICES, processor
from shared.messages.values import Channel
from tests.e2e.conftest import ON_MONGODB, Marketplace


async def test_a_vorgang_goes_from_interest_to_productive_use(marketplace: Marketplace) -> None:
    people = marketplace.cast
    order_id = await marketplace.ready_to_order("Ganzer Weg")
    await flow.place(people.husum, order_id)
    contracted = await flow.reaches(people.husum, order_id, "VERTRAG_GESCHLOSSEN")
    live = await flow.deliver(people.husum, people.komm_one, order_id)

    (contract,) = await flow.contracts_of(people.husum, order_id)
    assert contract["number"] == contracted["contract"]["number"]
    assert live["state"] == "PRODUKTIV"
    assert live["waiting"] is None
    assert all(milestone["reached_at"] for milestone in live["milestones"])


async def test_a_fact_that_changes_the_verdict_shows_on_the_running_contract_and_reaches_the_anbieter(
    marketplace: Marketplace,
) -> None:
    people = marketplace.cast
    order_id = await marketplace.ready_to_order("Neu geprüft")
    await flow.place(people.husum, order_id)
    await flow.reaches(people.husum, order_id, "VERTRAG_GESCHLOSSEN")
    examination = f"/v1/facts/organisation:{people.husum.organisation}:TRAEGER:itvsh/examination"

    async def later() -> Json | None:
        order = await people.govdigital.get("ordering", f"/v1/orders/{order_id}")
        return order["verdict"]["later"]  # type: ignore[no-any-return] # JSON

    async def told() -> Json | None:
        inbox = await people.govdigital.get("notify", "/v1/inbox", {"limit": 50})
        return next((it for it in inbox["items"] if it["event_type"] == "ordering.order.verdict-changed.v1"), None)

    findings = {**flow.EXAMINATION["findings"], "joint_influence": False}
    await people.govdigital.post("eligibility", examination, {"findings": findings, "reason": "Satzung geändert"})
    try:
        found = await eventually("the order has another verdict", later, 60)
        assert (found["verdict"], found["before"], found["because"], found["who"]) == (
            "NOT_EXEMPT",
            "EXEMPT",
            "FACTS",
            "ANBIETER",
        )
        assert found["code"] == "NO_JOINT_INFLUENCE"
        order = await people.husum.get("ordering", f"/v1/orders/{order_id}")
        assert order["state"] == "VERTRAG_GESCHLOSSEN", "a contract goes on until people decide otherwise"
        await eventually("govdigital is told", told, 60)
    finally:
        await people.govdigital.post("eligibility", examination, flow.EXAMINATION)


async def test_fitko_numbers_its_contracts_by_its_own_pattern(marketplace: Marketplace) -> None:
    people = marketplace.cast
    offering_id = await marketplace.offer("Länderübergreifend", "fitko")
    order_id = await flow.ready_to_order(people.sachsen, people.nordrhein_westfalen, people.fitko, offering_id)
    await flow.place(people.sachsen, order_id)
    order = await flow.reaches(people.sachsen, order_id, "VERTRAG_GESCHLOSSEN")
    prefix, _, sequence = order["contract"]["number"].split("/")
    assert prefix == "FITST"
    assert int(sequence) >= 1
    assert len(sequence) == 4


async def test_a_municipality_is_refused_at_fitko_with_rule_reason_and_remedy(marketplace: Marketplace) -> None:
    offering_id = await marketplace.offer("Nur für Länder", "fitko")
    order = await flow.declare(marketplace.cast.husum, offering_id, "fitko")
    refused = await flow.reaches(marketplace.cast.husum, order["id"], "ABGELEHNT")
    assert refused["refusal"]["code"] == "CHANNEL_EXCLUDES_TYPE"
    assert "Kommune" in refused["refusal"]["reason"]
    assert "govdigital" in refused["refusal"]["remedy"]
    assert refused["verdict"]["allowed_channels"] == [], "at govdigital neither side is accredited for it"


async def test_the_two_services_really_keep_their_documents_on_the_mongodb_server(marketplace: Marketplace) -> None:
    await flow.declare(marketplace.cast.husum, await marketplace.offer("Ablage"), "govdigital")
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(marketplace.mongodb)
    try:
        assert await client["marktplatz_ordering"]["orders"].count_documents({}) > 0
    finally:
        await client.close()
    assert not any((marketplace.run.var / f"{service}.db").exists() for service in ON_MONGODB)


async def test_one_order_sent_three_ways_makes_one_contract(marketplace: Marketplace) -> None:
    people = marketplace.cast
    order_id = await marketplace.ready_to_order("Dreimal bestellt")
    first = await flow.place(people.husum, order_id, key="three-ways")
    assert await flow.place(people.husum, order_id, key="three-ways") == first
    third = await people.husum.send("POST", "ordering", f"/v1/orders/{order_id}/place", {"accepts_agb": True}, "another-key")
    assert (third.status_code, third.json().get("current_state")) in {(200, None), (409, "VERTRAG_GESCHLOSSEN")}, third.text
    await flow.reaches(people.husum, order_id, "VERTRAG_GESCHLOSSEN")
    assert await marketplace.tap.repeat("contracts.govdigital.request.v1", order_id) == 1
    await marketplace.tap.caught_up("contracts.govdigital")
    assert len(await flow.contracts_of(people.husum, order_id)) == 1


async def test_a_contract_that_is_refused_gives_the_order_back_and_the_next_order_has_a_contract_of_its_own(
    marketplace: Marketplace,
) -> None:
    people = marketplace.cast
    order_id = await marketplace.ready_to_order("AGB geändert")
    path, outdated = f"/v1/orders/{order_id}", {"accepts_agb": True, "agb_version": "Eine alte Fassung"}
    await people.husum.post("ordering", f"{path}/place", outdated)
    held = await flow.reaches(people.husum, order_id, "ANGEBOT_ERSTELLT")
    assert (held["contract_refusal"]["code"], held["deadline"]["kind"]) == ("agb_changed", "hold")
    assert all(point["settled"] for point in held["points"] if point["mandatory"])
    (first,) = await flow.contracts_of(people.husum, order_id)
    assert (first["state"], first["number"]) == ("ABGELEHNT", None)
    in_force = (await people.husum.get("contracts", "/v1/agb/govdigital"))["version"]
    await people.husum.post("ordering", f"{path}/place", {"accepts_agb": True, "agb_version": in_force})
    assert await marketplace.tap.repeat("contracts.contract.v1", first["id"]) == 1
    done = await flow.reaches(people.husum, order_id, "VERTRAG_GESCHLOSSEN")
    await marketplace.tap.caught_up("ordering.contracts")
    assert (await people.husum.get("ordering", path))["state"] == "VERTRAG_GESCHLOSSEN"
    found = await flow.contracts_of(people.husum, order_id)
    assert {it["id"]: it["state"] for it in found} == {first["id"]: "ABGELEHNT", done["contract"]["id"]: "GESCHLOSSEN"}


async def test_a_stranger_gets_404_and_never_learns_that_there_is_something(marketplace: Marketplace) -> None:
    people = marketplace.cast
    order_id = await marketplace.ready_to_order("Verborgen")
    for stranger in (people.goerlitz, people.sachsen, people.fitko):
        seen = await stranger.send("GET", "ordering", f"/v1/orders/{order_id}")
        absent = await stranger.send("GET", "ordering", "/v1/orders/00000000-0000-4000-8000-000000000000")
        assert seen.status_code == absent.status_code == 404
        assert set(seen.json()) == set(absent.json())
        tried = await stranger.send("POST", "ordering", f"/v1/orders/{order_id}/withdraw", {})
        assert tried.status_code == 404


async def test_killing_one_processor_leaves_the_other_and_loses_nothing(marketplace: Marketplace) -> None:
    people = marketplace.cast
    orders = [await marketplace.ready_to_order(f"Absturz {number}") for number in range(4)]
    fitko_starts = marketplace.run.children[processor(Channel.FITKO)].starts
    await flow.place(people.husum, orders[0])
    killing = asyncio.create_task(marketplace.run.kill_and_wait(processor(Channel.GOVDIGITAL)))
    await asyncio.gather(*(flow.place(people.husum, order) for order in orders[1:]))
    await killing
    await asyncio.gather(*(flow.reaches(people.husum, order, "VERTRAG_GESCHLOSSEN", seconds=60) for order in orders))
    found = [contract["number"] for order in orders for contract in await flow.contracts_of(people.husum, order)]
    assert len(found) == len(set(found)) == len(orders)
    assert marketplace.run.children[processor(Channel.FITKO)].starts == fitko_starts


async def test_killing_all_services_in_mid_flow_loses_no_acknowledged_order(marketplace: Marketplace) -> None:
    people = marketplace.cast
    orders = [await marketplace.ready_to_order(f"Ausfall {number}") for number in range(3)]
    acknowledged = []
    for order in orders:
        acknowledged.append(await flow.place(people.husum, order))
        if order == orders[1]:
            await marketplace.run.kill_and_wait(SERVICES)
    for recorded in acknowledged:
        order = recorded["id"]
        await flow.reaches(people.husum, order, "VERTRAG_GESCHLOSSEN", seconds=60)
        assert len(await flow.contracts_of(people.husum, order)) == 1


async def test_sigterm_drains_under_load_and_every_acknowledged_interest_is_kept(marketplace: Marketplace) -> None:
    people = marketplace.cast
    offerings = [await marketplace.offer(f"Unter Last {number}") for number in range(12)]
    await asyncio.gather(*(_known(marketplace, offering) for offering in offerings))
    child = marketplace.run.children[SERVICES]
    process = child.process
    assert process is not None
    child.restarted.clear()
    acknowledged: list[str] = []

    async def declare(offering_id: str) -> None:
        try:
            order = await people.husum.post("ordering", "/v1/orders", {"offering_id": offering_id, "channel": "govdigital"})
        except (httpx.TransportError, StepFailedError):
            return
        acknowledged.append(order["id"])

    load = [asyncio.create_task(declare(offering)) for offering in offerings[:6]]
    await asyncio.sleep(0)
    process.send_signal(signal.SIGTERM)
    await asyncio.gather(*load, *(declare(offering) for offering in offerings[6:]))
    assert await process.wait() == 0, child.log_tail()
    await child.restarted.wait()
    await marketplace.run.wait_ready(SERVICES)
    for order_id in acknowledged:
        order = await flow.reaches(people.husum, order_id, "WEITERGELEITET", seconds=60)
        assert order["id"] == order_id


async def test_events_of_each_vorgang_stand_in_order_and_without_gap(marketplace: Marketplace) -> None:
    """Counts the sequence over both topics that ordering writes a Vorgang's events to."""
    people = marketplace.cast
    order_id = await marketplace.ready_to_order("Reihenfolge")
    await flow.place(people.husum, order_id)
    await flow.reaches(people.husum, order_id, "VERTRAG_GESCHLOSSEN")
    sequences: dict[str, list[int]] = {}
    for topic in ("ordering.order.v1", "contracts.govdigital.request.v1"):
        for record in await marketplace.tap.records(topic):
            if record.key == order_id.encode():
                sequence = next(int(value) for name, value in record.headers if name == "ce_sequence")
                sequences.setdefault(topic, []).append(sequence)
    first_occurrences = [list(dict.fromkeys(found)) for found in sequences.values()]
    assert all(found == sorted(found) for found in first_occurrences)
    together = sorted(sequence for found in first_occurrences for sequence in found)
    assert together == list(range(1, len(together) + 1))


async def test_nothing_went_to_the_dead_letters(marketplace: Marketplace) -> None:
    for group in (
        "ordering.verdicts",
        "ordering.offerings",
        "ordering.contracts",
        "catalog.contracts",
        "contracts.fitko.offerings",
        "contracts.fitko.uses",
        "contracts.govdigital.offerings",
        "contracts.govdigital.uses",
        "eligibility.orders",
        "eligibility.offerings",
        "notify.dispatch",
    ):
        assert await marketplace.tap.records(f"{group}.dlq") == []


async def test_one_correlation_id_leads_through_the_logs_of_all_processes(marketplace: Marketplace) -> None:
    people = marketplace.cast
    order_id = await marketplace.ready_to_order("Spur")
    await flow.place(people.husum, order_id)
    await flow.reaches(people.husum, order_id, "VERTRAG_GESCHLOSSEN")
    traces: dict[str, set[str]] = {}
    for topic in ("ordering.order.v1", "eligibility.verdict.v1", "contracts.govdigital.request.v1"):
        for record in await marketplace.tap.records(topic):
            headers = {name: value.decode() for name, value in record.headers}
            if headers.get("ce_correlationid") == order_id:
                traces.setdefault(topic, set()).add(headers["traceparent"].split("-")[1])
    assert set(traces) == {"ordering.order.v1", "eligibility.verdict.v1", "contracts.govdigital.request.v1"}
    assert traces["contracts.govdigital.request.v1"] <= traces["ordering.order.v1"] & traces["eligibility.verdict.v1"]


async def _known(marketplace: Marketplace, offering_id: str) -> None:
    """Wait until ordering knows an offer; asked by somebody who may not order, so that nothing comes about."""

    async def look() -> bool:
        body = {"offering_id": offering_id, "channel": "fitko"}
        answer = await marketplace.cast.husum.send("POST", "ordering", "/v1/orders", body)
        return answer.status_code != httpx.codes.NOT_FOUND

    await eventually("ordering knows the offer", look)


def test_logs_are_one_json_object_per_line(marketplace: Marketplace) -> None:
    for name in marketplace.run.children:
        log: Path = marketplace.run.var / "logs" / f"{name}.log"
        lines = log.read_text(encoding="utf-8").splitlines()
        assert lines
        assert all({"time", "level", "event"} <= set(json.loads(line)) for line in lines)


pytestmark = pytest.mark.timeout(300)
