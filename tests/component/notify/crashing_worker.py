"""A worker in a process of its own, to be killed at a fail point: sends what is due in the store file, once, then ends.

Arguments: store file, port of the mail server, minutes that the clock is ahead.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.component.notify.workbench import Bench, open_store


async def main(path: Path, port: int, minutes: float) -> None:
    store = await open_store(path)
    bench = Bench(store, smtp_host="127.0.0.1", smtp_port=port)
    bench.clock.turn(minutes=minutes)
    await bench.send()
    if minutes:
        # What it saw the first time it has now watched for as long.
        bench.clock.turn(minutes=minutes)
        await bench.send()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
