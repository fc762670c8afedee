"""Backup, drill and reconciliation by the hardened image, as a cluster runs them: own pod, all store addresses, a volume."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from marktplatz.assembly import BUILDERS
from marktplatz.demo import flow
from marktplatz.demo.people import eventually
from marktplatz.recovery.dump.keys import write_identity
from tests.deploy.images.conftest import Market
from tests.deploy.images.stack import Stack
from tests.deploy.images.test_images_operation import Talk, every_order_has_one_contract

SERVICES = tuple(name.value for name in BUILDERS)


def stores_in(folder: str) -> dict[str, str]:
    """Return the variable that gives a pod all store addresses."""
    return {"MARKTPLATZ_STORE_URLS": json.dumps({name: f"sqlite:///{folder}/{name}.db" for name in SERVICES})}


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """Give a folder that the image's user may write, as a volume with an fsGroup is."""
    folder = tmp_path / "volume"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


async def reconciled(stack: Stack, volume: Path) -> dict[str, list[dict[str, str]]]:
    """Reconcile the running marketplace and return the differences of the report by kind, which the exit code agrees with."""
    command = "reconcile --pause 2 --report /volume/live.json"
    code, log = await asyncio.to_thread(stack.ended, command, stores_in("/data"), volume=volume)
    report = json.loads((volume / "live.json").read_text("utf-8"))
    assert code == (1 if report["differences"] else 0), log
    assert report["looked_at"]["orders"] > 0
    return {kind: [it["ids"] for it in report["differences"] if it["kind"] == kind] for kind in report["counts"]}


async def test_a_backup_made_in_full_operation_passes_the_drill_and_the_running_stores_agree(
    market: Market, volume: Path, tmp_path: Path
) -> None:
    stack = market.stack
    orders = [await market.ready_to_order(f"Sicherung {number}") for number in range(2)]
    for order in orders:
        await flow.place(market.people.husum, order)
    await every_order_has_one_contract(market, orders)

    talk = Talk(market, pause=1)  # a Vorgang has a hundred questions at most
    await talk.begin("Gespräch während der Sicherung")
    talking = asyncio.create_task(talk.go_on())
    await eventually("the talk goes on", lambda: asyncio.sleep(0, bool(talk.asked)))
    before = len(talk.asked)
    identity = tmp_path / "stored elsewhere"
    writer = {**stores_in("/data"), "MARKTPLATZ_BACKUP_RECIPIENTS": write_identity(identity)}
    code, log = await asyncio.to_thread(stack.ended, "backup /volume --keep 3", writer, volume=volume)
    assert code == 0, log
    assert "encrypted for 1 public keys" in log
    during = len(talk.asked) - before
    talk.over.set()
    await talking
    assert during > 0, "the backup was made while people worked"
    found = re.search(r"documents in \d+ files: (/volume/\S+)", log)
    assert found, log
    assert await talk.is_complete()

    command = f"drill {found[1]} --report /volume/drill.json --replication-factor 1"
    with stack.broker("exercise") as bootstrap:
        exercise = {**stores_in("/volume"), "KAFKA_BOOTSTRAP_SERVERS": bootstrap}
        code, log = await asyncio.to_thread(stack.ended, command, exercise, volume=volume)
        assert code != 0
        assert "MARKTPLATZ_BACKUP_IDENTITY_FILE" in log
        (volume / "identity").write_bytes(identity.read_bytes())
        (volume / "identity").chmod(0o644)
        exercise["MARKTPLATZ_BACKUP_IDENTITY_FILE"] = "/volume/identity"
        code, log = await asyncio.to_thread(stack.ended, command, exercise, volume=volume)
        assert code == 0, log
        report = json.loads((volume / "drill.json").read_text("utf-8"))
        assert report["passed"]
        assert report["reconciliation"]["differences"] == []
        assert report["reconciliation"]["looked_at"]["contracts"] >= len(orders)
        # Each Vorgang, and the place that holds its id.
        assert report["backup"]["documents"]["ordering.orders"] == 2 * report["reconciliation"]["looked_at"]["orders"]
        assert {step["name"] for step in report["steps"]} == {"check", "restore", "rebuild", "work", "reconcile"}
        assert "drill passed" in log

        code, log = await asyncio.to_thread(stack.ended, command, exercise, volume=volume)
        assert code == 1
        assert "store_not_empty" in log

    async def agrees() -> bool:
        return await reconciled(stack, volume) == {}

    await eventually("the running stores and topics agree", agrees, 90)
    await every_order_has_one_contract(market, orders)


async def test_a_drill_against_the_broker_in_operation_is_refused_and_writes_nothing(market: Market, volume: Path) -> None:
    stack = market.stack
    code, log = await asyncio.to_thread(stack.ended, "backup /volume", stores_in("/data"), volume=volume)
    assert code == 0, log
    found = re.search(r"files: (/volume/\S+)", log)
    assert found, log
    command = f"drill {found[1]} --report /volume/drill.json --replication-factor 1"
    code, log = await asyncio.to_thread(stack.ended, command, stores_in("/volume"), volume=volume)
    report = json.loads((volume / "drill.json").read_text("utf-8"))
    assert code == 1
    assert report["failure"]["code"] == "broker_unfit"
    assert "broker_unfit: " in log
    assert report["restored"] is None
