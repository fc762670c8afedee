"""The product as processes on a real broker keeps every invariant while its processes and the broker are killed and frozen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.checker.judge import Verdict
from tests.faults.process.run import attack

pytestmark = pytest.mark.timeout(900)


async def test_every_invariant_holds_under_kills_freezes_repeats_and_poison(tmp_path: Path) -> None:
    seed, seconds = int(os.environ.get("FAULTS_SEED", "1")), float(os.environ.get("FAULTS_SECONDS", "60"))
    report = await attack(tmp_path / "run", seed=seed, seconds=seconds)
    assert report.verdict is Verdict.VALID, f"{report.text()}\nhistory and logs: {tmp_path}"
