"""What holds for every test: logs are short and plain, so that a failing test shows what failed, and no 404 waits."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from datetime import timedelta

import pytest
from fastapi.dependencies import models

from shared.http import even
from shared.process.logs import configure_logs
from tests.support import quick_routes

REMEMBERED = tuple(it for it in vars(models).values() if hasattr(it, "cache_clear"))
STREAM = sys.stderr
configure_logs(level="WARNING", stream=STREAM)
quick_routes.install()
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type] # httpx looks for it in every folder at every request
even.STEP = timedelta(0)  # tests of it name their own; those of processes run with the true one


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
