"""What is done to the processes of a run. Each fault looks whether it has happened, and says so in the history."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaProducer

from marktplatz.children import Child
from marktplatz.demo.tap import Tap
from marktplatz.infrastructure.kafka_native import NativeKafka
from tests.faults.checker.history import Kind
from tests.faults.process.clients import Journal

PAUSE_SECONDS = 13.0
"""Longer than the session of a consumer."""
FAILPOINTS = (
    ("ordering", "store.save.after"),
    ("ordering", "bus.send.after"),
    ("contracts-govdigital", "store.insert.after"),
    ("contracts-govdigital", "bus.commit.before"),
    ("notify", "store.insert.after"),
    ("eligibility", "store.clean.before"),
)
POISONED = ("contracts.govdigital.request.v1", "contracts.contract.v1")
POISON_KEY = b"poison"


@dataclass
class Nemesis:
    """The faults of a run, drawn by its seed."""

    chance: random.Random
    children: dict[str, Child]
    broker: NativeKafka
    journal: Journal
    only: frozenset[str] | None = None
    """The faults that may happen; None: all."""
    points: Sequence[tuple[str, str]] = FAILPOINTS

    @property
    def faults(self) -> dict[str, Callable[[], Awaitable[tuple[str, bool]]]]:
        """The faults by name; each returns at whom it was aimed and whether it happened."""
        return {
            "sigkill": self.sigkill,
            "failpoint": self.failpoint,
            "poison": self.send_poison,
            "sigstop": self.sigstop,
            "broker kill": self.kill_broker,
            "repeat": self.repeat,
            "sigterm": self.sigterm,
            "broker freeze": self.freeze_broker,
        }

    async def run(self, seconds: float) -> None:
        """Let each fault happen once, then faults by chance until the time is over. What missed its aim is tried again."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        names = [name for name in self.faults if self.only is None or name in self.only]
        if not names:
            await asyncio.sleep(seconds)
            return
        first, spare = self.chance.sample(names, len(names)), 3
        while first or loop.time() < end:
            await asyncio.sleep(self.chance.uniform(0.5, 2.5))
            name = first.pop() if first else self.chance.choice(names)
            aim, fired = await self.faults[name]()
            self.journal.note("nemesis", Kind.FAULT, name, aim, fired=fired)
            if not fired and spare:
                spare -= 1
                first.insert(0, name)

    def _any(self) -> Child:
        return self.children[self.chance.choice(sorted(self.children))]

    async def _ended(self, child: Child, number: int, expected: int) -> bool:
        process = child.process
        assert process is not None
        child.restarted.clear()
        os.kill(process.pid, number)
        code = await asyncio.wait_for(process.wait(), 60)
        await asyncio.wait_for(child.restarted.wait(), 60)
        return code == expected

    async def sigkill(self) -> tuple[str, bool]:
        child = self._any()
        return child.name, await self._ended(child, signal.SIGKILL, -signal.SIGKILL)

    async def sigterm(self) -> tuple[str, bool]:
        child = self._any()
        return child.name, await self._ended(child, signal.SIGTERM, 0)

    async def failpoint(self) -> tuple[str, bool]:
        """Have a process die at a named point of its work; if it does not come there in time, it is not fired."""
        name, point = self.chance.choice(self.points)
        child = self.children[name]
        armed = {**child.environment, "MARKTPLATZ_FAILPOINT": f"{point}:{self.chance.randint(1, 3)}"}
        calm, child.environment = child.environment, armed
        await self._ended(child, signal.SIGKILL, -signal.SIGKILL)
        child.environment = calm
        process = child.process
        assert process is not None
        child.restarted.clear()
        try:
            fired = await asyncio.wait_for(process.wait(), 25) == -signal.SIGKILL
        except TimeoutError:
            await self._ended(child, signal.SIGKILL, -signal.SIGKILL)
            fired = False
        else:
            await asyncio.wait_for(child.restarted.wait(), 60)
        return f"{name} {point}", fired

    async def sigstop(self) -> tuple[str, bool]:
        child = self._any()
        pid = child.pid
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(0.2)
        stopped = await asyncio.to_thread(_state, pid) == "T"
        await asyncio.sleep(PAUSE_SECONDS)
        os.kill(pid, signal.SIGCONT)
        return child.name, stopped

    async def kill_broker(self) -> tuple[str, bool]:
        pid = self.broker.pid
        assert pid is not None
        self.broker.kill()
        gone = not await asyncio.to_thread(Path(f"/proc/{pid}").exists)
        await asyncio.sleep(self.chance.uniform(0, 2))
        await self.broker.__aenter__()
        return str(pid), gone

    async def freeze_broker(self) -> tuple[str, bool]:
        pid = self.broker.pid
        assert pid is not None
        os.killpg(pid, signal.SIGSTOP)
        await asyncio.sleep(0.2)
        stopped = await asyncio.to_thread(_state, pid) == "T"
        await asyncio.sleep(self.chance.uniform(4, 8))
        os.killpg(pid, signal.SIGCONT)
        return str(pid), stopped

    async def repeat(self) -> tuple[str, bool]:
        """Send records once more, byte for byte, in another order."""
        topic = self.chance.choice(("ordering.order.v1", "contracts.govdigital.request.v1", "contracts.contract.v1"))
        records = await Tap(self.broker.bootstrap).records(topic)
        chosen = self.chance.sample(records, min(20, len(records)))
        async with AIOKafkaProducer(bootstrap_servers=self.broker.bootstrap, acks="all") as producer:
            for record in chosen:
                await producer.send_and_wait(
                    topic, record.value, key=record.key, partition=record.partition, headers=list(record.headers)
                )
        return topic, bool(chosen)

    async def send_poison(self) -> tuple[str, bool]:
        topic = self.chance.choice(POISONED)
        value = self.chance.randbytes(40)
        async with AIOKafkaProducer(bootstrap_servers=self.broker.bootstrap, acks="all") as producer:
            sent = await producer.send_and_wait(topic, value, key=POISON_KEY)
        return f"{topic} {sent.partition} {sent.offset}", True


def digest(key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes | None], ...]) -> str:
    """Return a digest of all bytes of a record."""
    return hashlib.sha256(repr((key, value, headers)).encode()).hexdigest()[:16]


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
