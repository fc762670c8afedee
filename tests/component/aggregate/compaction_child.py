"""A relay in a process of its own, which a fail point kills: it hands over what it sends, line by line, and waits to go on."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shared.aggregate.outgoing import OutgoingEvent
from shared.store.opening import open_store
from tests.support.counting import Clock, counted, ledger_over


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class _Lines:
    """Says that it is about to send, waits for the answer, and then sends: one line of JSON for each event."""

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        _say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        for event in events:
            _say(json.dumps({**dataclasses.asdict(event), "time": event.time.isoformat()}))
        return [True] * len(events)


async def run_child(path: Path, point: str, at: datetime, meanwhile: Callable[[], Awaitable[object]]) -> list[OutgoingEvent]:
    """Run a relay at the time ``at``, do ``meanwhile`` before its events reach the topic, and return them. It is killed at ``point``."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.component.aggregate.compaction_child", str(path), at.isoformat()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "MARKTPLATZ_FAILPOINT": point},
    )
    assert child.stdout is not None
    assert (await child.stdout.readline()).strip() == b"ready"
    await meanwhile()
    output, _ = await child.communicate(b"go\n")
    assert child.returncode == -signal.SIGKILL
    return [_event(json.loads(line)) for line in output.splitlines()]


def _event(fields: dict[str, Any]) -> OutgoingEvent:
    return OutgoingEvent(**{**fields, "time": datetime.fromisoformat(fields["time"])})


async def _relay(path: str, at: datetime) -> None:
    clock = Clock()
    clock.time = at
    store = open_store(f"sqlite:///{path}")
    ledger = ledger_over(store, _Lines(), clock, restate=lambda counter: [counted(counter.id, counter.count)])
    await ledger.outbox.relay(timedelta(seconds=5))
    await store.close()


if __name__ == "__main__":
    asyncio.run(_relay(sys.argv[1], datetime.fromisoformat(sys.argv[2])))
