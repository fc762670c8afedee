"""What holds for every test: logs are short and plain, so that a failing test shows what failed, and no 404 waits.

What is costly to start is started once: with ``--dist loadfile`` the files that share it go to one worker.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from datetime import timedelta

import pytest
from fastapi.dependencies import models
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from shared.http import even
from shared.process.logs import configure_logs
from tests.support import quick_routes

FOLDERS = "tests/integration/"
"""Each folder in here shares a broker or a running marketplace."""
MARKETPLACE = ("tests/e2e/test_e2e_flow.py", "tests/e2e/test_e2e_metrics.py")
"""What shares the running marketplace of the end-to-end tests."""
REMEMBERED = tuple(it for it in vars(models).values() if hasattr(it, "cache_clear"))
STREAM = sys.stderr
configure_logs(level="WARNING", stream=STREAM)
quick_routes.install()
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type] # httpx looks for it in every folder at every request
even.STEP = timedelta(0)  # tests of it name their own; those of processes run with the true one


class BySharedStart(LoadFileScheduling):  # type: ignore[misc]
    """Gives files to workers, those that share what is costly to start together: else each worker would start it."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if file in MARKETPLACE:
            return MARKETPLACE[0]
        return file.rpartition("/")[0] if file.startswith(FOLDERS) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> BySharedStart | None:
    """Distribute by what is shared where files would be kept together anyway."""
    return BySharedStart(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Search no garbage while thousands of tests are collected, not among them while they run, and rarely the whole heap."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(1000, 10, 100)
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Forget the application of the test; log to the standard stream again after a command has logged to one of its own.

    FastAPI remembers thousands of routes, each with the whole world of its test: gigabytes, searched for garbage all the time.
    """
    for it in REMEMBERED:
        it.cache_clear()
    if hasattr(getattr(item, "module", None), "CliRunner"):
        configure_logs(level="WARNING", stream=STREAM)
