"""Fixtures of the HTTP kit's tests."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from shared.process.logs import configure_logs
from tests.component.http.probe import Probe, open_probe


@pytest.fixture
async def probe() -> AsyncIterator[Probe]:
    found = await open_probe()
    yield found
    await found.store.close()


@pytest.fixture(autouse=True)
def lines() -> Iterator[io.StringIO]:
    """Configure the logs for one test and return what they write."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs("DEBUG", "Europe/Berlin", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
