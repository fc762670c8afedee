"""Dumps of a database's tool: encrypted through a pipe, by real processes that die at every point, and given back only whole."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest

from marktplatz.recovery.dump.archives import SUM, archive_at, archives_in, check, delete_older, delete_unfinished
from marktplatz.recovery.dump.disk import DRAFT
from marktplatz.recovery.dump.keys import Keys, SealedError
from marktplatz.recovery.errors import BackupError, DamagedBackupError

pytestmark = pytest.mark.slow

NAME = b"Erika Mustermann"
MINE, OTHER = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
OWNER = Keys(identities=(OTHER, MINE))
BOUND = 300
"""Seconds in which a process ends, on a machine with much else to do."""
AT = datetime(2026, 11, 24, 1, 15, tzinfo=UTC)
ARCHIVE = "marktplatz-20261124T011500Z.archive.gz.age"


@dataclass(slots=True)
class Place:
    """The folders of a pod: ``backup`` of the claim, ``pipe`` in memory; and the processes at work in it."""

    folder: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for path in (self.backup, self.pipe):
            path.mkdir()
        (self.folder / "identity").write_text(f"{MINE}\n", encoding="utf-8")

    @property
    def backup(self) -> Path:
        return self.folder / "backup"

    @property
    def pipe(self) -> Path:
        return self.folder / "pipe"

    def start(self, command: list[str], **environment: str) -> subprocess.Popen[str]:
        given = {"PATH": os.environ["PATH"], "PIPE": str(self.pipe), **environment}
        process = subprocess.Popen(command, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.running.append(process)
        return process

    def product(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return self.start([sys.executable, "-m", "marktplatz", *arguments], **environment)

    def seal(self, *options: str, **environment: str) -> subprocess.Popen[str]:
        keys = {"MARKTPLATZ_BACKUP_RECIPIENTS": str(MINE.to_public())} | environment
        return self.product("seal", str(self.backup), str(self.pipe), *options, **keys)

    def unseal(self, name: str = ARCHIVE, *options: str, **environment: str) -> subprocess.Popen[str]:
        keys = {"MARKTPLATZ_BACKUP_IDENTITY_FILE": str(self.folder / "identity")} | environment
        return self.product("unseal", str(self.backup / name), str(self.pipe), *options, **keys)

    def tool(self, script: str) -> subprocess.Popen[str]:
        """Start a database's tool: a script that waits for the pipe first."""
        wait = 'until [ -p "$PIPE/archive" ] || [ -e "$PIPE/failed" ]; do sleep 0.05; done\n[ ! -e "$PIPE/failed" ] || exit 9\n'
        return self.start(["bash", "-euc", wait + script])

    def names(self) -> list[str]:
        return sorted(path.name for path in self.backup.iterdir())

    def put(self, data: bytes, name: str = ARCHIVE, *, keys: tuple[pyrage.x25519.Identity, ...] = (MINE,)) -> bytes:
        """Lay down an archive with its sum, and return the file."""
        content = pyrage.encrypt(data, [key.to_public() for key in keys]) if name.endswith(".age") else data
        (self.backup / name).write_bytes(content)
        self.sum(name)
        return content

    def sum(self, name: str = ARCHIVE) -> None:
        digest = hashlib.sha256((self.backup / name).read_bytes()).hexdigest()
        (self.backup / f"{name}{SUM}").write_text(f"{digest}  {name}\n", encoding="utf-8")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.wait()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit code of a process and all that it has printed."""
    out, err = process.communicate(timeout=BOUND)
    return process.returncode, out + err


def until(what: Callable[[], bool]) -> None:
    ends = time.monotonic() + BOUND
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.05)


def decrypted(path: Path) -> bytes:
    plain: bytes = pyrage.decrypt(path.read_bytes(), [MINE])
    return plain


LINES = "for _ in {1..2000}; do printf '%0500d Erika Mustermann\\n' 7; done"
WHOLE = f'{LINES} > "$PIPE/archive"; : > "$PIPE/done"'
DUMP = (b"%0500d Erika Mustermann\n" % 7) * 2000


def test_a_dump_is_encrypted_under_its_name_with_a_sum_that_anybody_can_check(place: Place) -> None:
    seal, tool = place.seal(), place.tool(WHOLE)
    assert ended(tool)[0] == 0
    code, log = ended(seal)
    assert code == 0, log
    archive, checksum = place.names()
    assert re.fullmatch(r"marktplatz-\d{8}T\d{6}Z\.archive\.gz\.age", archive)
    assert archive in log
    assert checksum == archive + SUM
    assert decrypted(place.backup / archive) == DUMP
    subprocess.run(["sha256sum", "--check", "--strict", checksum], cwd=place.backup, check=True, capture_output=True)
    check(archive_at(place.backup / archive), OWNER)


def test_nothing_on_the_volume_shows_whom_a_dump_is_about_at_any_time_and_all_is_for_its_owner_only(place: Place) -> None:
    seal = place.seal()
    tool = place.tool(f'exec > "$PIPE/archive"\n{LINES}\nsleep 1000')
    until(lambda: any(path.stat().st_size > len(DUMP) // 2 for path in place.backup.iterdir()))
    (part,) = place.names()
    assert part.endswith(".age" + DRAFT)
    assert NAME not in (place.backup / part).read_bytes()
    assert stat.S_IMODE((place.backup / part).stat().st_mode) == 0o600
    assert stat.S_IMODE((place.pipe / "archive").stat().st_mode) == 0o600
    tool.kill()
    (place.pipe / "failed").touch()
    assert ended(seal)[0] == 1
    assert place.names() == []


FAILURES = {
    "before any byte": ': > "$PIPE/failed"; exit 1',
    "before any byte, without a word": "kill -9 $$",
    "with an empty dump": ': > "$PIPE/archive"; : > "$PIPE/done"',
    "with an empty dump, without a word": ': > "$PIPE/archive"',
    "in the middle": 'head -c 300000 /dev/urandom > "$PIPE/archive"; : > "$PIPE/failed"; exit 1',
    "in the middle, killed": 'exec > "$PIPE/archive"; head -c 300000 /dev/urandom; kill -9 $$',
    "after the last byte, without a word": 'head -c 300000 /dev/urandom > "$PIPE/archive"',
    "after the last byte, with both words": 'printf dump > "$PIPE/archive"; : > "$PIPE/failed"; : > "$PIPE/done"',
}


@pytest.mark.parametrize("script", FAILURES.values(), ids=FAILURES.keys())
def test_a_tool_that_fails_leaves_no_file_keeps_the_old_ones_and_fails_the_job(place: Place, script: str) -> None:
    place.put(b"old", "marktplatz-20200101T011500Z.archive.gz.age")
    before = place.names()
    seal = place.seal("--keep-days", "14", "--wait", "2")
    place.tool(script)
    code, log = ended(seal)
    assert code == 1
    assert "handover_failed: " in log
    assert place.names() == before
    assert (place.pipe / "failed").exists()


def test_a_slow_tool_is_waited_for_once_it_has_begun(place: Place) -> None:
    seal = place.seal("--wait", "5")
    parts = "for part in a b c; do printf $part; sleep 3; done"
    tool = place.tool(f'exec > "$PIPE/archive"; {parts}; exec >&-; sleep 1; : > "$PIPE/done"')
    assert ended(tool)[0] == 0
    assert ended(seal)[0] == 0
    assert decrypted(place.backup / place.names()[0]) == b"abc"


ENDLESS = 'while :; do head -c 2000000 /dev/zero; sleep 0.1; done > "$PIPE/archive"'
"""A tool that never ends by itself, and too slow to fill a disk if nobody stops it."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda it: it.name)
@pytest.mark.parametrize("ignored", [False, True], ids=["in the foreground", "in the background of a script"])
def test_whoever_encrypts_leaves_nothing_when_stopped_and_the_tool_fails_too(
    place: Place, number: signal.Signals, *, ignored: bool
) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        seal = place.seal()
    finally:
        signal.signal(signal.SIGINT, before)
    tool = place.tool(ENDLESS)
    until(lambda: any(path.stat().st_size > 2**20 for path in place.backup.iterdir()))
    seal.send_signal(number)
    assert ended(seal)[0] == 130
    assert place.names() == []
    assert ended(tool)[0] != 0


def test_when_whoever_encrypts_is_killed_the_tool_fails_and_what_lies_there_has_no_name_of_an_archive(place: Place) -> None:
    seal = place.seal()
    tool = place.tool(f'{ENDLESS}; : > "$PIPE/done"')
    until(lambda: any(path.stat().st_size > 2**20 for path in place.backup.iterdir()))
    seal.kill()
    assert ended(tool)[0] != 0
    assert not (place.pipe / "done").exists()
    assert archives_in(place.backup) == []


@pytest.mark.parametrize(
    ("recipients", "reason"), [("", "MARKTPLATZ_BACKUP_RECIPIENTS"), ("age1-the-public-key-of-your-operations", "no public key")]
)
@pytest.mark.parametrize("plain", ["", "true"])
def test_without_a_public_key_no_pipe_is_made_whatever_else_is_allowed(
    place: Place, recipients: str, reason: str, plain: str
) -> None:
    seal = place.seal(MARKTPLATZ_BACKUP_RECIPIENTS=recipients, **({"MARKTPLATZ_BACKUP_PLAIN": plain} if plain else {}))
    tool = place.tool(WHOLE)
    code, log = ended(seal)
    assert code == 1
    assert reason in log
    assert ended(tool)[0] == 9
    assert not (place.pipe / "archive").exists()
    assert place.names() == []


def test_a_volume_that_is_not_there_is_named_and_the_tool_does_not_begin(place: Place) -> None:
    place.backup.rmdir()
    code, log = ended(place.seal())
    assert code == 1
    assert str(place.backup) in log
    assert "Traceback" not in log
    assert ended(place.tool(WHOLE))[0] == 9


def test_a_volume_that_is_full_is_said_to_be_full(place: Place) -> None:
    limited = ["bash", "-c", 'ulimit -f 100; exec "$@"', "-", sys.executable, "-m", "marktplatz", "seal", str(place.backup)]
    seal = place.start([*limited, str(place.pipe)], MARKTPLATZ_BACKUP_RECIPIENTS=str(MINE.to_public()))
    tool = place.tool('cat /dev/zero > "$PIPE/archive"')
    code, log = ended(seal)
    assert code == 1
    assert "File too large" in log
    assert ended(tool)[0] != 0
    assert place.names() == []


def test_old_archives_go_after_a_success_with_their_sums_and_nothing_else_does(place: Place) -> None:
    now = datetime.now(UTC)
    for days in (13, 15):
        for form in ("", ".age"):
            place.put(b"x", f"marktplatz-{now - timedelta(days=days):%Y%m%dT%H%M%SZ}.archive.gz{form}")
    (place.backup / "notes-20200101T011500Z.archive.gz").touch()
    before = place.names()
    seal, _ = place.seal("--keep-days", "14"), place.tool(WHOLE)
    code, log = ended(seal)
    assert code == 0, log
    gone = [name for name in before if f"{now - timedelta(days=15):%Y%m%d}" in name]
    assert len(gone) == 4
    assert set(before) - set(place.names()) == set(gone)
    assert len(place.names()) == len(before) - 4 + 2


def test_what_a_killed_run_has_left_goes_a_day_later(tmp_path: Path) -> None:
    left = [tmp_path / f"marktplatz-2026112{day}T011500Z.archive.gz{form}{DRAFT}" for day in (2, 4) for form in (".age", "")]
    for path in left:
        path.touch()
    assert delete_unfinished(tmp_path, AT + timedelta(hours=1)) == left[:2]
    assert delete_older(tmp_path, timedelta(days=1), AT + timedelta(days=9)) == []
    assert sorted(tmp_path.iterdir()) == left[2:]


READ = 'cat "$PIPE/archive" > "$PIPE/restored"; : > "$PIPE/done"'


def test_a_dump_comes_back_with_the_private_key_alone(place: Place) -> None:
    place.put(DUMP)
    unseal, tool = place.unseal(), place.tool(READ)
    code, log = ended(unseal)
    assert code == 0, log
    assert ended(tool)[0] == 0
    assert (place.pipe / "restored").read_bytes() == DUMP
    assert (place.pipe / "taken-at").read_text(encoding="utf-8") == "20261124T011500Z\n"


def test_a_plain_dump_of_a_former_version_comes_back_without_a_key(place: Place) -> None:
    place.put(DUMP, ARCHIVE.removesuffix(".age"))
    unseal, tool = place.unseal(ARCHIVE.removesuffix(".age"), MARKTPLATZ_BACKUP_IDENTITY_FILE="/nowhere"), place.tool(READ)
    assert ended(unseal)[0] == 0
    assert ended(tool)[0] == 0
    assert (place.pipe / "restored").read_bytes() == DUMP


def changed(place: Place, change: Callable[[bytes], bytes]) -> None:
    path = place.backup / ARCHIVE
    path.write_bytes(change(path.read_bytes()))


def with_its_sum(place: Place, change: Callable[[bytes], bytes]) -> None:
    changed(place, change)
    place.sum()


def other_sum(place: Place) -> None:
    (place.backup / f"{ARCHIVE}{SUM}").write_text((place.backup / f"{ARCHIVE}{SUM}").read_text().replace("1124T", "1123T"))


def flipped(data: bytes) -> bytes:
    return data[:-200_000] + bytes([data[-200_000] ^ 1]) + data[-199_999:]


def whole_blocks(data: bytes) -> bytes:
    """Return a file without its last block of at most 64 KiB, which ends where a block ends."""
    return data[: -(len(DUMP) % 65536) - 16]


Damage = tuple[Callable[[Place], object], type[BackupError]]
DAMAGES: dict[str, Damage] = {
    "another key": (lambda place: place.put(DUMP, keys=(OTHER,)), SealedError),
    "cut": (lambda place: changed(place, lambda data: data[:-1]), DamagedBackupError),
    "cut, with its sum": (lambda place: with_its_sum(place, lambda data: data[:-1]), DamagedBackupError),
    "cut at a block, with its sum": (lambda place: with_its_sum(place, whole_blocks), DamagedBackupError),
    "cut to nothing, with its sum": (lambda place: with_its_sum(place, lambda _: b""), DamagedBackupError),
    "changed": (lambda place: changed(place, flipped), DamagedBackupError),
    "changed, with its sum": (lambda place: with_its_sum(place, flipped), DamagedBackupError),
    "prolonged, with its sum": (lambda place: with_its_sum(place, lambda data: data + data), DamagedBackupError),
    "plain under its name, with its sum": (lambda place: with_its_sum(place, lambda _: DUMP), DamagedBackupError),
    "the sum of another": (other_sum, DamagedBackupError),
    "no sum": (lambda place: (place.backup / f"{ARCHIVE}{SUM}").unlink(), DamagedBackupError),
    "a sum that is no text": (lambda place: (place.backup / f"{ARCHIVE}{SUM}").write_bytes(b"\xff\xfe"), DamagedBackupError),
}
every_damage = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())


@every_damage
def test_every_damage_is_found_by_a_check(place: Place, damage: Damage) -> None:
    place.put(DUMP)
    damage[0](place)
    with pytest.raises(damage[1]):
        check(archive_at(place.backup / ARCHIVE), Keys(identities=(MINE,)))


@pytest.mark.parametrize("damage", ["another key", "cut at a block, with its sum", "changed, with its sum", "no sum"])
def test_a_damaged_dump_never_reaches_the_tool_and_fails_the_job(place: Place, damage: str) -> None:
    place.put(DUMP)
    DAMAGES[damage][0](place)
    unseal, tool = place.unseal(), place.tool(READ)
    code, log = ended(unseal)
    assert code == 1
    assert "Traceback" not in log
    assert ended(tool)[0] == 9
    assert not (place.pipe / "archive").exists()
    assert not (place.pipe / "restored").exists()


@pytest.mark.parametrize("keys", [Keys(), Keys(recipients=(MINE.to_public(),))], ids=["none", "public only"])
def test_without_the_private_key_the_setting_is_named(place: Place, keys: Keys) -> None:
    place.put(DUMP)
    with pytest.raises(SealedError, match="MARKTPLATZ_BACKUP_IDENTITY_FILE"):
        check(archive_at(place.backup / ARCHIVE), keys)


def test_a_folder_in_the_place_of_an_archive_lists_them_and_restores_nothing(place: Place) -> None:
    place.put(DUMP)
    place.put(b"older", "marktplatz-20261123T011500Z.archive.gz")
    (place.backup / f"{ARCHIVE}.part").touch()
    unseal, tool = place.unseal(""), place.tool(READ)
    code, log = ended(unseal)
    assert code == 1
    assert [name for name in (ARCHIVE, "marktplatz-20261123T011500Z.archive.gz", ".part") if name in log] == [
        ARCHIVE,
        "marktplatz-20261123T011500Z.archive.gz",
    ]
    assert ended(tool)[0] == 9


@pytest.mark.parametrize(
    "name", ["other.gz", f"{ARCHIVE}.sha256", f"{ARCHIVE}.part", "marktplatz-20200101T011500Z.archive.gz.age"]
)
def test_what_is_no_archive_or_not_there_is_refused(place: Place, name: str) -> None:
    place.put(DUMP)
    (place.backup / f"{ARCHIVE}.part").touch()
    with pytest.raises(BackupError, match="no archive"):
        archive_at(place.backup / name)


def test_without_a_pipe_an_archive_is_only_checked(place: Place) -> None:
    place.put(DUMP)
    key = {"MARKTPLATZ_BACKUP_IDENTITY_FILE": str(place.folder / "identity")}
    code, log = ended(place.product("unseal", str(place.backup / ARCHIVE), **key))
    assert code == 0, log
    assert list(place.pipe.iterdir()) == []


@pytest.mark.parametrize("script", ['head -c 10 "$PIPE/archive"', ': > "$PIPE/failed"'], ids=["ends too early", "fails at once"])
def test_a_tool_that_does_not_read_to_the_end_fails_the_job(place: Place, script: str) -> None:
    place.put(DUMP)
    unseal = place.unseal()
    place.tool(script)
    code, log = ended(unseal)
    assert code == 1
    assert "handover_failed: " in log


def test_a_tool_that_never_reads_is_not_waited_for_without_end(place: Place) -> None:
    place.put(DUMP)
    code, log = ended(place.unseal(ARCHIVE, "--wait", "1"))
    assert code == 1
    assert "nobody read within 1 seconds" in log
