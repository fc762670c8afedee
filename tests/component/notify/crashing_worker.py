"""A worker in a process of its own, to be killed at a fail point: sends what is due in the store file, once, then ends."""

from __future__ import annotations

from pathlib import Path

from tests.component.notify.workbench import Bench, open_store


async def main(path: Path, port: int, minutes: float) -> None:
    """Send by the mail server on this port, with a clock that is ahead by ``minutes``."""
    store = await open_store(path)
    bench = Bench(store, smtp_host="127.0.0.1", smtp_port=port)
    bench.clock.turn(minutes=minutes)
    await bench.send()
    if minutes:
        # What it saw the first time it has now watched for as long.
        bench.clock.turn(minutes=minutes)
        await bench.send()
    await store.close()
