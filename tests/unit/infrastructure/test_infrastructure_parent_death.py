"""A child that is tied to its parent ends with it, however the parent dies."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from marktplatz.infrastructure.parent_death import end_with_parent

PARENT = """
import subprocess, sys, time
from marktplatz.infrastructure.parent_death import end_with_parent
tied = subprocess.Popen(["sleep", "600"], preexec_fn=end_with_parent())
print(tied.pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and that nobody has buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux offers it")
def test_a_killed_parent_takes_its_child_along() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    end = time.monotonic() + 60
    while alive(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(child)


def test_elsewhere_than_on_linux_a_child_is_made_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert end_with_parent() is None
