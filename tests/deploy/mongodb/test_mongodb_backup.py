"""The script of the component ``backup``, in bash, with a stand-in for mongodump."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.checks.render import DEPLOY, read_yaml

URL = "mongodb://backup:s3cret@mongodb-0.mongodb:27017,mongodb-1.mongodb:27017/?authSource=admin&replicaSet=rs0"
MONGODUMP = """#!/usr/bin/env bash
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
printf dump > "$archive"
# As the real one: a database in the path limits the dump to it, which does not go with --oplog.
if ! grep --quiet '^uri: "mongodb://[^/]*/?' "$config"; then
  echo "--oplog mode only supported on full dumps" >&2
  exit 1
fi
exit "${MONGODUMP_CODE:-0}"
"""


def script() -> list[str]:
    """Return the command of the CronJob's container."""
    text = (DEPLOY / "components" / "backup" / "backup.yaml").read_text(encoding="utf-8")
    (job,) = [document for document in read_yaml(text) if document["kind"] == "CronJob"]
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    command: list[str] = container["command"]
    return command


@dataclass(slots=True)
class Pod:
    """Where the script runs: folders in the place of the container's, and what is on its PATH."""

    work: Path
    backup: Path = field(init=False)

    def __post_init__(self) -> None:
        self.backup = self.work / "backup"
        self.backup.mkdir()
        (self.work / "tmp").mkdir()
        (self.work / "bin").mkdir()
        self.program("mongodump", MONGODUMP)

    def program(self, name: str, text: str) -> None:
        file = self.work / "bin" / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the container's command."""
        *bash, text = script()
        text, moved = re.subn(r"/backup\b|/tmp\b", lambda path: f"{self.work}{path[0]}", text)
        assert moved, "the script names the container's folders"
        given = {"PATH": f"{self.work / 'bin'}:{os.environ['PATH']}", "WORK": str(self.work), "KEEP_DAYS": "14"}
        given |= {"STORE_BACKUP": URL, **environment}
        return subprocess.run([*bash, text], env=given, capture_output=True, text=True, timeout=60, check=False)

    def names(self) -> list[str]:
        return sorted(file.name for file in self.backup.iterdir())


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def test_a_dump_lies_under_its_name_with_a_sum_that_can_be_checked_wherever_it_is_copied_to(pod: Pod, tmp_path: Path) -> None:
    done = pod.run()
    assert done.returncode == 0, done.stderr
    archive, checksum = pod.names()
    assert archive.startswith("marktplatz-")
    assert archive.endswith(".archive.gz")
    assert checksum == f"{archive}.sha256"
    elsewhere = pod.backup.rename(tmp_path / "elsewhere")
    subprocess.run(["sha256sum", "--check", "--strict", checksum], cwd=elsewhere, check=True, capture_output=True)


def test_the_dump_is_of_everything_at_one_moment(pod: Pod) -> None:
    assert pod.run().returncode == 0
    assert {"--oplog", "--gzip"} <= set((pod.work / "arguments").read_text(encoding="utf-8").splitlines())


def test_the_password_is_in_a_file_for_the_owner_alone_and_neither_argument_nor_output(pod: Pod) -> None:
    done = pod.run()
    assert done.returncode == 0
    assert URL in (pod.work / "config").read_text(encoding="utf-8")
    assert (pod.work / "mode").read_text(encoding="utf-8") == "600\n"
    assert "s3cret" not in (pod.work / "arguments").read_text(encoding="utf-8")
    assert "s3cret" not in done.stdout + done.stderr


def test_a_dump_can_be_read_by_its_owner_only(pod: Pod) -> None:
    assert pod.run().returncode == 0
    assert [oct(file.stat().st_mode & 0o777) for file in pod.backup.iterdir()] == ["0o600", "0o600"]


def test_a_dump_that_fails_leaves_nothing_and_fails_the_job(pod: Pod) -> None:
    assert pod.run(MONGODUMP_CODE="3").returncode == 3
    assert pod.names() == []


def test_a_dump_that_fails_keeps_the_old_ones_however_old(pod: Pod) -> None:
    old = pod.backup / "marktplatz-20200101T011500Z.archive.gz"
    old.touch()
    os.utime(old, (0, 0))
    assert pod.run(MONGODUMP_CODE="3").returncode == 3
    assert pod.names() == [old.name]


def test_a_sum_that_cannot_be_made_fails_the_job(pod: Pod) -> None:
    pod.program("sha256sum", "#!/bin/sh\nexit 7\n")
    assert pod.run().returncode == 7


def test_an_address_with_a_database_is_refused_by_mongodump_and_fails_the_job(pod: Pod) -> None:
    done = pod.run(STORE_BACKUP="mongodb://backup:s3cret@mongodb-0.mongodb:27017/admin?replicaSet=rs0")
    assert done.returncode != 0
    assert "only supported on full dumps" in done.stderr
    assert pod.names() == []


def test_dumps_older_than_the_days_kept_go_with_their_sums_and_nothing_else_does(pod: Pod) -> None:
    day = 24 * 3600
    ages = {"marktplatz-a.archive.gz": 16, "marktplatz-a.archive.gz.sha256": 16, "marktplatz-b.archive.gz": 13, "other": 16}
    for name, days in ages.items():
        (pod.backup / name).touch()
        os.utime(pod.backup / name, (time.time() - days * day,) * 2)
    assert pod.run().returncode == 0
    assert {"marktplatz-b.archive.gz", "other"} < set(pod.names())
    assert not {"marktplatz-a.archive.gz", "marktplatz-a.archive.gz.sha256"} & set(pod.names())
