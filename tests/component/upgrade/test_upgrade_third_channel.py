"""A further channel is its file and its module: the whole flow runs through it, and a version without it reads all of that."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx
import pytest
from bson import json_util

from shared.bus.record import RawRecord
from shared.messages.values import Channel
from shared.topics import (
    ARCHIVE_CHECKPOINTS,
    AWARDS,
    CHECKPOINTS,
    INVITATIONS,
    KNOWN_SERVICES,
    PARTNERS,
    PORTAL_HEALTH,
    PROVISIONS,
    QUARANTINE,
    TOPICS,
)
from tests.support.marketplace import TOPIC_BY_NAME, Marketplace
from tests.support.third_channel import CHANNEL, FILE, Copy
from tests.support.third_channel_play import JSON, Snapshot, snapshot, working

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
REQUESTS = f"contracts.{CHANNEL}.request.v1"
BESIDE_THE_FLOW = (KNOWN_SERVICES, CHECKPOINTS, PORTAL_HEALTH, PARTNERS, QUARANTINE, ARCHIVE_CHECKPOINTS, INVITATIONS, AWARDS)
"""Topics of what the flow does without: services that nobody offers here, portals, partner systems, invitations by mail, successors."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="module")
def played(copy: Copy) -> dict[str, Any]:
    """Return what the version with the channel has written: each record with what lay in the stores before it."""
    file = copy.folder / "played.json"
    copy.succeed("tests.support.third_channel_play", str(file))
    found: dict[str, Any] = json_util.loads(file.read_text(encoding="utf-8"), json_options=JSON)
    return found


@pytest.fixture(scope="module")
async def old() -> AsyncIterator[Marketplace]:
    """The version without the channel: this one."""
    async with Marketplace() as market:
        yield market


def records(played: Mapping[str, Any]) -> Iterator[tuple[RawRecord, Snapshot]]:
    for it in played["records"]:
        fields = it["record"]
        headers = tuple((name, content) for name, content in fields["headers"])
        yield RawRecord(fields["topic"], fields["key"], fields["value"], headers), it["stores"]


async def bring(market: Marketplace, stores: Snapshot) -> None:
    """Put documents in place of all that a market holds but the reference data."""
    present = await snapshot(market)
    for service, store in market.stores.items():
        for collection in working(market, service):
            await store.delete(collection, [document["_id"] for document in present[service][collection.name]])
            await store.insert_many(collection, stores[service][collection.name])


def test_this_version_does_not_know_the_channel() -> None:
    assert CHANNEL not in {channel.value for channel in Channel}
    assert REQUESTS not in TOPIC_BY_NAME


def test_the_whole_flow_runs_through_the_channel(played: dict[str, Any]) -> None:
    assert {record.topic for record, _ in records(played)} == {
        REQUESTS,
        PROVISIONS.name,
        *(topic.name for topic in TOPICS if not topic.commands and topic not in BESIDE_THE_FLOW),
    }


async def test_a_version_without_the_channel_rejects_nothing_of_it(played: dict[str, Any], old: Marketplace) -> None:
    consumers, old.bus.consumers = old.bus.consumers, []
    read: dict[str, int] = {}
    for record, stores in records(played):
        if record.topic == REQUESTS:
            continue
        await bring(old, stores)
        old.bus.consumers = consumers
        assert await old.bus.handle(record) == []
        old.bus.consumers = []
        await old.bus.rest()
        read[record.topic] = read.get(record.topic, 0) + 1
    old.bus.consumers = consumers
    assert read.keys() == {record.topic for record, _ in records(played)} - {REQUESTS}
    verdicts = [json.loads(event.body) for event in old.bus.sent if event.topic == "eligibility.verdict.v1"]
    assert {verdict["assessment"]["verdict"] for verdict in verdicts} == {"OUT_OF_SCOPE"}
    assert not [event for event in old.bus.sent if event.topic == "contracts.contract.v1"]


async def test_a_version_without_the_channel_shows_what_lies_in_the_stores(played: dict[str, Any], old: Marketplace) -> None:
    await bring(old, played["end"])
    husum = old.people.husum
    (order,) = (await husum.get("ordering", "/v1/orders"))["items"]
    assert (order["channel"], order["state"]) == (CHANNEL, "PRODUKTIV")
    (contract,) = (await husum.get("contracts", "/v1/contracts"))["items"]
    assert (contract["order_id"], contract["channel"]) == (order["id"], CHANNEL)
    assert (await husum.get("contracts", f"/v1/contracts/{contract['id']}"))["anbieter"]["name"] == FILE["name"]
    organisation = await husum.get("eligibility", f"/v1/organisations/{husum.organisation}")
    assert [accreditation["channel"] for accreditation in organisation["accreditations"]] == [CHANNEL]
    assert (await husum.get("notify", "/v1/inbox"))["items"]
    refused = await husum.send("POST", "ordering", "/v1/orders", {"offering_id": order["offering"]["id"], "channel": CHANNEL})
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY


def test_topics_users_and_schemas_of_the_channel_are_generated(copy: Copy) -> None:
    for module in ("shared.schemas.generate", "deploy.generate.topics", "deploy.generate.channels"):
        assert copy.run(module, "--check").returncode == 1, f"{module} does not notice the channel"
        copy.succeed(module)
        copy.succeed(module, "--check")
    schema = json.loads((copy.folder / "shared/schemas/messages/ordering.order.placed.v1.json").read_text(encoding="utf-8"))
    assert CHANNEL in schema["$defs"]["Channel"]["x-extensible-enum"]
    topics = copy.python("-c", "from shared.topics import TOPICS; print(*(topic.name for topic in TOPICS))")
    assert REQUESTS in topics.stdout.split()
    users = (copy.folder / "deploy/components/topics-users/users.yaml").read_text(encoding="utf-8")
    assert f"name: contracts-{CHANNEL}\n" in users


def test_a_file_without_its_module_is_named(copy: Copy) -> None:
    module = copy.folder / "services" / "contracts" / "channels" / f"{CHANNEL}.py"
    arguments = ("-q", "-p", "no:cacheprovider", "tests/unit/channels")
    copy.succeed("pytest", *arguments)
    hidden = module.rename(module.with_suffix(".away"))
    try:
        failed = copy.run("pytest", *arguments)
    finally:
        hidden.rename(module)
    assert failed.returncode == 1
    assert CHANNEL in failed.stdout
