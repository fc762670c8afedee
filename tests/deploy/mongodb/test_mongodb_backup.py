"""The pod that backs MongoDB up: its script in bash with a stand-in for mongodump, beside the product that encrypts."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest

from tests.deploy.mongodb.pods import Ended, Pod, pod_of, succeeded

URL = "mongodb://backup:s3cret@mongodb-0.mongodb:27017,mongodb-1.mongodb:27017/?authSource=admin&replicaSet=rs0"
KEY = pyrage.x25519.Identity.generate()
DUMP = b"dump of Erika Mustermann\n" * 9000
MONGODUMP = """#!/usr/bin/env bash
set -euo pipefail
printf '%s\\n' "$@" > "$WORK/arguments"
archive=
for argument; do
  case $argument in
    --config=*) config=${argument#*=} ;;
    --archive) archive=/dev/stdout ;;
    --archive=*) archive=${argument#*=} ;;
  esac
done
stat --format %a "$config" > "$WORK/mode"
cp "$config" "$WORK/config"
# As the real one: a file that is named, even a pipe, is opened for reading too, so that it waits for nobody.
[ "$archive" = /dev/stdout ] || exec 1<>"$archive"
# As the real one: a database in the path limits the dump to it, which does not go with --oplog.
if ! grep --quiet '^uri: "mongodb://[^/]*/?' "$config"; then
  printf 'head of an archive'
  echo "--oplog mode only supported on full dumps" >&2
  exit 1
fi
for ((line = 0; line < ${MONGODUMP_LINES:-9000}; line++)); do echo "dump of Erika Mustermann"; done
[ -z "${MONGODUMP_KILLED:-}" ] || kill -9 "$PPID" $$
exit "${MONGODUMP_CODE:-0}"
"""


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    made = Pod("backup.yaml", tmp_path, {"STORE_BACKUP": URL, "MARKTPLATZ_BACKUP_RECIPIENTS": str(KEY.to_public())})
    made.program("mongodump", MONGODUMP)
    return made


def names(pod: Pod) -> list[str]:
    return sorted(file.name for file in pod.volume("backup").iterdir())


def logs(ended: dict[str, Ended]) -> str:
    return "".join(it.out + it.err for it in ended.values())


def test_a_dump_lies_encrypted_under_its_name_with_a_sum_that_can_be_checked_wherever_it_is_copied_to(
    pod: Pod, tmp_path: Path
) -> None:
    ended = pod.run()
    assert succeeded(ended), logs(ended)
    archive, checksum = names(pod)
    assert archive.startswith("marktplatz-")
    assert archive.endswith(".archive.gz.age")
    assert checksum == f"{archive}.sha256"
    elsewhere = pod.volume("backup").rename(tmp_path / "elsewhere")
    subprocess.run(["sha256sum", "--check", "--strict", checksum], cwd=elsewhere, check=True, capture_output=True)
    assert pyrage.decrypt((elsewhere / archive).read_bytes(), [KEY]) == DUMP


def test_mongodump_has_no_volume_but_memory_and_the_product_no_password() -> None:
    pod = pod_of("backup.yaml")
    mongodump, seal = pod["containers"]
    memory = {volume["name"] for volume in pod["volumes"] if volume.get("emptyDir", {}).get("medium") == "Memory"}
    assert {mount["name"] for mount in mongodump["volumeMounts"]} <= memory
    assert "env" not in seal
    assert {next(iter(source)) for source in seal["envFrom"]} == {"configMapRef"}


def test_the_dump_is_of_everything_at_one_moment(pod: Pod) -> None:
    assert succeeded(pod.run())
    assert {"--oplog", "--gzip"} <= set((pod.work / "arguments").read_text(encoding="utf-8").splitlines())


def test_mongodump_does_not_open_the_pipe_itself(pod: Pod) -> None:
    assert succeeded(pod.run())
    assert "--archive" in (pod.work / "arguments").read_text(encoding="utf-8").splitlines()


def test_the_password_is_in_a_file_for_the_owner_alone_and_neither_argument_nor_output(pod: Pod) -> None:
    ended = pod.run()
    assert succeeded(ended)
    assert URL in (pod.work / "config").read_text(encoding="utf-8")
    assert (pod.work / "mode").read_text(encoding="utf-8") == "600\n"
    assert "s3cret" not in (pod.work / "arguments").read_text(encoding="utf-8") + logs(ended)


def test_a_dump_can_be_read_by_its_owner_only(pod: Pod) -> None:
    assert succeeded(pod.run())
    assert [oct(file.stat().st_mode & 0o777) for file in pod.volume("backup").iterdir()] == ["0o600", "0o600"]


@pytest.mark.parametrize(
    "environment",
    [{"MONGODUMP_CODE": "3"}, {"MONGODUMP_CODE": "3", "MONGODUMP_LINES": "0"}, {"MONGODUMP_LINES": "0"}],
    ids=["at the end", "with nothing", "without an error, with nothing"],
)
def test_a_dump_that_fails_leaves_nothing_keeps_the_old_ones_and_fails_the_job(pod: Pod, environment: dict[str, str]) -> None:
    old = pod.volume("backup") / "marktplatz-20200101T011500Z.archive.gz"
    old.touch()
    pod.environment |= environment
    assert pod.run()["seal"].code == 1
    assert names(pod) == [old.name]


def test_a_container_that_is_killed_leaves_nothing_and_fails_the_job(pod: Pod) -> None:
    pod.environment["MONGODUMP_KILLED"] = "yes"
    pod.args["seal"] = [*pod_of("backup.yaml")["containers"][1]["args"], "--wait", "20"]
    ended = pod.run()
    assert (ended["mongodump"].code, ended["seal"].code) == (-9, 1)
    assert names(pod) == []


def test_without_a_public_key_nothing_is_dumped_and_the_job_says_why(pod: Pod) -> None:
    pod.environment["MARKTPLATZ_BACKUP_RECIPIENTS"] = "age1-the-public-key-of-your-operations"
    ended = pod.run()
    assert ended["mongodump"].code == ended["seal"].code == 1
    assert "MARKTPLATZ_BACKUP_RECIPIENTS" in ended["seal"].err
    assert "container 'seal'" in ended["mongodump"].err
    assert not (pod.work / "arguments").exists()
    assert names(pod) == []


def test_an_address_with_a_database_is_refused_by_mongodump_and_fails_the_job(pod: Pod) -> None:
    pod.environment["STORE_BACKUP"] = "mongodb://backup:s3cret@mongodb-0.mongodb:27017/admin?replicaSet=rs0"
    ended = pod.run()
    assert ended["mongodump"].code == ended["seal"].code == 1
    assert "only supported on full dumps" in ended["mongodump"].err
    assert names(pod) == []


def test_dumps_older_than_the_retention_go_with_their_sums(pod: Pod) -> None:
    args = pod_of("backup.yaml")["containers"][1]["args"]
    days = int(args[args.index("--keep-days") + 1])
    for age in (days - 1, days + 1):
        begun = datetime.now(UTC) - timedelta(days=age)
        for form in (".archive.gz", ".archive.gz.sha256", ".archive.gz.age", ".archive.gz.age.sha256"):
            (pod.volume("backup") / f"marktplatz-{begun:%Y%m%dT%H%M%SZ}{form}").touch()
    (pod.volume("backup") / "other").touch()
    assert succeeded(pod.run())
    assert len(names(pod)) == 4 + 2 + 1
    assert "other" in names(pod)
