"""A drill refuses what is not in order before it writes, says which step failed, and passes only if nothing is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from marktplatz.assembly import ServiceName
from marktplatz.recovery.catch_up import CaughtUp
from marktplatz.recovery.drill import Drill, Step
from marktplatz.recovery.dump.dump import back_up
from marktplatz.recovery.dump.files import Manifest
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.restore import Restored, mark_restored
from marktplatz.recovery.errors import DamagedBackupError, StoreNotEmptyError
from marktplatz.recovery.reconcile.differences import Difference, Kind
from marktplatz.recovery.reconcile.report import Report
from marktplatz.recovery.stores import ServiceStore, opened_stores
from services.contracts.repository import REGISTERS
from services.ordering.repository import ORDERS
from shared.aggregate import epochs
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.process.settings import ProcessSettings

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TAKEN = AT - timedelta(hours=8)
NOWHERE = KafkaSettings(bootstrap_servers="127.0.0.1:1")
PROMISED = Difference(Kind.NUMBER_PROMISED, {"sequence": "2"}, "number 2 is promised")
LOST = Difference(Kind.ORDER_MISSING, {"order_id": "o"}, "ordering does not have it")
Stores = dict[ServiceName, ServiceStore]


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Any]:
    async with opened_stores(ProcessSettings(var=tmp_path / "var")) as opened:
        yield opened


@pytest.fixture
async def backup(tmp_path: Path) -> Path:
    async with opened_stores(ProcessSettings(var=tmp_path / "from")) as filled:
        await filled[ServiceName.CONTRACTS].store.insert_many(REGISTERS, [{"_id": "fitko-2026", "rev": 1, "last": 9}])
        folder, _ = await back_up(filled, tmp_path / "backups", Keys())
    return folder


async def play(drill: Drill, stores: Stores) -> None:
    publisher = KafkaPublisher(NOWHERE)
    await drill.play(stores, NOWHERE, publisher, create=True, replicas=1, patience=timedelta(0))


def passed(*differences: Difference, dead_letters: dict[str, int] | None = None) -> Drill:
    report = Report(AT, differences, 1, 1, 1, 1, 0, {}, {}, dead_letters or {})
    manifest = Manifest(product="0.1.0", started_at=TAKEN, finished_at=AT, files=())
    steps = [Step("check", 1.25, "ok"), Step("restore", 2.5, "ok")]
    caught_up = CaughtUp(complete=True, stopped={})
    return Drill(Path("b"), AT, Keys(), steps, manifest, Restored(added=3), None, caught_up, report)


async def test_a_damaged_backup_fails_the_check_and_nothing_is_written(stores: Stores, backup: Path) -> None:
    file = backup / "contracts/contract_registers.jsonl.gz"
    file.write_bytes(file.read_bytes()[:-1])
    drill = Drill(backup, AT)
    with pytest.raises(DamagedBackupError, match=r"contract_registers"):
        await play(drill, stores)
    assert [(step.name, step.result) for step in drill.steps] == [("check", "backup_damaged")]
    assert not drill.passed
    assert await stores[ServiceName.CONTRACTS].store.scan(REGISTERS) == []


async def test_stores_that_hold_something_are_refused_by_name(stores: Stores, backup: Path) -> None:
    await stores[ServiceName.ORDERING].store.insert_many(ORDERS, [{"_id": "o", "rev": 1, "pending_since": None}])
    with pytest.raises(StoreNotEmptyError, match=r"ordering\.orders"):
        await play(Drill(backup, AT), stores)
    for held in stores.values():
        assert await epochs.sequence_base(held.store) == 0


def test_only_promised_numbers_may_remain() -> None:
    assert passed().passed
    assert passed(PROMISED).passed
    failed = passed(PROMISED, LOST)
    assert not failed.passed
    assert failed.unresolved == [LOST]


def test_what_was_not_worked_off_what_nobody_could_read_and_what_differed_fail_a_drill() -> None:
    late = passed()
    late.caught_up = CaughtUp(complete=False, stopped={})
    dead = passed(dead_letters={"notify.dispatch": 1})
    mixed = passed()
    mixed.restored = Restored(added=2, differ=["orders o"])
    broken = passed()
    broken.failure = DamagedBackupError("a file")
    assert [drill.passed for drill in (late, dead, mixed, broken)] == [False] * 4


def test_the_report_says_age_durations_and_every_difference_and_is_json() -> None:
    document = json.loads(json.dumps(passed(PROMISED, LOST).document()))
    assert document["backup"]["age_seconds"] == 8 * 3600
    assert document["seconds"] == 3.75
    assert [(step["name"], step["seconds"]) for step in document["steps"]] == [("check", 1.25), ("restore", 2.5)]
    assert [it["ids"] for it in document["reconciliation"]["differences"]] == [{"sequence": "2"}, {"order_id": "o"}]
    assert (document["passed"], document["unresolved"]) == (False, 1)


def test_the_report_of_a_failed_step_says_code_and_detail() -> None:
    drill = Drill(Path("b"), AT, Keys(), [Step("check", 0.1, "backup_damaged")])
    drill.failure = DamagedBackupError("a file is missing")
    document = json.loads(json.dumps(drill.document()))
    assert document["failure"] == {"code": "backup_damaged", "detail": "a file is missing"}
    assert document["backup"] is None
    assert not document["passed"]


def marked(var: Path, taken_at: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "marktplatz", "mark-restored", "--taken-at", taken_at]
    environment = {**os.environ, "MARKTPLATZ_VAR": str(var)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


async def refused(var: Path) -> list[str]:
    reasons = []
    async with opened_stores(ProcessSettings(var=var)) as stores:
        for held in stores.values():
            try:
                await epochs.sequence_base(held.store)
            except epochs.RebuildDueError as error:
                reasons.append(error.detail)
    return reasons


@pytest.mark.slow
async def test_after_a_restore_by_the_database_itself_all_five_stores_are_closed_until_the_rebuild(tmp_path: Path) -> None:
    code, output = marked(tmp_path, "2026-11-20T02:15:00+01:00")
    assert code == 0, output
    assert "topics rebuild" in output
    reasons = await refused(tmp_path)
    assert len(reasons) == 5
    assert all("2026-11-20T01:15:00+00:00" in reason for reason in reasons)


async def test_a_restore_marked_again_and_then_rebuilt_opens_the_stores(tmp_path: Path, stores: Stores) -> None:
    await mark_restored(stores, TAKEN, AT)
    await mark_restored(stores, TAKEN - timedelta(days=1), AT)
    assert len(await refused(tmp_path / "var")) == 5
    for held in stores.values():
        await epochs.begin_epoch(held.store, 1000)
    assert await refused(tmp_path / "var") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("taken_at", "reason"),
    [("2026-11-20T02:15:00", "no time zone"), ("yesterday", "no time such as"), ("2999-01-01T00:00:00Z", "still to come")],
)
async def test_a_time_without_zone_or_to_come_marks_nothing(tmp_path: Path, taken_at: str, reason: str) -> None:
    code, output = marked(tmp_path, taken_at)
    assert code != 0
    assert reason in " ".join(output.split())
    assert await refused(tmp_path) == []
