"""Whoever restores a store, or rebuilds its topics, under a process that works on it ends that process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import APIRouter

from marktplatz.process import NO_BROKER
from marktplatz.showcase.site import Nobody
from shared.aggregate import epochs
from shared.process.runtime import Assignment, Runtime
from shared.process.service import Resources, Service
from shared.process.settings import ProcessSettings
from shared.store.sqlite.store import SqliteStore
from tests.support.counting import COUNTERS

pytestmark = pytest.mark.slow
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def counting(resources: Resources, settings: object = None) -> Service:
    del resources, settings
    return Service("counting", "Counting", (COUNTERS,), APIRouter(), publishes=False)


@contextlib.asynccontextmanager
async def running(var: Path) -> AsyncIterator[tuple[asyncio.Task[None], SqliteStore]]:
    """Yield a process that is ready, and its store as another process sees it."""
    plan = [Assignment("counting", "counting", counting, api=False, worker=True)]
    runtime = Runtime(ProcessSettings(var=var), NO_BROKER, Nobody(), plan)
    store = SqliteStore(var / "counting.db")
    async with asyncio.timeout(30):
        task = asyncio.create_task(runtime.run())
        while not runtime.health.checks.get("store_counting"):
            assert not task.done()
            await asyncio.sleep(0.05)
        try:
            yield task, store
        finally:
            runtime.stopping.set()
            await asyncio.wait([task])
            await store.close()


async def test_a_process_ends_when_its_store_is_restored_under_it(tmp_path: Path) -> None:
    async with running(tmp_path) as (task, store):
        await epochs.mark_restored(store, AT, AT)
        with pytest.raises(epochs.RebuildDueError, match="topics rebuild"):
            await task


async def test_a_process_ends_when_the_topics_are_rebuilt_under_it(tmp_path: Path) -> None:
    async with running(tmp_path) as (task, store):
        await epochs.begin_epoch(store, 9000)
        with pytest.raises(epochs.EpochEndedError, match="counts from 9000, this process from 0"):
            await task
