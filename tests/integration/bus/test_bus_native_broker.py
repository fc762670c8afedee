"""The native broker belongs to the process that started it and dies with it, however that ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from marktplatz.infrastructure.broker_process import answers
from marktplatz.infrastructure.kafka_native import NativeKafka
from tests.integration.bus.bus_fixture import until

ROOT = Path(__file__).resolve().parents[3]
OWNER = """
import pathlib, sys, time
from marktplatz.infrastructure.kafka_native import NativeKafka
broker = NativeKafka(pathlib.Path(sys.argv[1]))
broker.start()
print(broker.pid, broker.port, flush=True)
time.sleep(3600)
"""


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")


async def test_the_broker_answers_inside_the_block_keeps_its_port_and_is_gone_after_it(tmp_path: Path) -> None:
    broker = NativeKafka(tmp_path / "data")
    async with broker as bootstrap:
        pid = broker.pid
        assert bootstrap == f"127.0.0.1:{broker.port}"
        assert answers(broker.port)
    assert pid is not None
    assert not runs(pid)
    assert not answers(broker.port)
    async with broker as again:
        assert again == bootstrap


def test_a_broker_maps_the_classes_as_the_first_one_has_laid_them_out(tmp_path: Path) -> None:
    broker = NativeKafka(tmp_path / "data")
    with broker:
        (option,) = broker.classes()
        mapped = Path(f"/proc/{broker.pid}/maps").read_text(encoding="utf-8")
    assert option.partition("=")[2] in mapped


async def test_the_broker_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(tmp_path / "data"), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    pid, port = (int(word) for word in (await owner.stdout.readline()).split())
    assert answers(port)
    owner.send_signal(signal.SIGKILL)
    await owner.wait()
    await until(lambda: not runs(pid))
