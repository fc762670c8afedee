"""The commands as a new user gives them: demo, up, topics, token."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
MARKTPLATZ = [sys.executable, "-m", "marktplatz"]

pytestmark = pytest.mark.timeout(400)


def processes_of(folder: Path) -> list[int]:
    """Return the processes that were started for a run with this data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                environment = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue
            if str(folder).encode() in environment + command and command:
                found.append(int(entry.name))
    return found


def wait_for(condition: object, what: str, seconds: float = 90) -> None:
    """Wait until ``condition()`` holds; fail with ``what`` after a generous time."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.2)
    pytest.fail(what)


def test_two_demos_side_by_side_both_hold_and_leave_nothing_running(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    runs = [
        subprocess.Popen(
            [*MARKTPLATZ, "demo"], cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(2)
    ]
    outputs = [run.communicate(timeout=300)[0] for run in runs]
    for run, output in zip(runs, outputs, strict=True):
        assert run.returncode == 0, output
        assert "ALLE PRÜFUNGEN BESTANDEN" in output
        assert "✘" not in output
    assert not processes_of(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_everything_that_up_has_started(tmp_path: Path) -> None:
    environment = {**os.environ, "MARKTPLATZ_VAR": str(tmp_path)}
    output = tmp_path / "output.txt"
    with output.open("w") as sink:
        run = subprocess.Popen([*MARKTPLATZ, "up"], cwd=PROJECT, env=environment, stdout=sink, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: "Ctrl-C ends everything" in output.read_text() or run.poll() is not None, "up did not come up")
        assert run.poll() is None, output.read_text()
        assert len(processes_of(tmp_path)) >= 4
        second = subprocess.run(
            [*MARKTPLATZ, "up", "--no-load"],
            cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 1
        assert "another run uses" in second.stdout
        run.send_signal(signal.SIGINT)
        run.wait(timeout=60)
    finally:
        run.kill()
    wait_for(lambda: not processes_of(tmp_path), f"still running: {processes_of(tmp_path)}", 15)
    where = subprocess.run(
        [*MARKTPLATZ, "url", "ordering"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert (where.returncode, where.stdout) == (1, "")


def test_killing_the_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    environment = {**os.environ, "MARKTPLATZ_VAR": str(tmp_path)}
    output = tmp_path / "output.txt"
    with output.open("w") as sink:
        run = subprocess.Popen(
            [*MARKTPLATZ, "up", "--no-load"], cwd=PROJECT, env=environment, stdout=sink, stderr=subprocess.STDOUT
        )
    wait_for(lambda: "Ctrl-C ends everything" in output.read_text() or run.poll() is not None, "up did not come up")
    assert run.poll() is None, output.read_text()
    run.kill()
    run.wait()
    wait_for(lambda: not processes_of(tmp_path), "children outlive the supervisor", 45)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "contracts", "worker"], "--channel"),
        (["run", "ordering", "api", "--channel", "fitko"], "--channel"),
        (["dlq", "show", "no.such.group", "0:0"], "not_found"),
        (["topics", "check"], "bus_unavailable"),
    ],
)
def test_a_command_that_cannot_work_says_why(arguments: list[str], says: str) -> None:
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"}
    done = subprocess.run(
        [*MARKTPLATZ, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_token_command_signs_with_the_run_s_own_key(tmp_path: Path) -> None:
    environment = {**os.environ, "MARKTPLATZ_VAR": str(tmp_path)}
    done = subprocess.run(
        [*MARKTPLATZ, "token", "--org", "fitko", "--name", "FITKO", "--role", "ANBIETER"],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip().count(".") == 2
    assert (tmp_path / "issuer" / "key.json").stat().st_mode & 0o077 == 0
