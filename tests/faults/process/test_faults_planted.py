"""The judge finds bugs in the history of real processes: one process of the run has each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.process.planted import PLANTED
from tests.faults.process.run import attack

SECONDS = 15.0

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("bug", PLANTED)
async def test_a_planted_bug_is_found_in_one_short_run(bug: str, tmp_path: Path) -> None:
    report = await attack(tmp_path / "run", seed=1, seconds=SECONDS, fewest=1, bug=bug)
    found = {name.split()[0] for name in report.names()}
    assert found & PLANTED[bug].shows, f"{report.text()}\nhistory and logs: {tmp_path}"
