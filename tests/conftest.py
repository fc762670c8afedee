"""What holds for every test: logs are short and plain, so that a failing test shows what failed, and no 404 waits."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from datetime import timedelta

import pytest

from shared.http import even
from shared.process.logs import configure_logs

STREAM = sys.stderr
configure_logs(level="WARNING", stream=STREAM)
even.STEP = timedelta(0)  # tests of it name their own; those of processes run with the true one


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Search no garbage while thousands of tests are collected, and not among them while they run: a tenth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Log to the standard stream again after a command has logged to one of its own, which ends with it."""
    if hasattr(getattr(item, "module", None), "CliRunner"):
        configure_logs(level="WARNING", stream=STREAM)
