"""``marktplatz backups`` names what can be restored and what cannot, and fails where the newest is missing, damaged or old."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from marktplatz import VERSION
from marktplatz.assembly import ServiceName
from marktplatz.recovery.commands.output import write_report
from marktplatz.recovery.dump.dump import back_up
from marktplatz.recovery.dump.files import MANIFEST, folder_name
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.listing import Listed, list_backups
from marktplatz.recovery.errors import BackupError
from marktplatz.recovery.stores import opened_stores
from services.contracts.repository import REGISTERS
from services.ordering.repository import ORDERS
from shared.clock import now
from shared.process.settings import ProcessSettings

pytestmark = pytest.mark.slow

OLD, NEW = datetime(2026, 11, 22, 2, 45, tzinfo=UTC), datetime(2026, 11, 23, 2, 45, tzinfo=UTC)


async def backup_at(tmp_path: Path, at: datetime) -> Path:
    times: Iterator[datetime] = (at + timedelta(seconds=second) for second in count())
    async with opened_stores(ProcessSettings(var=tmp_path / "var")) as stores:
        await stores[ServiceName.CONTRACTS].store.insert_many(REGISTERS, [{"_id": "fitko-2026", "rev": 1, "last": 9}])
        await stores[ServiceName.ORDERING].store.insert_many(ORDERS, [{"_id": "o", "rev": 1, "pending_since": None}])
        folder, _ = await back_up(stores, tmp_path / "backups", Keys(), clock=lambda: next(times))
    return folder


@pytest.fixture
async def backups(tmp_path: Path) -> Path:
    await backup_at(tmp_path, NEW)
    await backup_at(tmp_path, OLD)
    return tmp_path / "backups"


def faults(listed: list[Listed]) -> dict[str, str]:
    return {backup.folder.name: backup.fault for backup in listed}


def command(folder: Path, *options: str) -> tuple[int, str]:
    arguments = [sys.executable, "-m", "marktplatz", "backups", str(folder), *options]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_backups_are_listed_oldest_first_with_what_they_hold(backups: Path) -> None:
    listed = list_backups(backups, Keys(), verified=True)
    held = [backup.manifest for backup in listed]
    assert [(it.started_at, it.documents, it.product) for it in held if it] == [(OLD, 2, VERSION), (NEW, 2, VERSION)]
    assert faults(listed) == {folder_name(OLD): "", folder_name(NEW): ""}


def test_a_file_that_changed_is_found_by_its_sum_only_where_sums_are_compared(backups: Path) -> None:
    file = backups / folder_name(NEW) / "contracts/contract_registers.jsonl.gz"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    assert set(faults(list_backups(backups, Keys())).values()) == {""}
    found = faults(list_backups(backups, Keys(), verified=True))
    assert found[folder_name(OLD)] == ""
    assert "contract_registers" in found[folder_name(NEW)]


def test_a_backup_without_its_manifest_or_of_a_newer_version_cannot_be_restored_and_says_why(backups: Path) -> None:
    (backups / folder_name(OLD) / MANIFEST).unlink()
    newer = backups / folder_name(NEW) / MANIFEST
    newer.write_text(newer.read_text("utf-8").replace(f'"product": "{VERSION}"', '"product": "99.0.0"'), "utf-8")
    found = faults(list_backups(backups, Keys()))
    assert "is no backup" in found[folder_name(OLD)]
    assert "version 99.0.0" in found[folder_name(NEW)]


def test_what_a_running_backup_has_written_and_other_things_are_no_backups(backups: Path) -> None:
    (backups / f"{folder_name(NEW + timedelta(days=1))}.part").mkdir()
    (backups / "lost+found").mkdir()
    (backups / "bericht.json").write_text("{}", "utf-8")
    assert len(list_backups(backups, Keys())) == 2


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nowhere"):
        list_backups(tmp_path / "nowhere", Keys())


@pytest.mark.slow
async def test_the_command_succeeds_while_the_newest_is_young_and_whole(tmp_path: Path, backups: Path) -> None:
    newest = await backup_at(tmp_path, now() - timedelta(hours=20))
    code, output = command(backups, "--verify", "--newest-within", "36")
    assert code == 0, output
    assert newest.name in output
    assert folder_name(OLD) in output
    assert "as it was written" in output
    assert command(backups, "--newest-within", "12")[0] == 1


@pytest.mark.slow
def test_the_command_fails_for_one_damaged_and_for_none(backups: Path) -> None:
    (backups / folder_name(NEW) / "ordering/orders.jsonl.gz").unlink()
    code, output = command(backups, "--verify")
    assert code == 1
    assert "ordering/orders.jsonl.gz is missing" in output
    for folder in backups.iterdir():
        shutil.rmtree(folder)
    code, output = command(backups)
    assert code == 1
    assert "none to restore" in output


def test_a_report_is_also_one_line_of_the_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = {"differences": [{"kind": "lost_in_store", "text": "[bold]Müller:smile: " + "x" * 500}]}
    write_report(tmp_path / "verlust.json", report)
    assert json.loads((tmp_path / "verlust.json").read_text("utf-8")) == report
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"report": report}


def test_a_report_whose_file_cannot_be_written_is_in_the_output_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FileNotFoundError):
        write_report(tmp_path / "nowhere" / "verlust.json", {"at": "x"})
    assert json.loads(capsys.readouterr().out) == {"report": {"at": "x"}}
