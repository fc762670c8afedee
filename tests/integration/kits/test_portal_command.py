"""The command of the portal kit as a process: it ends as asked, and a kill -9 at any time loses and doubles nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.kits.catalog_topics import OFFERINGS, CatalogTopics
from tests.integration.kits.portal import digest, ids, states, until

pytestmark = pytest.mark.timeout(400)
COMMAND = Path(sys.executable).with_name("efa-portal")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def start(catalog: CatalogTopics, store: Path, *more: str) -> subprocess.Popen[str]:
    command = [str(COMMAND), "follow", "--bootstrap", catalog.bootstrap, "--store", str(store), "--portal", "portal-test", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(COMMAND), *arguments], capture_output=True, text=True, timeout=120, check=False)


async def test_once_ends_when_all_is_in_step_and_the_other_commands_agree(catalog: CatalogTopics, store: Path) -> None:
    for key in ("alpha", "beta"):
        await catalog.offer(key)
    await catalog.checkpoint()
    process = start(catalog, store, "--once")
    output, _ = await asyncio.to_thread(process.communicate, timeout=120)
    assert process.returncode == 0, output
    shown = await asyncio.to_thread(run, "status", "--store", str(store), "--json")
    assert shown.returncode == 0, shown.stdout
    found = next(topic for topic in json.loads(shown.stdout)["topics"] if topic["topic"] == OFFERINGS)
    assert (found["live"], found["sha256"]) == catalog.fold(OFFERINGS)
    assert (await asyncio.to_thread(run, "verify", "--store", str(store))).returncode == 0
    exported = await asyncio.to_thread(run, "export", "--store", str(store))
    assert [json.loads(line)["id"] for line in exported.stdout.splitlines()] == ["alpha", "beta"]


async def test_once_without_a_checkpoint_says_that_it_is_unverified(catalog: CatalogTopics, store: Path) -> None:
    await catalog.offer("alpha")
    process = start(catalog, store, "--once", "--timeout", "8")
    output, _ = await asyncio.to_thread(process.communicate, timeout=120)
    assert process.returncode == 5, output
    assert "not in step in time: unverified" in output
    assert ids(store) == ["alpha"]


async def test_a_topic_that_is_not_there_is_named_and_waited_for(catalog: CatalogTopics, store: Path) -> None:
    await catalog.delete(OFFERINGS)
    process = start(catalog, store, "--once", "--timeout", "4")
    output, _ = await asyncio.to_thread(process.communicate, timeout=180)
    assert process.returncode == 4, output
    assert "catalog.offering.v1 cannot be read: not there, or the portal has no right" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(catalog: CatalogTopics, store: Path, number: signal.Signals) -> None:
    await catalog.offer("alpha")
    process = start(catalog, store)
    await until(lambda: ids(store) == ["alpha"])
    process.send_signal(number)
    output, _ = await asyncio.to_thread(process.communicate, timeout=120)
    assert process.returncode == 0, output
    assert "Traceback" not in output


async def test_kill_9_at_any_time_loses_and_doubles_nothing(catalog: CatalogTopics, store: Path) -> None:
    for turn in range(5):
        process = start(catalog, store)
        for number in range(60):
            await catalog.offer(f"offer-{number % 20}", number=turn * 100 + number)
            if number % 9 == 0:
                await catalog.remove(f"offer-{number % 7}")
        await asyncio.sleep(0.4 * turn)
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.communicate, timeout=60)
    await catalog.checkpoint()
    process = start(catalog, store)
    try:
        await until(lambda: set(states(store).values()) == {"in-step"} and digest(store) == catalog.fold(OFFERINGS))
    finally:
        process.terminate()
        output, _ = await asyncio.to_thread(process.communicate, timeout=60)
    assert "differs" not in output
    assert (await asyncio.to_thread(run, "verify", "--store", str(store))).returncode == 0
