"""The script that puts a dump of the component ``backup`` back, in bash, with a stand-in for mongorestore."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from deploy.checks.render import DEPLOY, read_yaml

URL = "mongodb://back-again:s3cret@mongodb-0.mongodb:27017/?authSource=admin&replicaSet=rs0"
ARCHIVE = "marktplatz-20261124T011500Z.archive.gz"
MONGORESTORE = """#!/usr/bin/env bash
set -euo pipefail
printf '%s\\n' "$@" > "$WORK/arguments"
for argument; do
  case $argument in
    --config=*) config=${argument#*=} ;;
    --archive=*) archive=${argument#*=} ;;
  esac
done
stat --format %a "$config" > "$WORK/mode"
cp "$config" "$WORK/config"
cp "$archive" "$WORK/restored"
exit "${MONGORESTORE_CODE:-0}"
"""


def script() -> list[str]:
    """Return the command of the template's container."""
    text = (DEPLOY / "components" / "backup" / "restore.yaml").read_text(encoding="utf-8")
    (job,) = [document for document in read_yaml(text) if document["kind"] == "CronJob"]
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    command: list[str] = container["command"]
    return command


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for name in ("backup", "tmp", "bin"):
        (tmp_path / name).mkdir()
    program = tmp_path / "bin" / "mongorestore"
    program.write_text(MONGORESTORE, encoding="utf-8")
    program.chmod(0o755)
    put(tmp_path, ARCHIVE, b"dump")
    return tmp_path


def put(work: Path, name: str, data: bytes, *, of: str = "") -> None:
    """Lay down a dump and its sum, as the CronJob of the backup writes them; ``of`` is another name in the sum's line."""
    (work / "backup" / name).write_bytes(data)
    (work / "backup" / f"{name}.sha256").write_text(f"{hashlib.sha256(data).hexdigest()}  {of or name}\n", encoding="utf-8")


def run(work: Path, archive: str = ARCHIVE, **environment: str) -> subprocess.CompletedProcess[str]:
    *bash, text = script()
    text, moved = re.subn(r"/backup\b|/tmp\b", lambda path: f"{work}{path[0]}", text)
    assert moved, "the script names the container's folders"
    given = {"PATH": f"{work / 'bin'}:{os.environ['PATH']}", "WORK": str(work), "ARCHIVE": archive, "STORE_RESTORE": URL}
    return subprocess.run([*bash, text], env=given | environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_dump_goes_back_whole_with_what_was_written_meanwhile_and_stops_at_what_is_there(work: Path) -> None:
    done = run(work)
    assert done.returncode == 0, done.stderr
    assert (work / "restored").read_bytes() == b"dump"
    arguments = (work / "arguments").read_text(encoding="utf-8").splitlines()
    assert {"--oplogReplay", "--gzip", "--stopOnError"} <= set(arguments)
    assert "--drop" not in arguments


def test_the_end_says_what_must_come_next_with_the_time_of_the_dump(work: Path) -> None:
    assert "marktplatz mark-restored --taken-at 20261124T011500Z, then topics rebuild" in run(work).stdout


def test_the_password_of_a_restore_is_in_a_file_for_the_owner_alone(work: Path) -> None:
    done = run(work)
    assert URL in (work / "config").read_text(encoding="utf-8")
    assert (work / "mode").read_text(encoding="utf-8") == "600\n"
    assert "s3cret" not in (work / "arguments").read_text(encoding="utf-8") + done.stdout + done.stderr


@pytest.mark.parametrize("archive", ["", "other.gz", f"../backup/{ARCHIVE}", f"marktplatz-x/{ARCHIVE}", f"{ARCHIVE}.sha256"])
def test_without_the_name_of_a_dump_nothing_is_restored_and_all_are_listed(work: Path, archive: str) -> None:
    done = run(work, archive)
    assert done.returncode == 2
    assert ARCHIVE in done.stdout
    assert not (work / "arguments").exists()


def test_a_dump_that_changed_is_refused(work: Path) -> None:
    (work / "backup" / ARCHIVE).write_bytes(b"dumb")
    done = run(work)
    assert done.returncode == 1
    assert "its SHA-256 differs" in done.stderr
    assert not (work / "arguments").exists()


def test_a_dump_with_the_sum_of_another_file_or_without_any_is_refused(work: Path) -> None:
    put(work, ARCHIVE, b"dump", of="marktplatz-20261123T011500Z.archive.gz")
    assert run(work).returncode == 1
    (work / "backup" / f"{ARCHIVE}.sha256").unlink()
    assert run(work).returncode == 1
    assert not (work / "arguments").exists()


def test_a_dump_that_is_not_there_is_refused(work: Path) -> None:
    assert run(work, "marktplatz-20200101T011500Z.archive.gz").returncode != 0
    assert not (work / "arguments").exists()


def test_a_restore_that_fails_fails_the_job_and_sends_nobody_on(work: Path) -> None:
    done = run(work, MONGORESTORE_CODE="3")
    assert done.returncode == 3
    assert "mark-restored" not in done.stdout
