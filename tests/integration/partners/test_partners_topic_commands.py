"""``marktplatz partners`` on a real broker: topics of partners are made, checked, mended and deleted by commands alone."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from typer.testing import CliRunner, Result

from marktplatz.cli import app
from shared.bus.settings import KafkaSettings
from shared.topics import partner_orders, partner_topics
from tests.integration.bus.bus_fixture import until

Run = Callable[..., Result]


@pytest.fixture
def run(settings: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("MARKTPLATZ_VAR", str(tmp_path))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", settings.bootstrap_servers)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["partners", *arguments])

    return run


async def names(settings: KafkaSettings) -> set[str]:
    """Return the names of all topics."""
    admin = AIOKafkaAdminClient(**settings.connection())
    await admin.start()
    try:
        return set(await admin.list_topics())
    finally:
        await admin.close()


async def gone(settings: KafkaSettings, topics: Collection[str]) -> None:
    """Wait until the topics are gone: a broker deletes after it has answered."""

    async def absent() -> bool:
        return not await names(settings) & set(topics)

    await until(absent)


async def alter(settings: KafkaSettings, topic: str, values: dict[str, str]) -> None:
    """Change settings of a topic as somebody would by hand."""
    admin = AIOKafkaAdminClient(**settings.connection())
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=values)])
    finally:
        await admin.close()


def registration(folder: Path, partner: str) -> str:
    file = folder / f"{partner}.json"
    organisation = {"id": "010540056056", "name": "Husum, Stadt", "roles": ["KUNDE"]}
    run_by = {"id": "dataport", "name": "Dataport AöR"}
    contact = {"mailbox": "schnittstellen@dataport.example"}
    stated = {"id": partner, "name": partner, "run_by": run_by, "organisations": [organisation], "contact": contact}
    file.write_text(json.dumps(stated), encoding="utf-8")
    return str(file)


def test_topics_follow_the_registry_from_the_registration_to_the_removal(
    run: Run, settings: KafkaSettings, tmp_path: Path
) -> None:
    first, second = (f"p-{uuid.uuid4().hex[:8]}" for _ in range(2))

    def present(partner: str) -> set[str]:
        return asyncio.run(names(settings)) & {topic.name for topic in partner_topics(partner)}

    whole = {partner: {topic.name for topic in partner_topics(partner)} for partner in (first, second)}
    one = ("--replication-factor", "1")

    assert run("register", registration(tmp_path, first), "--topics", *one).exit_code == 0
    assert present(first) == whole[first]
    assert run("register", registration(tmp_path, second)).exit_code == 0
    missing = run("topics", "--check", *one)
    assert missing.exit_code == 1
    assert all(name in missing.output for name in whole[second])
    assert not any(name in missing.output for name in whole[first])

    made = run("topics", *one)
    assert made.exit_code == 0
    assert "2 topics created" in made.output
    assert run("topics", "--check", *one).exit_code == 0

    orders = partner_orders(first).name
    asyncio.run(alter(settings, orders, {"max.message.bytes": "1000000"}))
    changed = run("topics", "--check", first, *one)
    assert changed.exit_code == 1
    assert f"{orders}: max.message.bytes" in changed.output
    assert run("topics", first, *one).exit_code == 0
    assert run("topics", "--check", first, *one).exit_code == 0

    assert run("remove", first, "--reason", "Ende", "--topics").exit_code == 0
    asyncio.run(gone(settings, whole[first]))
    assert run("remove", second, "--reason", "Ende").exit_code == 0
    assert present(second) == whole[second]
    assert run("topics", "--delete-removed", *one).exit_code == 0
    asyncio.run(gone(settings, whole[second]))
    assert run("topics", "--check", *one).exit_code == 0
