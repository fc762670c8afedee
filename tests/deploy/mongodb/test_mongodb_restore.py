"""The pod that puts a dump back: its script in bash with a stand-in for mongorestore, beside the product that decrypts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyrage
import pytest

from tests.deploy.mongodb.pods import Ended, Pod, pod_of, succeeded

URL = "mongodb://back-again:s3cret@mongodb-0.mongodb:27017/?authSource=admin&replicaSet=rs0"
ARCHIVE = "marktplatz-20261124T011500Z.archive.gz.age"
PLAIN = ARCHIVE.removesuffix(".age")
KEY = pyrage.x25519.Identity.generate()
DUMP = b"dump of Erika Mustermann\n" * 9000
MONGORESTORE = """#!/usr/bin/env bash
set -euo pipefail
printf '%s\\n' "$@" > "$WORK/arguments"
for argument; do
  case $argument in
    --config=*) config=${argument#*=} ;;
    --archive) ;;
    --archive=*) exec < "${argument#*=}" ;;
  esac
done
stat --format %a "$config" > "$WORK/mode"
cp "$config" "$WORK/config"
[ -z "${MONGORESTORE_CODE:-}" ] || exit "$MONGORESTORE_CODE"
cat > "$WORK/restored"
"""


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    made = Pod("restore.yaml", tmp_path, {"STORE_RESTORE": URL})
    made.program("mongorestore", MONGORESTORE)
    (made.volume("backup-identity") / "identity").write_text(f"{KEY}\n", encoding="utf-8")
    put(made, ARCHIVE, pyrage.encrypt(DUMP, [KEY.to_public()]))
    return chosen(made, ARCHIVE)


def put(pod: Pod, name: str, data: bytes) -> None:
    """Lay down a dump and its sum, as the backup writes them."""
    (pod.volume("backup") / name).write_bytes(data)
    line = f"{hashlib.sha256(data).hexdigest()}  {name}\n"
    (pod.volume("backup") / f"{name}.sha256").write_text(line, encoding="utf-8")


def chosen(pod: Pod, name: str) -> Pod:
    """Name an archive as the operator does, in the second argument of the second container."""
    command, folder, *rest = pod_of("restore.yaml")["containers"][1]["args"]
    pod.args["unseal"] = [command, f"{folder}/{name}", *rest]
    return pod


def untouched(pod: Pod, ended: dict[str, Ended]) -> bool:
    """Return whether mongorestore was never started and both containers failed."""
    return not (pod.work / "arguments").exists() and all(it.code != 0 for it in ended.values())


def test_a_dump_goes_back_whole_with_what_was_written_meanwhile_and_stops_at_what_is_there(pod: Pod) -> None:
    ended = pod.run()
    assert succeeded(ended), ended
    assert (pod.work / "restored").read_bytes() == DUMP
    arguments = (pod.work / "arguments").read_text(encoding="utf-8").splitlines()
    assert {"--oplogReplay", "--gzip", "--stopOnError"} <= set(arguments)
    assert "--drop" not in arguments


def test_the_end_says_what_must_come_next_with_the_time_of_the_dump(pod: Pod) -> None:
    assert "marktplatz mark-restored --taken-at 20261124T011500Z, then topics rebuild" in pod.run()["mongorestore"].out


def test_the_password_of_a_restore_is_in_a_file_for_the_owner_alone(pod: Pod) -> None:
    ended = pod.run()
    assert URL in (pod.work / "config").read_text(encoding="utf-8")
    assert (pod.work / "mode").read_text(encoding="utf-8") == "600\n"
    printed = "".join(it.out + it.err for it in ended.values())
    assert "s3cret" not in (pod.work / "arguments").read_text(encoding="utf-8") + printed


def test_only_the_product_sees_the_private_key_and_the_volume_and_writes_to_neither() -> None:
    mongorestore, unseal = pod_of("restore.yaml")["containers"]
    assert {"backup", "backup-identity"}.isdisjoint(mount["name"] for mount in mongorestore["volumeMounts"])
    read_only = {mount["name"] for mount in unseal["volumeMounts"] if mount.get("readOnly")}
    assert {"backup", "backup-identity"} <= read_only
    assert "envFrom" not in unseal
    assert not any("valueFrom" in variable for variable in unseal["env"])


def test_as_it_is_the_template_lists_the_archives_and_restores_nothing(pod: Pod) -> None:
    pod.args.clear()
    put(pod, PLAIN, DUMP)
    ended = pod.run()
    assert untouched(pod, ended)
    assert ARCHIVE in ended["unseal"].out
    assert f"{PLAIN}:" in ended["unseal"].out


def test_a_plain_dump_of_a_former_version_still_goes_back(pod: Pod) -> None:
    put(pod, PLAIN, DUMP)
    (pod.volume("backup-identity") / "identity").unlink()
    assert succeeded(chosen(pod, PLAIN).run())
    assert (pod.work / "restored").read_bytes() == DUMP


def test_without_the_private_key_nothing_is_restored(pod: Pod) -> None:
    (pod.volume("backup-identity") / "identity").unlink()
    ended = pod.run()
    assert untouched(pod, ended)
    assert "MARKTPLATZ_BACKUP_IDENTITY_FILE" in ended["unseal"].err
    assert "container 'unseal'" in ended["mongorestore"].err


def test_with_another_private_key_nothing_is_restored(pod: Pod) -> None:
    (pod.volume("backup-identity") / "identity").write_text(f"{pyrage.x25519.Identity.generate()}\n", encoding="utf-8")
    assert untouched(pod, pod.run())


@pytest.mark.parametrize("cut", [1, 70_000], ids=["at the end", "in the middle"])
def test_a_dump_that_was_cut_is_refused_even_with_its_sum(pod: Pod, cut: int) -> None:
    put(pod, ARCHIVE, (pod.volume("backup") / ARCHIVE).read_bytes()[:-cut])
    assert untouched(pod, pod.run())


def test_a_dump_that_changed_is_refused(pod: Pod) -> None:
    (pod.volume("backup") / ARCHIVE).write_bytes(b"dumb")
    ended = pod.run()
    assert untouched(pod, ended)
    assert "its SHA-256 differs" in ended["unseal"].err


@pytest.mark.parametrize("name", ["other.gz", f"{ARCHIVE}.sha256", "marktplatz-20200101T011500Z.archive.gz.age"])
def test_what_is_no_archive_is_refused(pod: Pod, name: str) -> None:
    assert untouched(pod, chosen(pod, name).run())


def test_a_restore_that_fails_fails_the_job_and_sends_nobody_on(pod: Pod) -> None:
    pod.environment["MONGORESTORE_CODE"] = "3"
    ended = pod.run()
    assert ended["mongorestore"].code == 3
    assert ended["unseal"].code == 1
    assert "mark-restored" not in ended["mongorestore"].out
