"""The marketplace that ``marktplatz up`` keeps running, for what the pages and examples show."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Up:
    """A running marketplace: the address of its broker, and the environment in which ``marktplatz`` finds it."""

    kafka: str
    environment: dict[str, str]
    output: Path

    def printed(self) -> str:
        """Return what the command has printed."""
        return self.output.read_text(encoding="utf-8")

    def url(self, service: str) -> str:
        """Return the base URL of a service."""
        command = [str(Path(sys.executable).with_name("marktplatz")), "url", service]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    def order(self) -> subprocess.CompletedProcess[str]:
        """Run the example of the order to its end."""
        command = [str(ROOT / "examples/order.sh")]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=180, check=False)


def wait_for(condition: Callable[[], object], what: str, seconds: float = 150) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(what)
        time.sleep(0.2)
